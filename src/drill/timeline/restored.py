"""A restore as its stream tells it: in the order of its meaning, times in seconds of the run."""

from __future__ import annotations

from dataclasses import dataclass

from drill.model.restore_events import (
    ControlRun,
    PointChosen,
    PointSeen,
    PopulationListed,
    ProofChecked,
    RestoreBegun,
    RestoredTurn,
    RestoreEnded,
    RestoreFailed,
    RestorePhase,
    TurnsRestored,
)
from drill.timeline.probed import Stored
from drill.timeline.sorted_events import Sorted

PHASES = ("fetched", "replayed", "connected", "verified", "served")


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment of a restore: what, when, and the event that says so."""

    name: str
    t_s: float
    detail: str
    id: str


@dataclass(frozen=True, slots=True)
class Listing:
    """One listing of a region: what was asked, and every point that it showed."""

    asked: PopulationListed
    points: tuple[PointSeen, ...]
    id: str


@dataclass(frozen=True, slots=True)
class Restored:
    """One restore.

    Attributes:
        begun_s: where its clock starts.
        moment_s: the moment to which all should come back.
        listings: before and after it, of the region that it restores from.
        read: whether the copy's turns were read; None when nobody came so far.
        checks, controls: with the ids of their events.
        ended: the id of its end, "" without one.
    """

    begun: RestoreBegun
    begun_s: float
    moment_s: float
    id: str
    chosen: tuple[PointChosen, str] | None
    listings: tuple[Listing, ...]
    marks: tuple[Mark, ...]
    failures: tuple[tuple[RestoreFailed, str], ...]
    turns: tuple[Stored, ...]
    read: tuple[TurnsRestored, str] | None
    checks: tuple[tuple[ProofChecked, str], ...]
    controls: tuple[tuple[ControlRun, str], ...]
    ended: str

    def mark(self, name: str) -> Mark | None:
        """When a phase was over; None when it never was."""
        return next((mark for mark in self.marks if mark.name == name), None)

    def listing(self, when: str) -> Listing | None:
        """The listing `before` or `after`."""
        return next((each for each in self.listings if each.asked.listing == when), None)

    def check(self, name: str) -> tuple[ProofChecked, str] | None:
        """What a proof said, with the event that tells it."""
        return next((each for each in self.checks if each[0].name == name), None)


def restored(events: Sorted) -> Restored | None:
    """The run's restore; None when none began. A second one would be somebody else's: the first counts."""
    begun = events.of(RestoreBegun)
    if not begun:
        return None
    recorded, first = begun[0]
    seen = events.of(PointSeen)
    return Restored(
        begun=first,
        begun_s=events.at(recorded),
        moment_s=(first.moment_ns - events.start_ns) / 1e9,
        id=recorded.id,
        chosen=next(((e, r.id) for r, e in events.of(PointChosen)), None),
        listings=tuple(
            Listing(e, tuple(p for _, p in seen if (p.region, p.listing) == (e.region, e.listing)), r.id)
            for r, e in events.of(PopulationListed)
        ),
        marks=tuple(Mark(e.phase, events.at(r), e.detail, r.id) for r, e in events.of(RestorePhase)),
        failures=tuple((e, r.id) for r, e in events.of(RestoreFailed)),
        turns=tuple(
            Stored(e.turn_id, e.call, e.seq, e.digest, r.id, e.position) for r, e in events.of(RestoredTurn)
        ),
        read=next(((e, r.id) for r, e in events.of(TurnsRestored)), None),
        checks=tuple((e, r.id) for r, e in events.of(ProofChecked)),
        controls=tuple((e, r.id) for r, e in events.of(ControlRun)),
        ended=next((r.id for r, _ in events.of(RestoreEnded)), ""),
    )
