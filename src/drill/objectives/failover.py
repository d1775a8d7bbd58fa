"""A platform that lost a zone: it notices, goes on without it, takes it back, and is whole again.

    fault ──▶ the edge sends no call there ──▶ a survivor is primary        (from fault applied)
    revert ──▶ the edge sends calls there again, for good ──▶ every member follows, one in sync

Each is told by somebody else than the zone: the edge's own admin interface, the store's members.
A probe that was silent where the answer lies leaves it open.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from drill.model.plan import FailoverLimits, Plan
from drill.model.units import seconds
from drill.model.verdicts import Verdict
from drill.objectives import recovery
from drill.objectives.say import failed, held, unknown, zones
from drill.objectives.zone_loss import (
    Loss,
    Seen,
    back_already,
    edge_path,
    losses,
    new_primary,
    primary_before,
    primary_pause_s,
    put_out,
    sent_to_the_dead,
    taken_back,
    taken_before,
    two_primaries,
    whole_again,
)
from drill.timeline import Span, Timeline

DETECTED, PRIMARY, ZONE_BACK, REDUNDANCY, MTTR = NAMES = (
    "failover.detected", "failover.primary", "failover.zone_back", "failover.redundancy", "failover.mttr",
)  # fmt: skip

# A machine that is busy silences its members for two seconds or three; a primary that is gone, for longer.
PAUSE_S = 5.0

_Judge = Callable[[Plan, Timeline, FailoverLimits, Loss], Verdict]


def judge(plan: Plan, timeline: Timeline) -> tuple[Verdict, ...]:
    """See the module."""
    limits = plan.objectives.failover
    if limits is None:
        return ()
    lost = losses(timeline)
    if not lost:
        return tuple(unknown(name, "No zone was taken away, so nothing had to fail over.") for name in NAMES)
    found = [_worst(one, plan, timeline, limits, lost) for one in (_detected, _primary, _zone_back, _whole)]
    return *found, _mttr(plan, timeline, limits)


def _worst(
    one: _Judge, plan: Plan, timeline: Timeline, limits: FailoverLimits, lost: Sequence[Loss]
) -> Verdict:
    """Of several lost zones the one that came off worst speaks."""
    return max((one(plan, timeline, limits, loss) for loss in lost), key=lambda verdict: verdict.status)


def _detected(_plan: Plan, timeline: Timeline, limits: FailoverLimits, loss: Loss) -> Verdict:
    point, limit, where = put_out(timeline, loss), seconds(limits.detected_within_s), zones([loss.zone])
    if not taken_before(timeline, loss):
        sentence = f"Nothing shows that the edge sent calls to {where} before it was lost."
        return unknown(DETECTED, sentence, limit=limit, because=loss.ids)
    due_s = loss.applied_s + limits.detected_within_s
    end_s = _on_until(timeline, loss)
    blind = timeline.silent(
        "edge", loss.zone, Span(loss.applied_s, min(point.t_s if point else due_s, end_s))
    )
    if point is None or point.t_s > end_s:
        sentence = f"The edge went on sending calls to {where}, for {seconds(end_s - loss.applied_s)}"
        return _never(DETECTED, sentence, limit, blind, loss.applied_s, end_s, due_s, loss.ids)
    measured = seconds(max(0.0, point.t_s - loss.applied_s))
    if (again := sent_to_the_dead(timeline, loss, limits.detected_within_s)) and again.t_s > point.t_s:
        sentence = (
            f"The edge sent no call to {where} any more after {measured}, and sent calls there again "
            f"{seconds(again.t_s - loss.applied_s)} after the loss, while it was gone; limit {limit}."
        )
        because = [point.id, again.id, *loss.ids]
        return failed(DETECTED, sentence, measured=measured, limit=limit, because=because)
    who = "its outlier detection" if point.ejected else "its health check"
    sentence = (
        f"The edge sent no call to {where} any more {measured} after it was lost ({who}); limit {limit}"
    )
    return _in_time(DETECTED, sentence, measured, limit, blind, point.t_s <= due_s, [point.id, *loss.ids])


def _on_until(timeline: Timeline, loss: Loss) -> float:
    """Until when the zone was away and somebody looked."""
    end_s = timeline.evidence.end_s
    return end_s if loss.reverted_s is None else min(loss.reverted_s, end_s)


def _primary(plan: Plan, timeline: Timeline, limits: FailoverLimits, loss: Loss) -> Verdict:
    limit, before = seconds(limits.primary_within_s), primary_before(timeline, loss)
    if not plan.members or before is None:
        why = "no member of the store was seen as primary before" if plan.members else "the target names none"
        return unknown(PRIMARY, f"Nothing is known of the store's members: {why}.", limit=limit)
    if split := two_primaries(timeline):
        both = zones(sorted(point.zone for point in split[1:]))
        sentence = f"The members of {both} both said that they are primary, for {seconds(split[0])}."
        because = [point.id for point in split[1:]]
        return failed(PRIMARY, sentence, measured="two primaries", limit=limit, because=because)
    end_s, due_s = timeline.evidence.end_s, loss.applied_s + limits.primary_within_s
    found = new_primary(timeline, loss)
    found = found if found and found[0] <= end_s else None
    until_s = found[0] if found else min(due_s, end_s)
    stayed = before.zone != loss.zone and found is not None and found[0] <= loss.applied_s
    until_s = _on_until(timeline, loss) if stayed else until_s
    survivors = [zone for zone in plan.members if zone != loss.zone]
    blind = any(timeline.silent("member", z, Span(loss.applied_s, until_s)) for z in survivors)
    blind = blind or not survivors
    if found is None:
        sentence = f"No member outside {zones([loss.zone])} was primary for {seconds(end_s - loss.applied_s)}"
        return _never(PRIMARY, sentence, limit, blind, loss.applied_s, end_s, due_s, [before.id, *loss.ids])
    measured, zone = seconds(max(0.0, found[0] - loss.applied_s)), _zone_of(timeline, found)
    sentence = (
        f"The primary is in {zones([before.zone])} and stayed so while {zones([loss.zone])} was away"
        if stayed
        else f"{measured} after {zones([loss.zone])} was lost the primary was in {zones([zone])}"
    )
    because = [found[1], before.id, *loss.ids]
    pause_s = primary_pause_s(timeline, loss, Span(found[0], _on_until(timeline, loss)))
    if pause_s > PAUSE_S and found[0] <= due_s:
        more = f"{sentence}, but no survivor said so for {seconds(pause_s)} of that; limit {limit}."
        return unknown(PRIMARY, more, measured=measured, limit=limit, because=because)
    return _in_time(PRIMARY, f"{sentence}; limit {limit}", measured, limit, blind, found[0] <= due_s, because)


def _zone_of(timeline: Timeline, seen: Seen) -> str:
    return next(p.zone for p in timeline.members if p.id == seen[1])


def _zone_back(_plan: Plan, timeline: Timeline, limits: FailoverLimits, loss: Loss) -> Verdict:
    limit, where = seconds(limits.zone_back_within_s), zones([loss.zone])
    if loss.reverted_s is None:
        sentence = f"Nobody gave {where} back, so it could not come back."
        return unknown(ZONE_BACK, sentence, limit=limit, because=loss.ids)
    if put_out(timeline, loss) is None:
        sentence = f"The edge never took {where} out, so it could not take it back."
        return unknown(ZONE_BACK, sentence, limit=limit, because=loss.ids)
    if early := back_already(timeline, loss, limits.detected_within_s):
        sentence = f"The edge sent calls to {where} before it was given back: its return was not seen."
        return unknown(ZONE_BACK, sentence, limit=limit, because=[early.id, *loss.ids])
    end_s, due_s = timeline.evidence.end_s, loss.reverted_s + limits.zone_back_within_s
    found = taken_back(timeline, loss)
    # Seen to be out after the limit, it was not back for good in time, whatever was missed before.
    late = any(due_s < p.t_s <= end_s and not p.healthy for p in edge_path(timeline, loss.zone))
    blind = not late and timeline.silent("edge", loss.zone, Span(loss.reverted_s, end_s))
    if found is None:
        sentence = f"The edge sent no calls to {where} again, for {seconds(end_s - loss.reverted_s)}"
        return _never(ZONE_BACK, sentence, limit, blind, loss.reverted_s, end_s, due_s, loss.ids)
    measured = seconds(found[0] - loss.reverted_s)
    sentence = f"The edge sent calls to {where} again, for good, {measured} after the revert; limit {limit}"
    return _in_time(
        ZONE_BACK, sentence, measured, limit, blind, found[0] <= due_s, [found[1], *loss.ids[::-1]]
    )


def _whole(plan: Plan, timeline: Timeline, limits: FailoverLimits, loss: Loss) -> Verdict:
    limit = seconds(limits.redundancy_within_s)
    if loss.reverted_s is None or not plan.members:
        why = "the zone was never given back" if plan.members else "the target names no members of the store"
        return unknown(REDUNDANCY, f"Redundancy could not return: {why}.", limit=limit, because=loss.ids)
    end_s, due_s = timeline.evidence.end_s, loss.reverted_s + limits.redundancy_within_s
    found = whole_again(timeline, plan.members, loss.reverted_s)
    blind = any(timeline.silent("member", z, Span(loss.reverted_s, end_s)) for z in plan.members)
    if found is None:
        sentence = f"The store was not whole again at the end ({_lacking(plan, timeline)})"
        return _never(REDUNDANCY, sentence, limit, blind, loss.reverted_s, end_s, due_s, loss.ids)
    measured = seconds(found[0] - loss.reverted_s)
    sentence = (
        f"Every member of the store held its log again, one in sync, {measured} after the revert, and did so "
        f"to the end; limit {limit}"
    )
    return _in_time(
        REDUNDANCY, sentence, measured, limit, blind, found[0] <= due_s, [found[1], *loss.ids[::-1]]
    )


def _lacking(plan: Plan, timeline: Timeline) -> str:
    """What each member last said of itself."""
    told = []
    for zone in plan.members:
        last = [p for p in timeline.members if p.zone == zone and p.t_s <= timeline.evidence.end_s][-1:]
        role = (last[0].role or last[0].state or "no role") if last and last[0].ok else "silent"
        follows = role != "replica" or last[0].streaming
        told.append(f"{zone}: {role}{'' if follows else ' that does not stream'}")
    return ", ".join(told)


def _never(
    name: str, sentence: str, limit: str, blind: bool, since_s: float, end_s: float, due_s: float,
    because: Sequence[str],
) -> Verdict:  # fmt: skip
    """What did not happen has failed only if somebody looked, for as long as it might have taken."""
    if blind:
        more = f"{sentence}, but the probe was silent for more than 2 s of that; limit {limit}."
        return unknown(name, more, measured="never", limit=limit, because=because)
    if end_s < due_s:
        more = f"{sentence}; that is all the evidence, and the limit is {limit}."
        return unknown(name, more, measured=f"more than {seconds(end_s - since_s)}", limit=limit)
    return failed(name, f"{sentence}; limit {limit}.", measured="never", limit=limit, because=because)


def _in_time(
    name: str, sentence: str, measured: str, limit: str, blind: bool, ok: bool, because: Sequence[str]
) -> Verdict:
    if blind:
        more = f"{sentence}, but the probe was silent for more than 2 s of that time."
        return unknown(name, more, measured=measured, limit=limit, because=because)
    return held(ok, name, f"{sentence}.", measured=measured, limit=limit, because=because)


def _mttr(plan: Plan, timeline: Timeline, limits: FailoverLimits) -> Verdict:
    """The callers' own recovery mark, held against the time that the business was promised."""
    asked = plan.objectives.recovery
    if asked is None:
        sentence = "The drill does not ask for the recovery of callers, so nobody knows when they were well."
        return unknown(MTTR, sentence, limit=seconds(limits.mttr_s))
    promised = dataclasses.replace(asked, within_s=limits.mttr_s)
    again = dataclasses.replace(plan, objectives=dataclasses.replace(plan.objectives, recovery=promised))
    found = next(v for v in recovery.judge(again, timeline) if v.objective == recovery.RECOVERED)
    return dataclasses.replace(found, objective=MTTR)
