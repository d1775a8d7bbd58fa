"""Recovery as callers felt it: when they noticed, when they were well again, what it cost them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from drill.change_point import Answer
from drill.model.plan import Plan, RecoveryLimits
from drill.model.units import seconds
from drill.model.verdicts import Verdict
from drill.objectives.faulted import witness_seen
from drill.objectives.say import count, failed, held, passed, percent, unknown
from drill.recovery_estimate import Recovery, estimate
from drill.timeline import Away, Timeline, Turn

DETECTED, RECOVERED, AREA = NAMES = (
    "recovery.detected", "recovery.time_to_recover", "recovery.breached_call_seconds",
)  # fmt: skip
# With fewer live calls one caller more or less moves the share across a limit.
CALLS_MIN = 5


def judge(plan: Plan, timeline: Timeline) -> tuple[Verdict, ...]:
    """See the module."""
    limits = plan.objectives.recovery
    if limits is None:
        return ()
    found = measure(timeline, limits)
    if found is None:
        return tuple(
            unknown(name, "No fault was applied, so there was nothing to recover from.") for name in NAMES
        )
    if found.calls_mean < CALLS_MIN:
        sentence = (
            f"Only {found.calls_mean:.1f} calls were up on average after the fault was applied; "
            f"at least {CALLS_MIN} are needed to speak of a share of callers."
        )
        return tuple(unknown(name, sentence) for name in NAMES)
    return (
        _detected(timeline, found, limits),
        _recovered(plan, timeline, found, limits),
        _area(timeline, found, limits),
    )


def measure(timeline: Timeline, limits: RecoveryLimits) -> Recovery | None:
    """What callers felt since the fault was applied; None when none was."""
    return timeline.once(_measure, limits)


def _measure(timeline: Timeline, limits: RecoveryLimits) -> Recovery | None:
    if timeline.applied_s is None:
        return None
    end_s = timeline.evidence.end_s
    found = chain(answers(timeline.turns, limits.turn_slo_s, end_s), dialled(timeline.away, end_s))
    return estimate(timeline.steps, found, timeline.applied_s, end_s, limits)


def answers(turns: Sequence[Turn], slo_s: float, end_s: float) -> Iterator[Answer]:
    """What each turn says about when answers stopped being late.

    One in time says it when it came. A late one says that all was not well when it came due, nor until one
    SLO before it came (a platform that was well would have answered by then); after that the platform may
    have been well, and busy with all who had waited.
    """
    for turn in turns:
        if turn.eos_s < end_s and not turn.undecided(slo_s):
            until_s, late = turn.until_s, turn.waited_s > slo_s
            yield Answer(min(max(turn.eos_s, until_s - 2 * slo_s) + slo_s if late else until_s, end_s), late)


def dialled(waits: Sequence[Away], end_s: float) -> Iterator[Answer]:
    """What each caller who was cut off says of it: all was not well when the platform last failed them, and
    well when it took them again. Between the two they paused of their own."""
    for wait in waits:
        if wait.failed_s < end_s:
            yield Answer(wait.failed_s, late=True)
        if wait.back:
            yield Answer(wait.end_s, late=False)


def _detected(timeline: Timeline, found: Recovery, limits: RecoveryLimits) -> Verdict:
    opened, out = first_open(timeline), first_out(timeline)
    told = [f"the first breaker opened after {seconds(opened[0])}"] if opened else []
    told += [f"the edge took a zone out after {seconds(out[0])}"] if out else []
    breaker = f"; {', '.join(told) or 'no breaker opened'}"
    because = [*_fault_ids(timeline), *(seen[1] for seen in (opened, out) if seen), *_breach_ids(timeline)]
    over = f"more than {percent(limits.breach_share)} of live calls were in breach"
    if found.detected_s is not None:
        sentence = f"{seconds(found.detected_s)} after the fault was applied {over}{breaker}."
        return passed(DETECTED, sentence, measured=seconds(found.detected_s), because=because)
    if opened or out:
        return passed(DETECTED, f"Never for a whole second {over}{breaker}.", because=because)
    return unknown(DETECTED, f"Never for a whole second {over}{breaker}: nobody noticed.", because=because)


def first_open(timeline: Timeline) -> tuple[float, str] | None:
    """Seconds from the fault to the first open breaker, and the event that shows it."""
    fault = timeline.fault
    if fault is None:
        return None
    moves = [
        (t.t_s - fault.start_s, t.id)
        for path in timeline.breakers
        for t in path.transitions
        if t.to_state == "open" and fault.holds(t.t_s)
    ]
    return min(moves, default=None)


def first_out(timeline: Timeline) -> tuple[float, str] | None:
    """Seconds from the fault until the edge first sent no more calls to a zone, and the event."""
    fault = timeline.fault
    if fault is None:
        return None
    out = [(p.t_s - fault.start_s, p.id) for p in timeline.edges if not p.healthy and fault.holds(p.t_s)]
    return min(out, default=None)


def _recovered(plan: Plan, timeline: Timeline, found: Recovery, limits: RecoveryLimits) -> Verdict:
    limit, because = seconds(limits.within_s), [*_fault_ids(timeline), *_breach_ids(timeline)]
    if not found.felt:
        return _never_felt(plan, timeline, found, limits)
    if found.sustained:
        measured = seconds(found.recovered_s)
        sentence = (
            f"Callers were well again {measured} after the fault was applied"
            f"{_interval(found)}, and stayed so; limit {limit}{_history(timeline, found)}."
        )
        if found.recovered_s <= limits.within_s < (found.high_s or 0.0):
            doubt = f"{sentence[:-1]}. The interval reaches beyond the limit."
            return unknown(RECOVERED, doubt, measured=measured, limit=limit, because=because)
        ok = found.recovered_s <= limits.within_s
        return held(ok, RECOVERED, sentence, measured=measured, limit=limit, because=because)
    still = "were well only for the last" if found.good_s else "were still not well at the end, after"
    told_s = found.good_s or found.evidence_s
    sentence = (
        f"Callers {still} {seconds(told_s)} of evidence, not for {seconds(limits.sustained_s)}"
        f"; limit {limit}{_history(timeline, found)}."
    )
    measured = f"more than {seconds(found.recovered_s)}"
    say = failed if found.recovered_s > limits.within_s else unknown
    return say(RECOVERED, sentence, measured=measured, limit=limit, because=because)


def _never_felt(plan: Plan, timeline: Timeline, found: Recovery, limits: RecoveryLimits) -> Verdict:
    limit, because = seconds(limits.within_s), _fault_ids(timeline)
    over = f"Never more than {percent(limits.breach_share)} of live calls were in breach"
    if found.evidence_s < limits.sustained_s:
        sentence = f"{over}, but there are only {seconds(found.evidence_s)} of evidence after the fault."
        return unknown(RECOVERED, sentence, limit=limit, because=because)
    if found.deserted:
        sentence = f"{over}, but for {seconds(found.empty_s)} nobody was in a call who could have felt it."
        return unknown(RECOVERED, sentence, limit=limit, because=because)
    seen, why_not = witness_seen(plan, timeline)
    if not seen:
        return unknown(RECOVERED, f"{over}, but the fault itself was not seen: {why_not}", because=because)
    sentence = f"{over} while the fault was seen to hold: callers never felt it."
    return passed(RECOVERED, sentence, measured=seconds(0.0), limit=limit, because=because)


def _interval(found: Recovery) -> str:
    if found.low_s is None or found.high_s is None:
        return ""
    return f" (95 % interval {seconds(found.low_s)} to {seconds(found.high_s)})"


def _history(timeline: Timeline, found: Recovery) -> str:
    opened = first_open(timeline)
    parts = [f"first felt after {seconds(found.detected_s)}"] if found.detected_s is not None else []
    parts += [f"first breaker open after {seconds(opened[0])}"] if opened else []
    parts.append(count(found.flaps, "relapse") if found.flaps else "no relapse")
    return "; " + ", ".join(parts)


def _area(timeline: Timeline, found: Recovery, limits: RecoveryLimits) -> Verdict:
    measured, limit = (
        f"{found.breached_call_s:.1f} call-seconds",
        f"{limits.breached_call_s:.0f} call-seconds",
    )
    because = [*_fault_ids(timeline), *_breach_ids(timeline)]
    sentence = (
        f"Callers waited {measured} beyond the {seconds(limits.turn_slo_s)} they are promised; limit {limit}."
    )
    if found.breached_call_s > limits.breached_call_s:
        return failed(AREA, sentence, measured=measured, limit=limit, because=because)
    if found.felt and not found.sustained:
        more = f"{sentence[:-1]}, and it was not over when the evidence ended."
        return unknown(AREA, more, measured=measured, limit=limit, because=because)
    return passed(AREA, sentence, measured=measured, limit=limit, because=because)


def _fault_ids(timeline: Timeline) -> list[str]:
    return [id_ for fault in timeline.faults for id_ in fault.ids[1:2]]


def _breach_ids(timeline: Timeline) -> list[str]:
    """The last breaches decide when it was over."""
    start_s, end_s = timeline.applied_s or 0.0, timeline.evidence.end_s
    late = [b for b in timeline.breaches if start_s <= b.end_s and b.start_s < end_s]
    return [b.turn for b in sorted(late, key=lambda b: -b.end_s)[:8]]
