"""Was the fault really there, was it seen by somebody else, and is it gone?

The witness is the drill's own request: through each zone's link for a fault of the EHR, to the
zone's doors (`doors`) for one of a zone. Without it a drill that broke nothing looks just like a
platform that withstood everything.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from drill.model.plan import Plan
from drill.model.units import seconds
from drill.model.verdicts import Verdict
from drill.objectives import doors, exercised, media_trips, planned
from drill.objectives.say import cited, failed, listed, passed, percent, unknown, zones
from drill.objectives.zone_loss import spec_of
from drill.timeline import FaultWindow, Span, Timeline, WitnessPoint

FAULT, WITNESS, REVERTED = NAMES = ("integrity.fault", "integrity.witness", "integrity.reverted")
SETTLE_S = 1.0
SAMPLES_MIN = 3
SHARE_MIN = 0.8
# Other ways in which one and the same fault may look to who asks.
_AKIN = {"reset": {"reset", "truncated"}}


def judge(plan: Plan, timeline: Timeline) -> tuple[Verdict, ...]:
    """See the module; a drill that restores instead of hurting is asked the same by `exercised`."""
    if exercised.instead_of_a_fault(plan):
        return exercised.judge(plan, timeline)
    return _fault(plan, timeline), _witness(plan, timeline), _reverted(plan, timeline)


def _fault(plan: Plan, timeline: Timeline) -> Verdict:
    because = [id_ for fault in timeline.faults for id_ in fault.ids]
    if not timeline.faults:
        why = "this was a sham run" if plan.sham else "none was even requested"
        said = "".join(f"; {note.text}" for note in timeline.refused)
        return unknown(FAULT, f"No fault was applied: {why}{said}.", because=planned.ids(timeline))
    broken = [f for f in timeline.faults if f.failed or f.applied_s is None]
    if broken:
        reasons = "; ".join(f"{f.fault}: {f.failed or 'nothing says that it was applied'}" for f in broken)
        return unknown(FAULT, f"The fault was not applied as planned: {reasons}.", because=because)
    if missing := planned.not_done(plan, timeline):
        sentence = f"Not all of the fault was done that was planned: {'; '.join(missing)}."
        return unknown(FAULT, sentence, because=[*planned.ids(timeline), *because])
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
    hung = [f for f in timeline.faults if _still_hangs(timeline, f)]
    if hung:
        names = listed([spec_of(f, "service") or f.fault for f in hung])
        sentence = f"Nobody woke {names} or took another process in its place: it was left stopped."
        return failed(REVERTED, sentence, because=because)
    by = listed(sorted({f.reverted_by for f in timeline.faults if f.reverted_by}))
    return passed(
        REVERTED, f"Every fault was reverted and read back, by {by or 'nobody named'}.", because=because
    )


def _still_hangs(timeline: Timeline, fault: FaultWindow) -> bool:
    """Whether a revert that undid nothing found the process that was stopped."""
    if fault.fault != "service-hang":
        return False
    before = [p.pid for p in doors.service_path(timeline, fault) if p.t_s < fault.requested_s and p.pid]
    found, prior = json.loads(fault.read_back), json.loads(fault.prior)
    pids = {*before[-1:], *([prior["pid"]] if prior.get("pid") else [])}
    return str(found.get("reverted by", "")).startswith("nobody") and found.get("pid") in pids


def _errors(faults: Sequence[FaultWindow]) -> str:
    return "; ".join(
        f"{f.fault} ({f.revert_failed or f.failed or 'no revert was written down'})" for f in faults
    )


def _witness(plan: Plan, timeline: Timeline) -> Verdict:
    if not plan.zones:
        return unknown(WITNESS, "The plan names no zone, so no witness was asked.")
    seen, why_not = witness_seen(plan, timeline)
    because = _witness_ids(timeline)
    if not seen:
        return unknown(WITNESS, why_not, because=because)
    found, links = doors.signs(timeline), _of_links(timeline)
    quiet = [*doors.not_open_before(plan, timeline), *media_trips.before(timeline)] if found else []
    quiet += doors.not_open_after(timeline)
    if links:
        quiet += _not_ok(plan, timeline, timeline.baseline, "before the fault")
        quiet += _not_ok(plan, timeline, _afterwards(timeline), "after the revert")
    if quiet:
        return unknown(WITNESS, f"The fault was seen, but {'; '.join(quiet)}.", because=because)
    names = listed(sorted({f.witness for f in links}))
    parts = (
        [f"{_doors(found, timeline)} while the fault held, and all doors were open before"] if found else []
    )
    if links:
        parts.append(
            f"{names!r} came out through every zone's link while the fault held, and 'ok' before and after"
        )
    return passed(WITNESS, f"Of the drill's own requests, {'; '.join(parts)}.", because=because)


def _doors(found: Sequence[doors.Sign], timeline: Timeline) -> str:
    return " and ".join(part for part in (doors.told(found), media_trips.told(timeline)) if part)


def witness_seen(plan: Plan, timeline: Timeline) -> tuple[bool, str]:
    """Whether every fault was seen where its witness says, and if not, why not."""
    links = _of_links(timeline)
    if not links and not doors.signs(timeline):
        return False, "The fault was not applied, so its witness could not be seen."
    lacking = [*doors.unseen(plan, timeline), *media_trips.unseen(plan, timeline)]
    for fault in links:
        lacking += [said for said in _unseen(plan, timeline, fault, links) if said not in lacking]
    wanted = listed(sorted({f.witness for f in timeline.faults}))
    return (
        (True, "")
        if not lacking
        else (False, f"The fault was not seen as {wanted!r} by its witness: {'; '.join(lacking)}.")
    )


def _of_links(timeline: Timeline) -> list[FaultWindow]:
    """Applied faults whose witness is every zone's link to the EHR."""
    return [f for f in timeline.faults if f.applied_s is not None and not doors.at_door(f)]


