"""A control of a framework, and the one thing that a drill can say of it.

A drill is a test of what happens when something fails. It is evidence that a recovery was tried and how it
came out; it is never evidence that a policy was written, that people were trained or that a risk was weighed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Control:
    """One requirement, as the catalogue tells it.

    Attributes:
        id: as drills name it, such as `SOC2 A1.3`.
        framework: whose it is, in full, with the edition.
        title: the requirement's own name, or ours where it has none.
        source: the section of the document where it stands.
        claim: what a passed drill supports, and nothing beyond it.
        beyond: what an auditor needs besides, and no drill can show.
        supported_by: groups of objectives that can prove or refute the claim.
        check: what has to be looked up in the source before it is quoted; "" when nothing is in doubt.
        token: the id as OSCAL writes it.
    """

    id: str
    framework: str
    title: str
    source: str
    claim: str
    beyond: str
    supported_by: tuple[str, ...]
    check: str
    token: str
