"""The timeline: a run in the order of its meaning."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, TypeVarTuple, cast

from drill.model.events import StoredTurn
from drill.timeline.hearing import Heard
from drill.timeline.probed import (
    BreakerPath,
    DoorPoint,
    EdgePoint,
    HealthPoint,
    LoadPoint,
    MemberPoint,
    ReadBack,
    Record,
    RequestPath,
    ServicePoint,
    Stored,
    WitnessPoint,
)
from drill.timeline.restored import Restored
from drill.timeline.sorted_events import Made
from drill.timeline.values import (
    Anchor,
    Away,
    Breach,
    Call,
    Child,
    Drawn,
    FaultWindow,
    Gap,
    Guard,
    Note,
    Phase,
    Span,
    Start,
    Step,
    Turn,
)

V = TypeVar("V")
Ts = TypeVarTuple("Ts")


@dataclass(frozen=True, slots=True)
class Timeline:
    """A run in the order of its meaning. See the package for how it is made.

    Attributes:
        start_ns: the zero of all times, on the host's monotonic clock.
        start_utc_ns: the same moment in UTC; 0 when no clock anchor was written.
        t0_s: when the first fault was applied; the start of the run when none was.
        end_s: time of the last event.
        evidence: from the baseline until callers could no longer be asked (unwind, cut calls, or the
            end of the load's own stream, whichever came first).
        turn_slo_s: the SLO the breaches were counted with.
        ended_twice: ends of turns that have another end.
        refused: faults that were refused before anything was touched: there is no window of them.
    """

    start_ns: int
    start_utc_ns: int
    t0_s: float
    end_s: float
    evidence: Span
    turn_slo_s: float
    starts: tuple[Start, ...]
    phases: tuple[Phase, ...]
    faults: tuple[FaultWindow, ...]
    calls: tuple[Call, ...]
    turns: tuple[Turn, ...]
    breaches: tuple[Breach, ...]
    steps: tuple[Step, ...]
    breakers: tuple[BreakerPath, ...]
    requests: tuple[RequestPath, ...]
    witness: tuple[WitnessPoint, ...]
    health: tuple[HealthPoint, ...]
    load: tuple[LoadPoint, ...]
    records: Sequence[Record]
    stored: Made[StoredTurn, Stored]
    readbacks: tuple[ReadBack, ...]
    guards: tuple[Guard, ...]
    children: tuple[Child, ...]
    gaps: tuple[Gap, ...]
    anchors: tuple[Anchor, ...]
    aborts: tuple[Note, ...]
    ended: tuple[Note, ...]
    experiments: tuple[Note, ...]
    away: tuple[Away, ...] = ()
    doors: tuple[DoorPoint, ...] = ()
    edges: tuple[EdgePoint, ...] = ()
    members: tuple[MemberPoint, ...] = ()
    services: tuple[ServicePoint, ...] = ()
    heard: tuple[Heard, ...] = ()
    restored: Restored | None = None
    ended_twice: tuple[str, ...] = ()
    drawn: tuple[Drawn, ...] = ()
    leases: tuple[Note, ...] = ()
    refused: tuple[Note, ...] = ()
    _known: dict[object, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, find: Callable[[Timeline, *Ts], V], *told: *Ts) -> V:
        """What a pure function finds in this timeline, kept for whoever asks again: the judge and the report
        ask the same questions of a million turns."""
        if (find, told) not in self._known:
            self._known[find, told] = find(self, *told)
        return cast("V", self._known[find, told])

    @property
    def applied_s(self) -> float | None:
        """When the first fault was applied."""
        return min((f.applied_s for f in self.faults if f.applied_s is not None), default=None)

    @property
    def reverted_s(self) -> float | None:
        """When the last applied fault was reverted; None while one of them was not."""
        ends = [f.reverted_s for f in self.faults if f.applied_s is not None]
        return max((e for e in ends if e is not None), default=None) if None not in ends else None

    @property
    def fault(self) -> Span | None:
        """While faults were on and callers could still be asked."""
        if self.applied_s is None:
            return None
        ended_s = self.evidence.end_s if self.reverted_s is None else self.reverted_s
        return Span(self.applied_s, max(self.applied_s, min(ended_s, self.evidence.end_s)))

    @property
    def baseline(self) -> Span | None:
        """From the baseline phase's start until the platform was first touched."""
        start = next((p.start_s for p in self.phases if p.name == "baseline"), None)
        if start is None:
            return None
        touched = min((f.requested_s for f in self.faults), default=math.inf)
        later = [p.start_s for p in self.phases if p.name in ("fault", "recovery", "unwind")]
        return Span(start, min(touched, *later, self.evidence.end_s))

    def breaker(self, zone: str) -> BreakerPath:
        """One zone's breaker; an empty path when it never spoke."""
        return next((b for b in self.breakers if b.zone == zone), BreakerPath(zone, (), (), counted=False))

    def request_path(self, zone: str) -> RequestPath:
        """One zone's request counter; an empty path when it never spoke."""
        return next((r for r in self.requests if r.zone == zone), RequestPath(zone, ()))

    def outstanding(self) -> tuple[FaultWindow, ...]:
        """Faults that were, or may have been, applied and were not reverted; the last one first."""
        return tuple(f for f in reversed(self.faults) if f.reverted_s is None)

    def silent(self, source: str, zone: str, span: Span) -> bool:
        """Whether a source of a zone was silent for too long anywhere within a span."""
        return any(
            gap.source == source
            and gap.zone == zone
            and gap.start_s < span.end_s
            and gap.end_s > span.start_s
            for gap in self.gaps
        )

    def silence_s(self, source: str, zone: str, span: Span) -> float:
        """For how many seconds of a span a source of a zone was silent, short pauses not counted."""
        return sum(
            Span(max(gap.start_s, span.start_s), min(gap.end_s, span.end_s)).length_s
            for gap in self.gaps
            if gap.source == source and gap.zone == zone
        )