def _unseen(plan: Plan, timeline: Timeline, fault: FaultWindow, links: Sequence[FaultWindow]) -> list[str]:
    """The zones in which one fault was not seen. Where another one holds as well, either's sign will do
    there; but its own has to be seen somewhere, or the other one would be its proof."""
    span = _while_on(timeline, fault)
    beside = [f for f in links if _overlap(_while_on(timeline, f), span)] or [fault]
    wanted = {name for f in beside for name in _signs(f)}
    lacking: list[str] = []
    inside = [p for p in timeline.witness if span.holds(p.t_s) and p.answered_s <= span.end_s]
    own = sum(p.outcome in _signs(fault) for p in inside)
    if own < SAMPLES_MIN and wanted != _signs(fault):
        lacking.append(f"another fault hid {fault.fault}: only {own} requests came out as {fault.witness!r}")
    for zone in plan.zones:
        # A request that outlived the fault says as much of the revert as of the fault.
        inside = [p for p in _of(timeline, zone, span) if p.answered_s <= span.end_s]
        like = [p for p in inside if p.outcome in wanted]
        lacking += doors.blind(timeline, "witness", zone, zones([zone]), span)
        if len(inside) < SAMPLES_MIN:
            lacking.append(f"{zones([zone])}: only {len(inside)} requests")
        elif len(like) < SHARE_MIN * len(inside):
            lacking.append(f"{zones([zone])}: {len(like)} of {len(inside)} requests")
    return lacking


def _signs(fault: FaultWindow) -> set[str]:
    return _AKIN.get(fault.witness, {fault.witness})


def _overlap(one: Span, other: Span) -> bool:
    return one.start_s < other.end_s and other.start_s < one.end_s


def _while_on(timeline: Timeline, fault: FaultWindow) -> Span:
    """From a second after one fault was applied until it was reverted."""
    start_s = fault.applied_s if fault.applied_s is not None else fault.requested_s
    return Span(start_s + SETTLE_S, timeline.end_s if fault.reverted_s is None else fault.reverted_s)


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
    spans = [_while_on(timeline, fault) for fault in _of_links(timeline)]
    inside = [p.id for p in timeline.witness if any(span.holds(p.t_s) for span in spans)]
    return cited([id_ for f in timeline.faults for id_ in f.ids[:2]] + doors.ids(timeline) + inside)
