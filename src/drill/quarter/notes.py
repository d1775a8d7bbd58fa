"""What people add to a quarter: findings they took on, who took part, who approved, what was done by hand.

No machine writes this and nothing here changes a verdict. A finding is never closed by a word in a file:
it is closed by a retest that passed, or carried as a risk that somebody accepted, by name and until a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Somebody carries the risk instead of mending it, until a day."""

    by: str
    until: date
    reason: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A finding that somebody owns.

    Attributes:
        changed: what became of the plan or the runbook, and where that is written.
        retest: the run that is to show it mended; "" while there is none.
    """

    id: str
    title: str
    drill: str
    run: str
    objectives: tuple[str, ...]
    severity: str
    owner: str
    due: date
    cause: str
    action: str
    changed: str
    retest: str
    accepted: Acceptance | None
    line: int


@dataclass(frozen=True, slots=True)
class Person:
    """Who took part, and as what."""

    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Approval:
    """Who allowed what, when, and where that is written."""

    what: str
    by: str
    on: date
    reference: str


@dataclass(frozen=True, slots=True)
class Remark:
    """Something done by hand in a run, or a deviation from what was planned, and why."""

    run: str
    kind: str
    what: str
    by: str
    line: int


@dataclass(frozen=True, slots=True)
class Notes:
    """All of it; empty where people added nothing."""

    file: str = ""
    findings: tuple[Taken, ...] = ()
    participants: tuple[Person, ...] = ()
    approvals: tuple[Approval, ...] = ()
    remarks: tuple[Remark, ...] = ()
