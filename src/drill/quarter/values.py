"""What a quarter's report says, as values: ready for a reader, and not yet for any page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from drill.model.verdicts import Status
from drill.quarter.calendar import Due, Quarter
from drill.quarter.compare import Change, Compared
from drill.quarter.conclusions import Concluded, Conclusion
from drill.quarter.deviations import Deviation
from drill.quarter.findings import Finding
from drill.quarter.notes import Notes, Person
from drill.quarter.people import Approved
from drill.quarter.trial import Trial
from drill.report.values import Figure

SUMMARY_DRILLS = 5  # as many rows as leave the summary one page, however bad things are


@dataclass(frozen=True, slots=True)
class Planned:
    """What a drill's file says today; empty texts where there is no file and only runs tell of the drill."""

    drill: str
    title: str
    owner: str
    severity: str
    risk: str
    runbook: str
    schedule: str
    controls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one run found of one promise."""

    trial: Trial
    status: Status
    measured: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Promise:
    """One objective of a drill: the limit that its last run was held to, and what each run found."""

    objective: str
    group: str
    name: str
    limit: str
    seen: tuple[Seen | None, ...]


@dataclass(frozen=True, slots=True)
class TrendRow:
    """One number over the quarter, and against the quarter before."""

    metric: str
    limit: str
    runs: str
    mean: str
    change: Change | None


@dataclass(frozen=True, slots=True)
class DrillPart:
    """One drill in the quarter.

    Attributes:
        status: where it stands; None when it never ran.
        decisive: the run that decides; see `conclusions.standing`.
        shown: the runs whose columns stand in the table of promises; the latest of them when there are many.
    """

    planned: Planned
    status: Status | None
    sentence: str
    decisive: Trial | None
    due: Due
    trials: tuple[Trial, ...]
    shown: tuple[Trial, ...]
    promises: tuple[Promise, ...]
    trend: str
    trend_rows: tuple[TrendRow, ...]
    open_findings: int

    @property
    def anchor(self) -> str:
        """Where it stands on the page."""
        return f"drill-{self.planned.drill}"

    @property
    def word(self) -> str:
        """Its status in words; a drill that never ran is not tested."""
        return "NOT TESTED" if self.status is None else self.status.name


@dataclass(frozen=True, slots=True)
class QuarterView:
    """The whole report of a quarter."""

    quarter: Quarter
    as_of: date
    status: Status
    sentence: str
    figures: tuple[Figure, ...]
    provenance: tuple[str, ...]
    population: str
    drills: tuple[DrillPart, ...]
    controls: tuple[Concluded, ...]
    findings: tuple[Finding, ...]
    deviations: tuple[Deviation, ...]
    trials: tuple[Trial, ...]
    compared: tuple[Compared, ...]
    approvals: tuple[Approved, ...]
    participants: tuple[Person, ...]
    notes: Notes
    command: str

    @property
    def ranked(self) -> tuple[DrillPart, ...]:
        """The drills by what a reader has to know first: the worst, those not tested, those that are late."""
        return tuple(sorted(self.drills, key=lambda d: (-_worry(d), d.planned.drill)))

    @property
    def foremost(self) -> tuple[DrillPart, ...]:
        """Those of which the summary tells."""
        return self.ranked[:SUMMARY_DRILLS]

    @property
    def others(self) -> tuple[DrillPart, ...]:
        """Those that it only names."""
        return self.ranked[SUMMARY_DRILLS:]

    @property
    def open_findings(self) -> tuple[Finding, ...]:
        """Those with something still to do, or to bear."""
        return tuple(f for f in self.findings if f.is_open)

    @property
    def named(self) -> tuple[Concluded, ...]:
        """Controls that some drill names."""
        return tuple(c for c in self.controls if c.drills)

    @property
    def unnamed(self) -> tuple[Concluded, ...]:
        """Controls of the catalogue that no drill names."""
        return tuple(c for c in self.controls if not c.drills)

    def concluded(self, conclusion: Conclusion) -> int:
        """How many controls that a drill names came out so."""
        return sum(c.conclusion is conclusion for c in self.named)


def _worry(part: DrillPart) -> float:
    """Half a step above PASS: a drill that stands there, and was not held as often as it was due."""
    status = Status.UNKNOWN if part.status is None else part.status
    return status + (0.5 if part.due.missed else 0.0)


def frameworks(controls: Sequence[Concluded]) -> tuple[tuple[str, tuple[Concluded, ...]], ...]:
    """Controls by the document that they stand in, in the catalogue's order."""
    names = dict.fromkeys(c.control.framework for c in controls)
    return tuple((name, tuple(c for c in controls if c.control.framework == name)) for name in names)
