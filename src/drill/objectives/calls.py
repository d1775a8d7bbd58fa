"""What callers had to bear: hang-ups, silence, waiting, and somebody else's record.

Turns are sorted into phases as `turn_windows` has it. A turn whose answer never came waited
without end; one that was not yet due when the run ended says nothing and is left out. So is, among those
that were answered or not, one whose answer had begun when the caller spoke into it or the run cut it off.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from drill.model.plan import CallLimits, Objectives, Plan
from drill.model.units import seconds
from drill.model.verdicts import Status, Verdict, worst
from drill.objectives.percentile import TURNS_MIN, percentile, percentiles
from drill.objectives.recovery import measure
from drill.objectives.say import cited, count, failed, held, passed, percent, told, unknown
from drill.objectives.turn_windows import asked_or_open, due_before_end, within
from drill.timeline import Span, Timeline, Turn

DROPPED, ANSWERED, LATENCY, PATIENT = NAMES = (
    "calls.dropped", "calls.answered", "calls.latency", "calls.right_patient",
)  # fmt: skip
(CASCADE,) = SPREAD = ("calls.no_cascade",)

# A call that nobody wanted to end: the platform hung up or refused, or left the caller in silence.
BROKEN = ("dropped", "refused", "abandoned")
_TOLD = ("full", "degraded", "wrong_patient")


def judge(plan: Plan, timeline: Timeline) -> tuple[Verdict, ...]:
    """See the module."""
    limits = plan.objectives.calls
    if limits is None:
        return ()
    turns = settled_turns(timeline)
    return (
        _dropped(timeline, limits),
        _answered(turns, limits),
        _latency(phase_turns(plan, timeline), limits),
        _right_patient(turns),
    )


def asks_for_spread(objectives: Objectives) -> bool:
    """Whether a drill says how turns that need no EHR must go while the EHR is away."""
    return objectives.calls is not None and objectives.calls.unaffected_p95_s is not None


def judge_spread(plan: Plan, timeline: Timeline) -> tuple[Verdict, ...]:
    """Whether what the fault hit was borne by others, too."""
    limits = plan.objectives.calls
    if limits is None or limits.unaffected_p95_s is None:
        return ()
    return (_no_cascade(timeline, settled_turns(timeline), limits.unaffected_p95_s),)


def settled_turns(timeline: Timeline) -> tuple[Turn, ...]:
    """Turns begun while there was evidence, without those that were not yet due at its end."""
    return timeline.once(_settled_turns)


def _settled_turns(timeline: Timeline) -> tuple[Turn, ...]:
    begun = within(timeline.turns, Span(-math.inf, timeline.evidence.end_s))
    kept = tuple(t for t in begun if t.answered or not t.undecided(timeline.turn_slo_s))
    return kept if len(kept) < len(timeline.turns) else timeline.turns  # of a million, no second row


def _dropped(timeline: Timeline, limits: CallLimits) -> Verdict:
    end_s = timeline.evidence.end_s
    begun = [c for c in timeline.calls if c.start_s < end_s]
    lost = [c for c in begun if c.outcome in BROKEN and c.end_s <= end_s]
    limit, because = f"at most {limits.dropped_max}", [c.id for c in lost]
    if len(lost) > limits.dropped_max:
        refused = sum(c.outcome == "refused" for c in lost)
        left = sum(c.outcome == "abandoned" for c in lost)
        sentence = (
            f"The platform hung up on {count(len(lost) - refused - left, 'call')} and refused {refused}"
            f"{f', and in {left} the caller gave up on the silence' if left else ''}, of {len(begun)}; "
            f"limit {limit}."
        )
        return failed(DROPPED, sentence, measured=count(len(lost), "call"), limit=limit, because=because)
    if not begun:
        return unknown(DROPPED, "No call was made.", limit=limit)
    sentence = f"{count(len(lost), 'call')} of {len(begun)} dropped, abandoned or refused; limit {limit}."
    measured = count(len(lost), "call")
    return passed(DROPPED, sentence, measured=measured, limit=limit, because=because or [begun[-1].id])


def _answered(turns: Sequence[Turn], limits: CallLimits) -> Verdict:
    limit = f"at least {percent(limits.answered_min)}"
    told = [t for t in turns if not (t.answered and t.outcome not in _TOLD)]
    if len(told) < TURNS_MIN:
        return unknown(ANSWERED, _too_few(len(told), "in the whole run"), limit=limit)
    kinds = Counter(t.outcome if t.answered else "never" for t in told)
    share = (kinds["full"] + kinds["degraded"]) / len(told)
    wrong = f", {kinds['wrong_patient']} with somebody else's record" if kinds["wrong_patient"] else ""
    sentence = (
        f"{percent(share)} of {len(told)} turns were answered ({kinds['full']} in full, "
        f"{kinds['degraded']} degraded{wrong}, {kinds['never']} never); limit {limit}."
    )
    ok = share >= limits.answered_min - 1e-12
    because = [t.id for t in told if not t.answered or t.outcome == "wrong_patient"] or [told[-1].id]
    return held(ok, ANSWERED, sentence, measured=percent(share), limit=limit, because=because)


def phase_spans(plan: Plan, timeline: Timeline) -> dict[str, Span]:
    """baseline, fault and recovered, as far as the run has them."""
    spans = {}
    if timeline.baseline:
        spans["baseline"] = timeline.baseline
    if timeline.fault:
        spans["fault"] = timeline.fault
    if timeline.fault and timeline.reverted_s is not None:
        start_s, limits = timeline.reverted_s, plan.objectives.recovery
        found = measure(timeline, limits) if limits else None
        if found and found.sustained:
            start_s = max(start_s, timeline.fault.start_s + found.recovered_s)
        spans["recovered"] = Span(start_s, timeline.evidence.end_s)
    return spans


def phase_turns(plan: Plan, timeline: Timeline) -> dict[str, Sequence[Turn]]:
    """The settled turns of each of `phase_spans`."""
    turns, spans, limits = settled_turns(timeline), phase_spans(plan, timeline), plan.objectives.calls
    due_s = max(timeline.turn_slo_s, limits.turn_p95_s if limits else 0.0)
    found = {
        "baseline": due_before_end(turns, spans.get("baseline"), due_s),
        "fault": asked_or_open(turns, spans.get("fault"), due_s),
        "recovered": within(turns, spans.get("recovered")),
    }
    return {phase: found[phase] for phase in spans}


def _latency(turns: Mapping[str, Sequence[Turn]], limits: CallLimits) -> Verdict:
    """Baseline and recovered are held against the limit; the fault's figures are told."""
    limit = f"p95 {seconds(limits.turn_p95_s)}"
    statuses, parts, measured, slow = [], [], [], []
    for phase in ("baseline", "fault", "recovered"):
        inside = turns.get(phase, ())
        judged = phase != "fault"
        if len(inside) < TURNS_MIN:
            statuses += [Status.UNKNOWN] if judged else []
            parts.append(f"{phase}: only {len(inside)} of the {TURNS_MIN} turns a p95 needs")
            continue
        p50, p95, p99 = percentiles([t.latency_s for t in inside])
        parts.append(f"{phase}: p50 {told(p50)}, p95 {told(p95)}, p99 {told(p99)}")
        if judged:
            statuses.append(Status.PASS if p95 <= limits.turn_p95_s else Status.FAIL)
            measured.append(f"{phase} {told(p95)}")
            slow += sorted(inside, key=lambda t: -t.latency_s)[:4]
    sentence = f"Turn latency: {'; '.join(parts)}. Limit outside the fault: {limit}."
    because = cited(t.id for t in slow)
    return Verdict(LATENCY, worst(statuses), sentence, ", ".join(measured), limit, because)


