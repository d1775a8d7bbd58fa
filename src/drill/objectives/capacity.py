"""Room in the surviving zones: are callers refused, and more of them than chance explains?

Attempts while the edge had no surviving zone to send them to are left out: no room would have helped them,
and that nobody served them is `failover`'s and `recovery`'s to tell.

Erlang's formula says how many are refused by chance where so much is offered to so many places. More than
in one of a thousand drills is not chance: the survivors refuse what they have room for.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from statistics import fmean

from drill.erlang import binomial_quantile, erlang_b
from drill.model.plan import CapacityLimits, Plan
from drill.model.verdicts import Verdict
from drill.objectives import arrivals
from drill.objectives.say import count, held, percent, unknown, zones
from drill.objectives.zone_loss import edge_path, losses, put_out
from drill.timeline import Call, Span, Timeline
from drill.traffic import FLAT, planned

BLOCKED, EXPECTED = NAMES = ("capacity.blocked", "capacity.expected")
ATTEMPTS_MIN = 5
CHANCE = 0.999


def judge(plan: Plan, timeline: Timeline) -> tuple[Verdict, ...]:
    """See the module."""
    limits = plan.objectives.capacity
    if limits is None:
        return ()
    if not losses(timeline):
        return tuple(unknown(name, "No zone was taken away, so no room was lost.") for name in NAMES)
    return _blocked(plan, timeline, limits), _expected(plan, timeline)


def _blocked(plan: Plan, timeline: Timeline, limits: CapacityLimits) -> Verdict:
    limit = f"at most {percent(limits.blocked_max)}"
    every = _attempts(timeline, timeline.fault)
    tried = _with_somewhere_to_go(plan, timeline, every)
    left_out = (
        f" ({len(every) - len(tried)} more found no zone fit at all)" if len(tried) < len(every) else ""
    )
    refused = [c for c in tried if c.outcome == "refused"]
    if len(tried) < ATTEMPTS_MIN:
        sentence = (
            f"Only {count(len(tried), 'call')} were tried while the zone was away{left_out}; "
            f"{ATTEMPTS_MIN} are needed to speak of a share."
        )
        return unknown(BLOCKED, sentence, limit=limit, because=[c.id for c in every])
    share = len(refused) / len(tried)
    sentence = (
        f"{len(refused)} of {len(tried)} calls that were tried while the zone was away were refused "
        f"({percent(share)}){left_out}; limit {limit}."
    )
    because = [c.id for c in refused or tried]
    ok = share <= limits.blocked_max + 1e-12
    return held(ok, BLOCKED, sentence, measured=percent(share), limit=limit, because=because)


def _attempts(timeline: Timeline, span: Span | None) -> list[Call]:
    """Calls tried within a span, redials among them."""
    return [c for c in timeline.calls if span is not None and span.holds(c.start_s)]


def _with_somewhere_to_go(plan: Plan, timeline: Timeline, calls: Sequence[Call]) -> list[Call]:
    """Those for whom the edge had a surviving zone; all of them where nobody asked the edge."""
    if not timeline.edges:
        return list(calls)
    lost = {loss.zone for loss in losses(timeline)}
    paths = [edge_path(timeline, zone) for zone in plan.zones if zone not in lost]
    told = [([p.t_s for p in path], [p.healthy for p in path]) for path in paths]
    return [c for c in calls if any(_at(times, healthy, c.start_s) for times, healthy in told)]


def _at(times: Sequence[float], healthy: Sequence[bool], t_s: float) -> bool:
    last = bisect.bisect_right(times, t_s) - 1
    return last >= 0 and healthy[last]


def _expected(plan: Plan, timeline: Timeline) -> Verdict:
    rooms = dict(zip(plan.zones, plan.capacities, strict=False))
    lost = losses(timeline)
    left = [zone for zone in plan.zones if zone not in {loss.zone for loss in lost}]
    untold = [zone for zone in plan.zones if rooms.get(zone, 0) <= 0]
    if untold or not left:
        why = f"the target does not tell the capacity of {zones(untold)}" if untold else "no zone survived"
        return unknown(EXPECTED, f"What should be refused cannot be reckoned: {why}.")
    noticed = [put_out(timeline, loss) for loss in lost]
    if timeline.fault is None or any(point is None for point in noticed):
        sentence = "The edge never noticed the loss, so its refusals say nothing about room."
        return unknown(EXPECTED, sentence, because=lost[0].ids)
    since_s = max(point.t_s for point in noticed if point is not None)
    tried = _with_somewhere_to_go(plan, timeline, _attempts(timeline, Span(since_s, timeline.fault.end_s)))
    if len(tried) < ATTEMPTS_MIN:
        few = count(len(tried), "call")
        sentence = f"Only {few} were tried after the edge had noticed; {ATTEMPTS_MIN} are needed."
        return unknown(EXPECTED, sentence, because=[c.id for c in tried])
    before, after = sum(rooms.values()), sum(rooms[zone] for zone in left)
    return _compared(offered(plan, timeline, tried), before, after, left, tried)


def offered(plan: Plan, timeline: Timeline, calls: Sequence[Call]) -> tuple[float, ...]:
    """The erlangs that were meant when each of these calls was tried; one for all on a flat day."""
    if plan.load.arrivals == FLAT.name:
        return (float(plan.load.concurrency),)
    traffic, zero_s = planned(plan), arrivals.zero_s(timeline)
    return tuple(traffic.expected_up(c.start_s - zero_s) for c in calls)


def blocked(erlangs: Sequence[float], places: int) -> float:
    """Share refused by chance: Erlang B at each moment, averaged (the pointwise stationary approximation,
    Green and Kolesar 1991, where the rate changes)."""
    return fmean(erlang_b(each, places) for each in erlangs)


def _compared(
    erlangs: Sequence[float], before: int, after: int, left: Sequence[str], tried: Sequence[Call]
) -> Verdict:
    refused = [c for c in tried if c.outcome == "refused"]
    chance = blocked(erlangs, after)
    at_most = binomial_quantile(len(tried), chance, CHANCE)
    seen, limit = percent(len(refused) / len(tried)), f"at most {at_most} of {len(tried)}"
    sentence = (
        f"{fmean(erlangs):.0f} erlangs were offered to {after} places in {zones(left)} "
        f"({before} before the loss): Erlang B expects {percent(chance)} refused, at most {at_most} of "
        f"{len(tried)} by chance; {len(refused)} were ({seen})."
    )
    because = [c.id for c in refused or tried]
    return held(
        len(refused) <= at_most, EXPECTED, sentence,
        measured=f"{len(refused)} of {len(tried)}", limit=limit, because=because,
    )  # fmt: skip
