"""The phases of a recovery, each a time with its source: what a report draws above its lanes.

    fault ─ first breach ─ detected ─ new primary ─ first good turn ─ sustained ─ zone back ─ redundancy

The first good turn is the first that was answered and acknowledged once the new primary led (or, where the
old one stayed, once callers had begun to suffer): somebody was served again, however long they had waited.
Nothing is judged here: a phase that nobody saw has no time.
"""

from __future__ import annotations

from dataclasses import dataclass

from drill.model.plan import Plan
from drill.objectives.recovery import measure
from drill.objectives.writes import ACKNOWLEDGED
from drill.objectives.zone_loss import Loss, losses, new_primary, put_out, taken_back, whole_again
from drill.timeline import Timeline, Turn


@dataclass(frozen=True, slots=True)
class PhaseMark:
    """One phase: `t_s` seconds after the fault was applied (None: not seen), `source` who tells it in
    plain words, `id` the event that proves it ("" without one)."""

    name: str
    t_s: float | None
    source: str
    id: str


NAMES = (
    "fault", "first breach", "detected", "new primary", "first good turn", "sustained", "zone back",
    "redundancy restored",
)  # fmt: skip
_Found = tuple[float, str] | None


def phases(plan: Plan, timeline: Timeline) -> tuple[PhaseMark, ...]:
    """All of NAMES in that order, whatever was seen; without an applied fault none has a time.

    Times count from the loss of the zone where one was lost: a replication that was stalled before does
    not start the clock, though it is judged from there.
    """
    lost = losses(timeline)
    applied_s = lost[0].applied_s if lost else timeline.applied_s
    if applied_s is None:
        return tuple(PhaseMark(name, None, "", "") for name in NAMES)
    breach = _first_breach(timeline, applied_s)
    led = new_primary(timeline, lost[0]) if lost else None
    edge, members, turns = "the edge", "the store's members", "callers"
    marks: tuple[tuple[_Found, str], ...] = (
        ((applied_s, _fault_id(timeline, applied_s)), "the fault's own read-back"),
        (breach, turns),
        _detected(timeline, lost, edge),
        (led, members),
        (_first_good(timeline, max(filter(None, (breach, led)), default=None)), turns),
        (_sustained(plan, timeline), turns),
        (taken_back(timeline, lost[0]) if lost else None, edge),
        (_whole(plan, timeline, lost), members),
    )
    return tuple(
        _mark(name, found, source, applied_s) for name, (found, source) in zip(NAMES, marks, strict=True)
    )


def _mark(name: str, found: _Found, source: str, applied_s: float) -> PhaseMark:
    if found is None:
        return PhaseMark(name, None, source, "")
    return PhaseMark(name, max(0.0, found[0] - applied_s), source, found[1])


def _fault_id(timeline: Timeline, applied_s: float) -> str:
    return next((f.ids[1] for f in timeline.faults if f.applied_s == applied_s and len(f.ids) > 1), "")


def _first_breach(timeline: Timeline, applied_s: float) -> _Found:
    """The first caller who waited too long, or was cut off or refused: in breach at the fault or after."""
    end_s = timeline.evidence.end_s
    hurt = [(b.start_s, b.turn) for b in timeline.breaches if b.end_s > applied_s and b.start_s < end_s]
    hurt += [(a.start_s, a.id) for a in timeline.away if a.end_s > applied_s and a.start_s < end_s]
    return min(hurt, default=None)


def _detected(timeline: Timeline, lost: tuple[Loss, ...], edge: str) -> tuple[_Found, str]:
    point = put_out(timeline, lost[0]) if lost else None
    if point is None:
        return None, edge
    how = "outlier detection" if point.ejected else "health check"
    return (point.t_s, point.id), f"{edge}'s {how}"


def _first_good(timeline: Timeline, since: _Found) -> _Found:
    after = [t for t in timeline.turns if since and t.until_s >= since[0] and _good(t)]
    return min(((t.until_s, t.id) for t in after), default=None)


def _good(turn: Turn) -> bool:
    return turn.answered and turn.outcome in ACKNOWLEDGED and turn.ledger == "ok"


def _sustained(plan: Plan, timeline: Timeline) -> _Found:
    """The callers' recovery mark; no event of its own proves the start of a window."""
    limits = plan.objectives.recovery
    found = measure(timeline, limits) if limits else None
    if found is None or not found.sustained or timeline.applied_s is None:
        return None
    return timeline.applied_s + found.recovered_s, ""


def _whole(plan: Plan, timeline: Timeline, lost: tuple[Loss, ...]) -> _Found:
    if not lost or lost[0].reverted_s is None:
        return None
    return whole_again(timeline, plan.members, lost[0].reverted_s)
