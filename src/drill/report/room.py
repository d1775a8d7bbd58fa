"""Room after the loss: what was offered to how many places, how many should be and were refused."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from drill.model.plan import Plan
from drill.objectives.capacity import blocked, offered
from drill.objectives.say import percent, zones
from drill.objectives.zone_loss import losses
from drill.report.values import Cell, Row, Section
from drill.report.words import NOTHING
from drill.timeline import Timeline

_HEADS = ("What", "How much", "Of what")
_ASIDE = (
    "An erlang is one call up all the time. Erlang B tells how many of so many callers find every place "
    "taken by chance alone."
)
_REFUSED = {
    "capacity.blocked": "Refused while the zone was away",
    "capacity.expected": "Refused after the edge had noticed",
}
Line = tuple[Cell, ...]


def section(plan: Plan, timeline: Timeline, verdicts: Sequence[Row]) -> tuple[Section, ...]:
    """The section of a drill that judges capacity; nothing for others."""
    if plan.objectives.capacity is None:
        return ()
    lost = {loss.zone for loss in losses(timeline)}
    left = [zone for zone in plan.zones if zone not in lost]
    erlangs = _offered(plan, timeline)
    asked = (Cell("Offered"), Cell(f"{fmean(erlangs):.0f} erlangs"), Cell("calls at once, as planned"))
    rooms = (_room("Room before the loss", plan.zones, plan), _room("Room after the loss", left, plan))
    rows = (asked, *(rooms if lost else rooms[:1]), _chance(plan, left, erlangs), *map(_refused, verdicts))
    return (Section("capacity", "Capacity", tuple(verdicts), _HEADS, rows, _ASIDE),)


def _places(plan: Plan, names: Sequence[str]) -> int | None:
    """None when one of the zones does not tell."""
    rooms = dict(zip(plan.zones, plan.capacities, strict=False))
    told = [rooms.get(zone, 0) for zone in names]
    return sum(told) if all(told) and told else None


def _room(words: str, names: Sequence[str], plan: Plan) -> Line:
    places = _places(plan, names)
    where = zones(names) if names else "no zone"
    return (
        Cell(words),
        Cell("not told by the target" if places is None else f"{places} places"),
        Cell(where),
    )


def _offered(plan: Plan, timeline: Timeline) -> Sequence[float]:
    """When calls were tried in the fault; the plan's number where none were."""
    fault = timeline.fault
    tried = [c for c in timeline.calls if fault is not None and fault.holds(c.start_s)]
    return offered(plan, timeline, tried) or (float(plan.load.concurrency),)


def _chance(plan: Plan, left: Sequence[str], erlangs: Sequence[float]) -> Line:
    places = _places(plan, left)
    chance = NOTHING if places is None else percent(blocked(erlangs, places))
    return (Cell("Refused by chance, expected"), Cell(chance), Cell("Erlang B, in the zones that are left"))


def _refused(verdict: Row) -> Line:
    """What a verdict measured, and its limit."""
    limit = f"limit {verdict.limit}" if verdict.limit else NOTHING
    what = _REFUSED.get(verdict.objective, verdict.name)
    return (Cell(what), Cell(verdict.measured or "not known"), Cell(limit))
