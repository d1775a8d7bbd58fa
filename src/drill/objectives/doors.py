"""Was a zone's fault seen at the zone's own doors, and at no others?

A fault of a zone names its witness as `WAY/ZONE:OUTCOME` (`direct/a:refused`): what the drill's own requests
to that door have to come out as while the fault holds. Before it all doors have to be open, and those of
zones that no fault names have to answer throughout, or the drill hit more than it meant to. A fault that
leaves a door open and makes it slow names a time instead of a word (`link/a:slower:200`): see `door_latency`.

What hits a single service is undone by the platform itself, maybe within a second: there one such answer
within 15 s proves it (three of a hang), or that the zone control shows another process or none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from drill.model.plan import Plan
from drill.model.units import seconds
from drill.objectives.door_latency import threshold
from drill.objectives.say import percent
from drill.objectives.zone_loss import spec_of
from drill.timeline import DoorPoint, FaultWindow, ServicePoint, Span, Timeline

SAMPLES_MIN = 3
SHARE_MIN = 0.8
SETTLE_S = 0.3
BLIND_S = 3.0
# A link is given back in several steps, and what waited in it breaks off at the first of them.
REVERT_S = 1.0
SERVICE_SEEN_S = 15.0
# A stalled replication is silent for a moment only, and each request takes half of it.
WAL, WAL_SAMPLES_MIN = "wal", 2
# Whether a connection is refused or broken off depends on who accepts it; either way nobody is there.
_AKIN = {"refused": ("refused", "reset")}
# An agent that says it is not fit has answered.
_ANSWERS = ("ok", "http_5xx")


@dataclass(frozen=True, slots=True)
class Sign:
    """A fault's witness, taken apart."""

    way: str
    zone: str
    outcome: str
    fault: FaultWindow


def signs(timeline: Timeline) -> tuple[Sign, ...]:
    """The witnesses of all applied faults that name a door."""
    return tuple(_sign(f) for f in timeline.faults if at_door(f) and f.applied_s is not None)


def at_door(fault: FaultWindow) -> bool:
    """Whether a fault's witness is a zone's door, and not every zone's link to the EHR."""
    return "/" in fault.witness


def _sign(fault: FaultWindow) -> Sign:
    way, _, rest = fault.witness.partition("/")
    zone, _, outcome = rest.partition(":")
    return Sign(way, zone, outcome, fault)


def unseen(plan: Plan, timeline: Timeline) -> list[str]:
    """What the doors did not show of the faults; empty when they showed all of it."""
    found = signs(timeline)
    hit = {sign.zone for sign in found}
    lacking = [said for sign in found for said in _not_seen(timeline, sign)]
    while_on = [window(timeline, sign) for sign in found]
    others = [zone for zone in plan.zones if zone not in hit]
    return lacking + [said for zone in others for said in _shut(timeline, zone, while_on)]


def window(timeline: Timeline, sign: Sign) -> Span:
    """While the fault could be seen."""
    fault = sign.fault
    start_s = fault.applied_s if fault.applied_s is not None else fault.requested_s
    end_s = timeline.end_s if fault.reverted_s is None else fault.reverted_s
    if _of_service(fault):
        return Span(fault.requested_s, min(end_s, start_s + SERVICE_SEEN_S))
    if sign.way == WAL:
        taken = [f.requested_s for f in timeline.faults if f is not fault and f.requested_s > start_s]
        return Span(start_s, min([end_s, *taken]))
    if fault.fault.startswith("link-"):
        return Span(start_s + SETTLE_S, max(start_s + SETTLE_S, end_s - REVERT_S))
    return Span(start_s + SETTLE_S, end_s)


def _of_service(fault: FaultWindow) -> bool:
    return fault.fault.startswith("service-")


