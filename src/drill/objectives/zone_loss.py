"""Which zone was lost, and when others saw it: found here, judged in `failover`, drawn by `phases`.

A fault bites a moment before it is read back and said to be applied. What is seen in that moment is the
fault's doing, so it is looked for from the request on; it is counted from the application on, not below 0.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from drill.timeline import EdgePoint, FaultWindow, MemberPoint, Span, Timeline

Seen = tuple[float, str]
# Asked several times a second: a member that nobody has heard for so long is not there.
STALE_S = 2.0
REVERT_S = 2.0


@dataclass(frozen=True, slots=True)
class Loss:
    """A zone that was taken away, once or several times.

    `requested_s` and `applied_s` are of the first time, `reverted_s` of the last (None: it was never given
    back); `ids` prove it.
    """

    zone: str
    requested_s: float
    applied_s: float
    reverted_s: float | None
    ids: tuple[str, ...]


def spec_of(fault: FaultWindow, name: str) -> str:
    """A text in a fault's own description; "" when there is none."""
    try:
        spec = json.loads(fault.spec)
    except ValueError:
        return ""
    value = spec.get(name, "") if isinstance(spec, dict) else ""
    return value if isinstance(value, str) else ""


def takes_zone(fault: FaultWindow) -> bool:
    """Whether it takes a whole zone away. A replication that is stalled beforehand takes none."""
    return fault.fault.startswith("zone-") and bool(spec_of(fault, "zone")) and "wal/" not in fault.witness


def losses(timeline: Timeline) -> tuple[Loss, ...]:
    """Every zone that was lost, by name."""
    by_zone: dict[str, list[FaultWindow]] = {}
    for fault in timeline.faults:
        if fault.applied_s is not None and takes_zone(fault):
            by_zone.setdefault(spec_of(fault, "zone"), []).append(fault)
    return tuple(_loss(zone, by_zone[zone]) for zone in sorted(by_zone))


def _loss(zone: str, faults: Sequence[FaultWindow]) -> Loss:
    ends = [f.reverted_s for f in faults if f.reverted_s is not None]
    return Loss(
        zone,
        min(f.requested_s for f in faults),
        min(f.applied_s for f in faults if f.applied_s is not None),
        max(ends) if len(ends) == len(faults) else None,
        tuple(id_ for f in faults for id_ in f.ids[1:3]),
    )


def edge_path(timeline: Timeline, zone: str) -> list[EdgePoint]:
    """What the edge thought of a zone, in order."""
    return sorted((p for p in timeline.edges if p.zone == zone), key=lambda p: p.t_s)


def taken_before(timeline: Timeline, loss: Loss) -> bool:
    """Whether the edge sent calls to the zone before it was lost."""
    before = [p for p in edge_path(timeline, loss.zone) if p.t_s < loss.requested_s]
    return bool(before) and before[-1].healthy


def put_out(timeline: Timeline, loss: Loss) -> EdgePoint | None:
    """When the edge first sent no call to the lost zone any more."""
    path = edge_path(timeline, loss.zone)
    return next((p for p in path if p.t_s >= loss.requested_s and not p.healthy), None)


def taken_back(timeline: Timeline, loss: Loss) -> Seen | None:
    """Since when the edge has sent calls to the zone again, without interruption to the end."""
    since: Seen | None = None
    for point in edge_path(timeline, loss.zone):
        if loss.reverted_s is None or not loss.reverted_s <= point.t_s <= timeline.evidence.end_s:
            continue
        since = None if not point.healthy else since or (point.t_s, point.id)
    return since


def sent_to_the_dead(timeline: Timeline, loss: Loss, within_s: float) -> EdgePoint | None:
    """When the edge first sent calls to the zone although it had been gone for so long, in any of the times
    that it was gone. A revert gives the zone back a moment before that is written down."""
    away = [
        Span(f.applied_s + within_s, min(f.reverted_s or timeline.end_s, timeline.evidence.end_s) - REVERT_S)
        for f in timeline.faults
        if f.applied_s is not None and takes_zone(f) and spec_of(f, "zone") == loss.zone
    ]
    path = edge_path(timeline, loss.zone)
    return next((p for p in path if p.healthy and any(s.holds(p.t_s) for s in away)), None)


def back_already(timeline: Timeline, loss: Loss, within_s: float) -> EdgePoint | None:
    """The edge's last word before the last revert, when it was sending calls to the zone by then, though it
    had had `within_s` to notice."""
    if loss.reverted_s is None:
        return None
    ours = [f for f in timeline.faults if takes_zone(f) and spec_of(f, "zone") == loss.zone]
    noticed_s = max(f.applied_s for f in ours if f.applied_s is not None) + within_s
    away = Span(noticed_s, loss.reverted_s - REVERT_S)
    path = [p for p in edge_path(timeline, loss.zone) if away.holds(p.t_s)]
    return path[-1] if path and path[-1].healthy else None


