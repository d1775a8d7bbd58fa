"""What a proof of a restore says: checks of the copy, and controls that show the checks can go red.

A check that looked at nothing proves nothing: PASS without anything covered cannot be built. A control is
a check run on a copy that was damaged on purpose; one that stays green there (*missed*), or whose damage
could not be planted (*void*), leaves the whole proof without worth.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from drill.model.verdicts import Status

FINDINGS_MAX = 12


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much was looked at, of how much there is; `unit` in the plural (`rows`, `segments`)."""

    covered: int
    total: int
    unit: str

    @property
    def ratio(self) -> float:
        """Share covered; 0 where there is nothing to cover."""
        return self.covered / self.total if self.total > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Check:
    """One question to a restored copy, a backup or an archive, and its answer.

    Attributes:
        name: dotted and unique within a proof, such as `rows.equal`; see docs/restore-proofs.md.
        status: PASS only when everything was covered and nothing found.
        coverage: how much was looked at.
        detail: one plain sentence with the numbers in it.
        measured: the value found, with its unit ("" when there is none).
        limit: what it was held against, with its unit ("" when there is none).
        way: how it was looked at, where there is more than one way (`amcheck`, `forced scans`).
        findings: what was wrong and where, at most FINDINGS_MAX, most telling first.
        took_s: what it cost.
    """

    name: str
    status: Status
    coverage: Coverage
    detail: str
    measured: str = ""
    limit: str = ""
    way: str = ""
    findings: tuple[str, ...] = ()
    took_s: float = 0.0

    def __post_init__(self) -> None:
        """A vacuous PASS is a mistake of whoever builds it."""
        if self.status is Status.PASS and (self.coverage.covered <= 0 or self.coverage.ratio < 1):
            raise ValueError(f"{self.name}: PASS with {self.coverage} covered")


def concluded(
    name: str,
    coverage: Coverage,
    detail: str,
    wrong: Sequence[str] = (),
    *,
    measured: str = "",
    limit: str = "",
    way: str = "",
) -> Check:
    """FAIL when anything is wrong; else UNKNOWN when nothing, or not all, was covered; else PASS."""
    if wrong:
        status = Status.FAIL
    elif coverage.covered <= 0 or coverage.ratio < 1:
        status = Status.UNKNOWN
        detail = f"{detail} Only {coverage.covered} of {coverage.total} {coverage.unit} were covered."
    else:
        status = Status.PASS
    return Check(name, status, coverage, detail, measured, limit, way, tuple(wrong[:FINDINGS_MAX]))


def undecided(name: str, unit: str, why: str) -> Check:
    """A check that could not be made: UNKNOWN, nothing covered."""
    return Check(name, Status.UNKNOWN, Coverage(0, 0, unit), why)


class Outcome(StrEnum):
    """What came of a control."""

    CAUGHT = "caught"
    MISSED = "missed"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Control:
    """One planted damage.

    Attributes:
        damage: its name, such as `heap-bit-flip`.
        expects: the check that has to go red.
        outcome: caught, missed, or void when it could not be planted or not be judged.
        detail: what was planted where, and what the check said of it; why, when void.
        ran: the checks that were run on the damaged copy: a row of the matrix.
        red: those of them that failed.
        took_s: what it cost, copy included.
    """

    damage: str
    expects: str
    outcome: Outcome
    detail: str
    ran: tuple[str, ...] = ()
    red: tuple[str, ...] = ()
    took_s: float = 0.0


def judged_control(damage: str, expects: str, planted: str, checks: Iterable[Check]) -> Control:
    """CAUGHT when the expected check failed, MISSED when it passed, VOID when it did neither or never ran."""
    ran = tuple(checks)
    mine = next((check for check in ran if check.name == expects), None)
    if mine is None:
        outcome, said = Outcome.VOID, f"{expects} was not run"
    else:
        outcomes = {Status.FAIL: Outcome.CAUGHT, Status.PASS: Outcome.MISSED}
        outcome, said = outcomes.get(mine.status, Outcome.VOID), f"{expects}: {mine.detail}"
    return Control(
        damage, expects, outcome, f"{planted}; {said}",
        ran=tuple(check.name for check in ran),
        red=tuple(check.name for check in ran if check.status is Status.FAIL),
    )  # fmt: skip