def _not_seen(timeline: Timeline, sign: Sign) -> Iterator[str]:
    span, wanted = window(timeline, sign), _AKIN.get(sign.outcome, (sign.outcome,))
    door = f"{sign.way}/{sign.zone}"
    if _of_service(sign.fault):
        doors = [p for p in _asked(timeline, sign.way, sign.zone, span) if p.outcome in wanted]
        # One late answer is a busy machine's; a death is over in a second, a hang is not.
        enough = SAMPLES_MIN if sign.fault.fault == "service-hang" else 1
        if len(doors) < enough and changed(timeline, sign.fault, span) is None:
            yield f"neither {door} nor the zone control showed it within {seconds(span.length_s)}"
        return
    inside = [
        p for p in _asked(timeline, sign.way, sign.zone, span)
        # A request that outlived the fault says as much of the revert as of the fault.
        if p.answered_s <= span.end_s or (sign.way == WAL and p.outcome in wanted)
    ]  # fmt: skip
    if sign.way != WAL:
        yield from blind(timeline, f"door.{sign.way}", sign.zone, door, span)
    if timed := threshold(sign.outcome):
        if said := timed.lacking(inside):
            yield f"{door}: {said}"
        return
    like = [p for p in inside if p.outcome in wanted]
    if len(inside) < (WAL_SAMPLES_MIN if sign.way == WAL else SAMPLES_MIN):
        yield f"{door}: only {len(inside)} requests while it held"
    elif len(like) < SHARE_MIN * len(inside):
        yield f"{door}: {len(like)} of {len(inside)} requests came out as {sign.outcome!r}"


def blind(timeline: Timeline, source: str, zone: str, what: str, *spans: Span) -> Iterator[str]:
    """Whether a witness was silent for more of some spans than may be missed: a few requests at the edges
    would speak for all of it. The pauses of a busy machine are forgiven."""
    asked_s = sum(Span(s.start_s, min(s.end_s, timeline.evidence.end_s)).length_s for s in spans)
    silent_s = sum(timeline.silence_s(source, zone, span) for span in spans)
    if silent_s > max(BLIND_S, (1 - SHARE_MIN) * asked_s):
        yield f"{what} was not asked for {seconds(silent_s)} of {seconds(asked_s)} of it"


def changed(timeline: Timeline, fault: FaultWindow, span: Span) -> ServicePoint | None:
    """When the zone control first showed that a service is not the process it was, or not up."""
    path = service_path(timeline, fault)
    before = [p for p in path if p.t_s < fault.requested_s]
    after = [p for p in path if span.start_s <= p.t_s <= span.end_s]
    if not before:
        return None
    return next((p for p in after if p.pid != before[-1].pid or p.state != "up"), None)


def service_path(timeline: Timeline, fault: FaultWindow) -> list[ServicePoint]:
    """What the zone control told of the service that a fault is about, in order."""
    zone, service = spec_of(fault, "zone"), spec_of(fault, "service")
    points = [p for p in timeline.services if (p.zone, p.service) == (zone, service)]
    return sorted(points, key=lambda p: p.t_s)


def _asked(timeline: Timeline, way: str, zone: str, span: Span) -> list[DoorPoint]:
    return [p for p in timeline.doors if p.way == way and p.zone == zone and span.holds(p.t_s)]


def _shut(timeline: Timeline, zone: str, while_on: Sequence[Span]) -> Iterator[str]:
    """Whether the faults reached a zone that they were not meant for; over all of them, as one of them may
    be so short that a late answer or two would speak for it alone."""
    asked = [p for p in timeline.doors if p.way == "direct" and p.zone == zone]
    inside = [p for p in asked if any(s.holds(p.t_s) and p.answered_s <= s.end_s for s in while_on)]
    good = [p for p in inside if p.outcome in _ANSWERS]
    yield from blind(timeline, "door.direct", zone, f"direct/{zone}", *while_on)
    if while_on and len(inside) < SAMPLES_MIN:
        yield f"direct/{zone} was asked only {len(inside)} times meanwhile, so it may have been hit as well"
    elif len(good) < SHARE_MIN * len(inside):
        yield f"direct/{zone} answered only {len(good)} of {len(inside)} requests, though no fault was for it"


