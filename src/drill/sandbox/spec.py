"""What a kept process is: a command line in a zone, and the check that it works."""

from __future__ import annotations

from dataclasses import dataclass

from drill.sandbox.checks import Check


@dataclass(frozen=True, slots=True)
class Spec:
    """One process. `again`: its command line from the second start on, where that is another."""

    name: str
    zone: str
    argv: tuple[str, ...]
    check: Check
    again: tuple[str, ...] = ()
