"""What a breaker spares: callers the wait, and an EHR that is down the requests.

Requests are counted on the wire by somebody other than the breaker; its own `not_permitted`
only shows that it was asked. While it is open, one spell of `wait_s` earns `half_open_calls`
trials, and nothing else may pass.
"""

from __future__ import annotations

import math

from drill.model.plan import BreakerLimits, Plan
from drill.model.units import seconds
from drill.model.verdicts import Verdict
from drill.objectives.calls import settled_turns
from drill.objectives.open_spells import all_open, growth, requests_within, samples_within, spells
from drill.objectives.percentile import TURNS_MIN, percentile
from drill.objectives.say import count, failed, held, passed, told, unknown, zones
from drill.objectives.turn_windows import within
from drill.timeline import Span, Timeline

FAST, QUIET, STORM = NAMES = ("breaker.failed_fast", "breaker.quiet_while_open", "breaker.no_retry_storm")
# Requests that were under way when the breaker opened, and are counted a moment later.
IN_FLIGHT = 2


def judge(
    plan: Plan, timeline: Timeline, limits: BreakerLimits, fault: Span
) -> tuple[Verdict, Verdict, Verdict]:
    """See the module."""
    return (
        _failed_fast(plan, timeline),
        _quiet(plan, timeline, limits, fault),
        _no_storm(plan, timeline, limits, fault),
    )


def _failed_fast(plan: Plan, timeline: Timeline) -> Verdict:
    limit = f"p95 {seconds(timeline.turn_slo_s)}"
    span = all_open(timeline, plan.zones)
    if span is None:
        sentence = "There was no time in which the breakers of all zones were open."
        return unknown(FAST, sentence, limit=limit)
    turns = [t for t in within(settled_turns(timeline), span) if t.needs_ehr]
    if len(turns) < TURNS_MIN:
        few = count(len(turns), "turn")
        sentence = f"Only {few} needed the EHR while the breakers were open; {TURNS_MIN} are needed."
        return unknown(FAST, sentence, limit=limit)
    p95 = percentile([t.latency_s for t in turns], 0.95)
    because = [t.id for t in sorted(turns, key=lambda t: -t.latency_s)]
    sentence = (
        f"While the breakers were open, p95 of the {len(turns)} turns that need the EHR was {told(p95)}; "
        f"limit {limit}"
    )
    if p95 > timeline.turn_slo_s:
        return failed(FAST, f"{sentence}.", measured=told(p95), limit=limit, because=because)
    idle = [zone for zone in plan.zones if not _refused(timeline, zone, span)]
    if idle:
        more = f"{sentence}, but nothing shows that {zones(idle)} refused a single request."
        return unknown(FAST, more, measured=told(p95), limit=limit, because=because)
    return passed(FAST, f"{sentence}.", measured=told(p95), limit=limit, because=because)


def _refused(timeline: Timeline, zone: str, span: Span) -> int:
    return growth([p.not_permitted for p in samples_within(timeline.breaker(zone).samples, span)])


def _quiet(plan: Plan, timeline: Timeline, limits: BreakerLimits, fault: Span) -> Verdict:
    """Zone by zone and spell by spell; the spell nearest to, or furthest above, its allowance is told."""
    end_s = timeline.evidence.end_s
    worst: tuple[int, int, int, str, float, list[str]] | None = None
    blind, unopened = [], []
    for zone in plan.zones:
        found = spells(timeline.breaker(zone), fault.start_s, end_s)
        if not found:
            unopened.append(zone)
        for spell in found:
            points = requests_within(timeline.request_path(zone).samples, spell)
            if timeline.silent("requests", zone, spell) or timeline.silent("breaker", zone, spell):
                blind.append(zone)
            passed_by = growth([p.requests for p in points])
            allowed = limits.half_open_calls * (math.floor(spell.length_s / limits.wait_s) + 1) + IN_FLIGHT
            seen = (passed_by - allowed, passed_by, allowed, zone, spell.length_s, [p.id for p in points])
            worst = max(worst, seen) if worst else seen
    if worst is None:
        return unknown(QUIET, "No breaker was seen open for any time.")
    over, passed_by, allowed, zone, length_s, ids = worst
    measured, limit = count(passed_by, "request"), f"at most {allowed}"
    sentence = (
        f"While the breaker of {zones([zone])} was open for {seconds(length_s)}, {measured} went out to the "
        f"EHR; limit {limit} ({limits.half_open_calls} at first and after each {seconds(limits.wait_s)}, "
        f"and {IN_FLIGHT} under way)."
    )
    because = ids[:1] + ids[-1:]
    if over > 0:
        return failed(QUIET, sentence, measured=measured, limit=limit, because=because)
    if dead := _dead(plan, timeline):
        return unknown(QUIET, f"{sentence} But {dead}", measured=measured, limit=limit, because=because)
    if blind or unopened:
        parts = (
            [f"requests or breaker of {zones(sorted(set(blind)))} could not be read all the time"]
            if blind
            else []
        )
        parts += [f"{zones(unopened)} never opened"] if unopened else []
        return unknown(
            QUIET, f"{sentence} But {'; '.join(parts)}.", measured=measured, limit=limit, because=because
        )
    return passed(QUIET, sentence, measured=measured, limit=limit, because=because)


def _dead(plan: Plan, timeline: Timeline) -> str:
    """A counter that counts nothing while callers are served counts nothing else either."""
    span = timeline.baseline
    paths = {zone: timeline.request_path(zone).samples for zone in plan.zones}
    idle = [
        zone
        for zone, points in paths.items()
        if span is None or not growth([p.requests for p in requests_within(points, span)])
    ]
    return f"before the fault not one request was counted on the wires of {zones(idle)}." if idle else ""


def _no_storm(plan: Plan, timeline: Timeline, limits: BreakerLimits, fault: Span) -> Verdict:
    limit = f"at most {limits.requests_per_failure_max:g} per turn"
    turns = [t for t in within(settled_turns(timeline), fault) if t.needs_ehr]
    blind = [zone for zone in plan.zones if timeline.silent("requests", zone, fault)]
    sent, because = 0, []
    for zone in plan.zones:
        points = requests_within(timeline.request_path(zone).samples, fault)
        sent += growth([p.requests for p in points])
        because += [p.id for p in (*points[:1], *points[-1:])]
    if len(turns) < TURNS_MIN:
        sentence = (
            f"Only {count(len(turns), 'turn')} needed the EHR during the fault; {TURNS_MIN} are needed."
        )
        return unknown(STORM, sentence, limit=limit, because=because)
    ratio = sent / len(turns)
    sentence = (
        f"During the fault, {count(sent, 'request')} went out for {len(turns)} turns that need the EHR: "
        f"{ratio:.2f} per turn; limit {limit}."
    )
    measured = f"{ratio:.2f} per turn"
    if ratio <= limits.requests_per_failure_max and (dead := _dead(plan, timeline)):
        return unknown(STORM, f"{sentence} But {dead}", measured=measured, limit=limit, because=because)
    if ratio <= limits.requests_per_failure_max and blind:
        more = f"{sentence} But the requests of {zones(blind)} were not counted all the time."
        return unknown(STORM, more, measured=measured, limit=limit, because=because)
    ok = ratio <= limits.requests_per_failure_max
    return held(ok, STORM, sentence, measured=measured, limit=limit, because=because)