def _no_cascade(timeline: Timeline, turns: Sequence[Turn], limit_s: float) -> Verdict:
    limit = f"p95 {seconds(limit_s)}"
    if timeline.fault is None:
        return unknown(CASCADE, "No fault was applied, so nothing could spread.", limit=limit)
    inside = [t for t in within(turns, timeline.fault) if not t.needs_ehr]
    if len(inside) < TURNS_MIN:
        return unknown(CASCADE, _too_few(len(inside), "that need no EHR, during the fault"), limit=limit)
    p95 = percentile([t.latency_s for t in inside], 0.95)
    sentence = (
        f"During the fault, p95 of the {len(inside)} turns that need no EHR was {told(p95)}; limit {limit}."
    )
    because = [t.id for t in sorted(inside, key=lambda t: -t.latency_s)]
    ok = p95 <= limit_s
    return held(ok, CASCADE, sentence, measured=told(p95), limit=limit, because=because)


def _right_patient(turns: Sequence[Turn]) -> Verdict:
    asked = [t for t in turns if t.needs_ehr]
    wrong = [t for t in turns if t.outcome == "wrong_patient"]
    measured, limit = count(len(wrong), "turn"), "none"
    if wrong:
        sentence = f"{measured} told a caller about somebody else's record."
        return failed(PATIENT, sentence, measured=measured, limit=limit, because=[t.id for t in wrong])
    full = [t for t in asked if t.outcome == "full"]
    if len(full) < TURNS_MIN:
        return unknown(PATIENT, _too_few(len(full), "in which a record was used"), limit=limit)
    sentence = f"In none of {len(full)} turns that used a record was it somebody else's."
    return passed(PATIENT, sentence, measured=measured, limit=limit, because=[full[-1].id])


def _too_few(number: int, which: str) -> str:
    return f"There were only {count(number, 'turn')} {which}; at least {TURNS_MIN} are needed."
