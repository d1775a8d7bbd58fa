"""Lanes of a zone drill: what the edge made of each zone, its door, and its copy of the store.

Drawn like breakers: a sample holds until the next one, and a silence is drawn as not known. What
nobody ever asked is one silence as long as the picture, so that a missing probe never looks calm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from drill.definition.stages import SEEN_SLOW_MS, STAGES
from drill.model.plan import Plan
from drill.report import subject
from drill.report.picture import Band, Row, RowLane
from drill.report.states import runs, unknown
from drill.timeline import DoorPoint, EdgePoint, MemberPoint, Span, Timeline

Sample = tuple[float, str]
ROW = 18
_EDGE = {"in": "calm"}
_DOOR = {"ok": "calm"}
_MEMBER = {"primary": "lead", "in sync": "calm", "streaming": "thin", "no answer": "unknown"}
_WAYS = {
    "direct": ("Zone doors", "the drill's own requests to each zone itself: line ok, block not"),
    "link": ("Zone doors by wire", "the drill's own requests through the callers' wire: line ok, block not"),
    **{
        stage: (f"Links to {stage}", "the drill's own requests through each zone's link: line ok, block not")
        for stage in STAGES
    },
    "wal": ("Replication wires", "the drill's own requests through each zone's wire: line ok, block not"),
}
_MEMBERS_NOTE = "block primary, line in sync, dotted following, hatched not, dashed no answer"


def edge_lane(plan: Plan, timeline: Timeline, window: Span) -> RowLane:
    """One row for each zone, also for one that the edge was never asked about."""
    said = _by_zone(plan.zones, ((p.zone, p.t_s, _edge(p)) for p in timeline.edges))
    rows = tuple(_row(zone, "edge", said[zone], timeline, window, _EDGE, "block") for zone in said)
    return RowLane("Zones, as the edge sees them", "line takes new calls, block does not", ROW, rows)


def _edge(point: EdgePoint) -> str:
    if point.ejected:
        return "ejected"
    return "in" if point.healthy else "out"


def door_lanes(plan: Plan, timeline: Timeline, window: Span) -> tuple[RowLane, ...]:
    """A lane for each way on which a fault shows: the witness of zone drills."""
    return tuple(_door_lane(way, plan, timeline, window) for way in subject.ways(timeline))


def _door_lane(way: str, plan: Plan, timeline: Timeline, window: Span) -> RowLane:
    said = _by_zone(plan.zones, ((p.zone, p.t_s, _door(p)) for p in timeline.doors if p.way == way))
    rows = tuple(_row(zone, f"door.{way}", said[zone], timeline, window, _DOOR, "block") for zone in said)
    title, note = _WAYS.get(way, (f"Doors ({way})", "line ok, block not"))
    return RowLane(title, note, ROW, rows)


def _door(point: DoorPoint) -> str:
    """What came of a request; an answer of speech or of a model may be good and of no use."""
    slow = point.way in STAGES and (point.answered_s - point.t_s) * 1000 >= SEEN_SLOW_MS
    return "slow" if slow and point.outcome == "ok" else point.outcome


def member_lane(plan: Plan, timeline: Timeline, window: Span) -> RowLane:
    """One row for each store member, by its zone."""
    said = _by_zone(plan.members, ((p.zone, p.t_s, _member(p)) for p in timeline.members))
    rows = tuple(_row(zone, "member", said[zone], timeline, window, _MEMBER, "trial") for zone in said)
    return RowLane("Store members", _MEMBERS_NOTE, ROW, rows)


def _member(point: MemberPoint) -> str:
    """A member in one word; one that answers and has no role says what state it is in."""
    if not point.ok:
        return "no answer"
    if point.role == "replica":
        if point.sync:
            return "in sync"
        return "streaming" if point.streaming else "not streaming"
    return "primary" if point.role == "primary" else (point.state or "no role")


def _by_zone(planned: Sequence[str], samples: Iterable[tuple[str, float, str]]) -> dict[str, list[Sample]]:
    """Samples of each zone, the planned zones first, each also when it never spoke."""
    found: dict[str, list[Sample]] = {zone: [] for zone in planned}
    for zone, t_s, state in sorted(samples):
        found.setdefault(zone, []).append((t_s, state))
    return found


def _row(
    zone: str,
    source: str,
    samples: list[Sample],
    timeline: Timeline,
    window: Span,
    kinds: Mapping[str, str],
    otherwise: str,
) -> Row:
    if not samples:
        whole = Band(window.start_s - timeline.t0_s, window.end_s - timeline.t0_s, "never asked", "unknown")
        return Row(zone, f"zone {zone}: never asked", (whole,))
    counts = sorted(Counter(state for _, state in samples).items())
    text = f"zone {zone}: " + ", ".join(f"{count} {state}" for state, count in counts)
    bands = runs(samples, window, timeline.t0_s, kinds, otherwise)
    return Row(zone, text, (*bands, *unknown(timeline, source, zone, window)))