def primary_pause_s(timeline: Timeline, loss: Loss, span: Span) -> float:
    """The longest time within a span in which no member outside the lost zone said that it is primary."""
    told = [p.t_s for p in timeline.members if p.ok and p.role == "primary" and p.zone != loss.zone]
    heard = [span.start_s, *sorted(t for t in told if span.holds(t)), span.end_s]
    return max((later - earlier for earlier, later in pairwise(heard)), default=0.0)


def two_primaries(timeline: Timeline) -> tuple[float, MemberPoint, MemberPoint] | None:
    """The longest time for which two members both said, again and again, that they are primary; None where
    it was no longer than an old one may take to notice that it is none any more."""
    spells = _spells_as_primary(timeline)
    found = [
        (min(one[-1].t_s, other[-1].t_s) - max(one[0].t_s, other[0].t_s), one[-1], other[-1])
        for one, other in combinations(spells, 2)
        if one[0].zone != other[0].zone
    ]
    worst = max(found, key=lambda each: each[0], default=None)
    return worst if worst is not None and worst[0] > STALE_S else None


def _spells_as_primary(timeline: Timeline) -> list[list[MemberPoint]]:
    """Words of a member that it is primary, one after the other with none to the contrary and no silence."""
    spells: list[list[MemberPoint]] = []
    last: dict[str, list[MemberPoint]] = {}
    for point in sorted(timeline.members, key=lambda p: p.t_s):
        if not point.ok or point.role != "primary":
            last.pop(point.zone, None)
        elif point.zone in last and point.t_s - last[point.zone][-1].t_s <= STALE_S:
            last[point.zone].append(point)
        else:
            last[point.zone] = [point]
            spells.append(last[point.zone])
    return spells


def primary_before(timeline: Timeline, loss: Loss) -> MemberPoint | None:
    """The last word of a primary before the zone was lost."""
    told = [p for p in timeline.members if p.ok and p.role == "primary" and p.t_s < loss.requested_s]
    return max(told, key=lambda p: p.t_s, default=None)


def new_primary(timeline: Timeline, loss: Loss) -> Seen | None:
    """When a member in a surviving zone was primary; that of a primary that stayed so is the fault's own."""
    before = primary_before(timeline, loss)
    after = [p for p in timeline.members if p.t_s >= loss.requested_s and p.zone != loss.zone]
    after.sort(key=lambda p: p.t_s)
    since_s = loss.requested_s
    if before is not None and before.zone != loss.zone:
        own = [p for p in after if p.zone == before.zone and p.t_s <= (loss.reverted_s or timeline.end_s)]
        lapse = next((p for p in own if p.ok and p.role != "primary"), None)
        if lapse is None:
            return (loss.applied_s, own[-1].id) if any(p.ok for p in own) else None
        since_s = lapse.t_s
    return next(((p.t_s, p.id) for p in after if p.t_s >= since_s and p.ok and p.role == "primary"), None)


def whole_again(timeline: Timeline, members: Sequence[str], from_s: float) -> Seen | None:
    """Since when every member has held the log, one of them in sync, without interruption to the end."""
    since: Seen | None = None
    for t_s, id_, state in _states(timeline, from_s):
        since = None if not _redundant(state, members, t_s) else since or (t_s, id_)
    return since


def _states(timeline: Timeline, from_s: float) -> Iterator[tuple[float, str, dict[str, MemberPoint]]]:
    """The members' last words at each new one, the last moment of evidence among them."""
    last: dict[str, MemberPoint] = {}
    end_s, id_ = timeline.evidence.end_s, ""
    for point in sorted(timeline.members, key=lambda p: p.t_s):
        if point.ok and point.t_s <= end_s:
            last, id_ = {**last, point.zone: point}, point.id
        if from_s <= point.t_s <= end_s:
            yield point.t_s, id_, last
    yield end_s, id_, last


def _redundant(state: dict[str, MemberPoint], members: Sequence[str], t_s: float) -> bool:
    heard = [p for zone in members if (p := state.get(zone)) is not None and t_s - p.t_s <= STALE_S]
    primaries = [p for p in heard if p.role == "primary"]
    others = [p for p in heard if p.role == "replica" and p.streaming]
    return (
        bool(members)
        and len(heard) == len(members)
        and len(primaries) == 1
        and len(others) == len(members) - 1
        and sum(p.sync for p in others) == 1
    )
