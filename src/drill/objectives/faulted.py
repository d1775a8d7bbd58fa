"""Was the fault really there, was it seen by somebody else, and is it gone?

The witness is the drill's own request through each zone's link. Without it a drill that
broke nothing looks just like a platform that withstood everything.
"""

from __future__ import annotations

from collections.abc import Sequence

from drill.model.plan import Plan
from drill.model.units import seconds
from drill.model.verdicts import Verdict
from drill.objectives.say import cited, failed, listed, passed, percent, unknown, zones
from drill.timeline import FaultWindow, Span, Timeline, WitnessPoint

FAULT, WITNESS, REVERTED = NAMES = ("integrity.fault", "integrity.witness", "integrity.reverted")
SETTLE_S = 1.0
SAMPLES_MIN = 3
SHARE_MIN = 0.8
# Other ways in which one and the same fault may look to who asks.
_AKIN = {"reset": {"reset", "truncated"}}


def judge(plan: Plan, timeline: Timeline) -> tuple[Verdict, ...]:
    """See the module."""
    return _fault(plan, timeline), _witness(plan, timeline), _reverted(plan, timeline)


def _fault(plan: Plan, timeline: Timeline) -> Verdict:
    because = [id_ for fault in timeline.faults for id_ in fault.ids]
    if not timeline.faults:
        why = "this was a sham run" if plan.sham else "none was even requested"
        return unknown(FAULT, f"No fault was applied: {why}.")
    broken = [f for f in timeline.faults if f.failed or f.applied_s is None]
    if broken:
        reasons = "; ".join(f"{f.fault}: {f.failed or 'nothing says that it was applied'}" for f in broken)
        return unknown(FAULT, f"The fault was not applied as planned: {reasons}.", because=because)
    kinds = listed(sorted({f.fault for f in timeline.faults}))
    held_s = timeline.fault.length_s if timeline.fault else 0.0
    sentence = f"Every requested fault ({kinds}) was applied and read back; it held for {seconds(held_s)}."
    return passed(FAULT, sentence, measured=seconds(held_s), because=because)


def _reverted(plan: Plan, timeline: Timeline) -> Verdict:
    left = [f for f in timeline.outstanding() if f.applied_s is not None]
    unclear = [f for f in timeline.outstanding() if f.applied_s is None]
    because = [id_ for fault in timeline.faults for id_ in reversed(fault.ids)]
    if left:
        sentence = f"Faults were left behind: {_errors(left)}. Run `drill heal` on this run."
        return failed(REVERTED, sentence, because=because)
    if unclear:
        sentence = f"It is not known whether a fault was left behind: {_errors(unclear)}."
        return unknown(REVERTED, sentence, because=because)
    if not timeline.faults:
        say = passed if plan.sham else unknown
        return say(REVERTED, "No fault was requested, so there was none to revert.")
    by = listed(sorted({f.reverted_by for f in timeline.faults if f.reverted_by}))
    return passed(
        REVERTED, f"Every fault was reverted and read back, by {by or 'nobody named'}.", because=because
    )


def _errors(faults: Sequence[FaultWindow]) -> str:
    return "; ".join(
        f"{f.fault} ({f.revert_failed or f.failed or 'no revert was written down'})" for f in faults
    )


def _witness(plan: Plan, timeline: Timeline) -> Verdict:
    seen, why_not = witness_seen(plan, timeline)
    because = _witness_ids(timeline)
    if not seen:
        return unknown(WITNESS, why_not, because=because)
    quiet = [*_not_ok(plan, timeline, timeline.baseline, "before the fault"),
             *_not_ok(plan, timeline, _afterwards(timeline), "after the revert")]  # fmt: skip
    if quiet:
        return unknown(WITNESS, f"The fault was seen, but {'; '.join(quiet)}.", because=because)
    names = listed(sorted({f.witness for f in timeline.faults}))
    sentence = (
        f"The drill's own requests came out as {names!r} through every zone's link while the fault held, "
        "and as 'ok' before and after."
    )
    return passed(WITNESS, sentence, because=because)


def witness_seen(plan: Plan, timeline: Timeline) -> tuple[bool, str]:
    """Whether every zone's witness saw the fault, and if not, why not."""
    window = _while_on(timeline)
    if window is None:
        return False, "The fault was not applied, so its witness could not be seen."
    wanted = {name for f in timeline.faults for name in _AKIN.get(f.witness, {f.witness})}
    lacking = []
    for zone in plan.zones:
        # A request that outlived the fault says as much of the revert as of the fault.
        inside = [p for p in _of(timeline, zone, window) if p.answered_s <= window.end_s]
        like = [p for p in inside if p.outcome in wanted]
        if len(inside) < SAMPLES_MIN:
            lacking.append(f"{zones([zone])}: only {len(inside)} requests")
        elif len(like) < SHARE_MIN * len(inside):
            lacking.append(f"{zones([zone])}: {len(like)} of {len(inside)} requests")
    if not lacking:
        return True, ""
    return (
        False,
        f"The fault was not seen as {listed(sorted(wanted))!r} by its witness: {'; '.join(lacking)}.",
    )


def _while_on(timeline: Timeline) -> Span | None:
    """From a second after the last fault was applied until the first one was reverted."""
    on = [f for f in timeline.faults if f.applied_s is not None]
    if not on:
        return None
    start_s = max(f.applied_s for f in on if f.applied_s is not None) + SETTLE_S
    ends = [f.reverted_s if f.reverted_s is not None else timeline.end_s for f in on]
    return Span(start_s, min(ends))


def _afterwards(timeline: Timeline) -> Span | None:
    if timeline.reverted_s is None:
        return None
    return Span(timeline.reverted_s + SETTLE_S, timeline.evidence.end_s)


def _not_ok(plan: Plan, timeline: Timeline, span: Span | None, when: str) -> list[str]:
    """What is not right with the witness when there is no fault."""
    if span is None:
        return [f"there was no time {when}"]
    found = []
    for zone in plan.zones:
        inside = _of(timeline, zone, span)
        good = sum(p.outcome == "ok" for p in inside)
        if len(inside) < SAMPLES_MIN:
            found.append(f"{zones([zone])} has only {len(inside)} requests {when}")
        elif good < SHARE_MIN * len(inside):
            found.append(f"{zones([zone])} had only {percent(good / len(inside))} of requests ok {when}")
    return found


def _of(timeline: Timeline, zone: str, span: Span) -> list[WitnessPoint]:
    return [p for p in timeline.witness if p.zone == zone and span.holds(p.t_s)]


def _witness_ids(timeline: Timeline) -> tuple[str, ...]:
    window = _while_on(timeline)
    inside = [p.id for p in timeline.witness if window and window.holds(p.t_s)]
    return cited([id_ for f in timeline.faults for id_ in f.ids[:2]] + inside)