def not_open_before(plan: Plan, timeline: Timeline) -> list[str]:
    """Doors that were not open before the first fault, or of which that is not known."""
    if timeline.baseline is None:
        return ["there was no time before the fault"]
    wanted = {("direct", zone) for zone in plan.zones} | {(p.way, p.zone) for p in timeline.doors}
    wanted |= {(s.way, s.zone) for s in signs(timeline) if not _of_service(s.fault)}
    found = []
    for way, zone in sorted(wanted):
        inside = _asked(timeline, way, zone, timeline.baseline)
        good = sum(p.outcome == "ok" for p in inside)
        if len(inside) < SAMPLES_MIN:
            found.append(f"{way}/{zone} has only {len(inside)} requests before the fault")
        elif good < SHARE_MIN * len(inside):
            found.append(
                f"{way}/{zone} had only {percent(good / len(inside))} of requests ok before the fault"
            )
    return found + [
        said for sign in signs(timeline) for said in _so_before(sign, timeline, timeline.baseline)
    ]


def not_open_after(timeline: Timeline) -> list[str]:
    """Doors that a fault of media, speech or model did not leave as it found them: they are whole again the
    moment it goes. A zone or a service has to start first, which is judged elsewhere."""
    found: list[str] = []
    for sign in signs(timeline):
        reverted_s = sign.fault.reverted_s
        if sign.fault.fault.startswith(("zone-", "service-")) or sign.way == WAL or reverted_s is None:
            continue
        # The last fault's revert: until then another one may hold at the same door.
        found += _well(timeline, sign, Span(timeline.reverted_s or reverted_s, timeline.evidence.end_s))
    return list(dict.fromkeys(found))


def _well(timeline: Timeline, sign: Sign, reverted: Span) -> Iterator[str]:
    span, door = Span(reverted.start_s + REVERT_S, reverted.end_s), f"{sign.way}/{sign.zone}"
    inside = _asked(timeline, sign.way, sign.zone, span)
    good = sum(p.outcome == "ok" for p in inside)
    if len(inside) < SAMPLES_MIN:
        yield f"{door} has only {len(inside)} requests after the revert"
    elif good < SHARE_MIN * len(inside):
        yield f"{door} had only {percent(good / len(inside))} of requests ok after the revert"
    elif (timed := threshold(sign.outcome)) and not timed.lacking(inside):
        # Slower than before is a busy machine; as slow as proved the fault is the fault.
        yield f"{door} {timed.still()} after the revert still"


def _so_before(sign: Sign, timeline: Timeline, baseline: Span) -> Iterator[str]:
    """Whether a door was as slow before the fault as the fault should have made it."""
    timed = threshold(sign.outcome)
    if timed and (said := timed.before(_asked(timeline, sign.way, sign.zone, baseline))):
        yield f"{sign.way}/{sign.zone} {said}"


def ids(timeline: Timeline) -> list[str]:
    """Events that show the doors while the faults held."""
    found: list[str] = []
    for sign in signs(timeline):
        span = window(timeline, sign)
        change = changed(timeline, sign.fault, span) if _of_service(sign.fault) else None
        found += [change.id] if change else []
        found += [p.id for p in _asked(timeline, sign.way, sign.zone, span)][:4]
    return found


def told(found: Sequence[Sign]) -> str:
    """The signs for a reader: `direct/a came out as refused`."""
    return ", ".join(dict.fromkeys(f"{s.way}/{s.zone} {_shown(s)}" for s in found))


def _shown(sign: Sign) -> str:
    if _of_service(sign.fault):
        return "showed it"
    timed = threshold(sign.outcome)
    return timed.told() if timed else f"came out as {sign.outcome!r}"
