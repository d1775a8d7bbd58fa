"""The circuit breaker around the EHR: it opens in time, keeps its law, and closes again.

The law is a table; what a breaker does besides is illegal:

    closed ──▶ open ──▶ half_open ──▶ closed
                 ▲──────────┘

What it spares its callers and the EHR while it is open is judged in `breaker_traffic`.
"""

from __future__ import annotations

from collections.abc import Sequence

from drill.model.plan import BreakerLimits, Plan
from drill.model.units import seconds
from drill.model.verdicts import Verdict
from drill.objectives import breaker_traffic
from drill.objectives.open_spells import CLOSED, HALF_OPEN, OPEN, opened_at
from drill.objectives.say import count, failed, listed, passed, unknown, zones
from drill.timeline import BreakerPath, Span, Timeline, Transition

OPENED, CLOSED_AGAIN, LEGALLY = "breaker.opened", "breaker.closed", "breaker.legal"
NAMES = (OPENED, *breaker_traffic.NAMES[:2], CLOSED_AGAIN, LEGALLY, *breaker_traffic.NAMES[2:])
# A link is given back a moment before that is written down.
REVERT_S = 1.0
LEGAL = {CLOSED: {OPEN}, OPEN: {HALF_OPEN}, HALF_OPEN: {OPEN, CLOSED}}


def judge(plan: Plan, timeline: Timeline) -> tuple[Verdict, ...]:
    """See the module."""
    limits = plan.objectives.breaker
    if limits is None:
        return ()
    if not plan.zones:
        return tuple(unknown(name, "The plan names no zone, so no breaker was looked at.") for name in NAMES)
    if timeline.fault is None:
        sentence = "No fault was applied, so the breaker had nothing to react to."
        return tuple(unknown(name, sentence) for name in NAMES)
    fast, quiet, storm = breaker_traffic.judge(plan, timeline, limits, timeline.fault)
    opened = _opened(plan, timeline, limits, timeline.fault)
    return opened, fast, quiet, _closed(plan, timeline, limits), _legal(plan, timeline, limits), storm


def _opened(plan: Plan, timeline: Timeline, limits: BreakerLimits, fault: Span) -> Verdict:
    """A zone that was watched and did not open has failed, whatever is not known of the others."""
    due_s, limit = fault.start_s + limits.opens_within_s, seconds(limits.opens_within_s)
    proofs: dict[str, tuple[float, str]] = {}
    never, late, blind = [], [], []
    for zone in plan.zones:
        path = timeline.breaker(zone)
        proof = opened_at(path, fault.start_s, fault.end_s)
        if proof:
            proofs[zone] = proof
        if proof and proof[0] <= due_s:
            continue
        until_s = proof[0] if proof else min(due_s, fault.end_s)
        if timeline.silent("breaker", zone, Span(fault.start_s, until_s)):
            blind.append(zone)
        elif proof:
            late.append(f"{zones([zone])} after {seconds(proof[0] - fault.start_s)}")
        else:
            never.append(zone)
    because = [id_ for _, id_ in sorted(proofs.values())] or _last_ids(timeline, plan.zones, fault.end_s)
    measured = seconds(max(t for t, _ in proofs.values()) - fault.start_s) if proofs else "never"
    if never and fault.end_s < due_s:
        sentence = (
            f"The fault held for only {seconds(fault.length_s)}; until then {zones(never)} did not open."
        )
        return unknown(OPENED, sentence, measured="never", limit=limit, because=because)
    if never or late:
        parts = [f"{zones(never)} never opened during the fault"] if never else []
        sentence = f"The breaker of {'; '.join(parts + late)}; limit {limit}."
        return failed(OPENED, sentence, measured="never" if never else measured, limit=limit, because=because)
    if blind:
        return unknown(OPENED, f"{_blind(blind)} while the fault held.", limit=limit, because=because)
    sentence = f"The breaker opened in every zone within {measured} of the fault; limit {limit}."
    return passed(OPENED, sentence, measured=measured, limit=limit, because=because)


def _closed(plan: Plan, timeline: Timeline, limits: BreakerLimits) -> Verdict:
    limit, reverted_s = seconds(limits.closes_within_s), timeline.reverted_s
    if reverted_s is None or timeline.fault is None:
        return unknown(CLOSED_AGAIN, "The fault was not reverted, so nothing could close.", limit=limit)
    end_s = timeline.evidence.end_s
    took, never, blind, unopened, because = {}, [], [], [], []
    for zone in plan.zones:
        path = timeline.breaker(zone)
        if not opened_at(path, timeline.fault.start_s, end_s):
            unopened.append(zone)
            continue
        found = _closed_for_good(path, end_s)
        if timeline.silent("breaker", zone, Span(reverted_s, end_s)):
            blind.append(zone)
        elif found is None:
            never.append(zone)
        else:
            took[zone] = max(0.0, found[0] - reverted_s)
            because.append(found[1])
    measured = seconds(max(took.values())) if took and not never else "never" if never else ""
    if early := _into_the_fault(plan, timeline):
        shown = "; ".join(f"{zones([z])} {seconds(s)} before" for z, (s, _) in early.items())
        sentence = (
            f"The breaker closed while the fault held, {shown} the revert: all requests went out again."
        )
        return failed(
            CLOSED_AGAIN, sentence, measured="during the fault", limit=limit,
            because=[id_ for _, id_ in early.values()],
        )  # fmt: skip
    late = [f"{zones([z])} closed after {seconds(s)}" for z, s in took.items() if s > limits.closes_within_s]
    because = because or _last_ids(timeline, plan.zones, end_s)
    if late or (never and end_s - reverted_s >= limits.closes_within_s):
        parts = late + ([f"{zones(never)} did not close again"] if never else [])
        sentence = f"After the revert, {'; '.join(parts)}; limit {limit}."
        return failed(CLOSED_AGAIN, sentence, measured=measured, limit=limit, because=because)
    if never or blind or unopened:
        parts = [f"{zones(never)} did not close before the evidence ended"] if never else []
        parts += [_blind(blind)] if blind else []
        parts += [f"{zones(unopened)} never opened, so there was nothing to close"] if unopened else []
        return unknown(CLOSED_AGAIN, f"{'; '.join(parts)}.", measured=measured, limit=limit, because=because)
    sentence = f"The breaker closed in every zone within {measured} of the revert, for good; limit {limit}."
    return passed(CLOSED_AGAIN, sentence, measured=measured, limit=limit, because=because)


def _into_the_fault(plan: Plan, timeline: Timeline) -> dict[str, tuple[float, str]]:
    """Zones whose breaker opened and closed before the first link was given back, and how long before. A
    trial that fails opens it again and closes nothing."""
    fault = timeline.fault
    ends = [f.reverted_s for f in timeline.faults if f.applied_s is not None and f.reverted_s is not None]
    if fault is None or not ends:
        return {}
    found = {}
    for zone in plan.zones:
        path = timeline.breaker(zone)
        opened = opened_at(path, fault.start_s, min(ends) - REVERT_S)
        shut = [t for t in path.transitions if t.to_state == CLOSED and opened and t.t_s > opened[0]]
        early = [t for t in shut if t.t_s < min(ends) - REVERT_S]
        if early:
            found[zone] = (min(ends) - early[0].t_s, early[0].id)
    return found


def _closed_for_good(path: BreakerPath, end_s: float) -> tuple[float, str] | None:
    """Since when the breaker has been closed without interruption until the end of evidence."""
    since: tuple[float, str] | None = None
    reopened = {t.t_s for t in path.transitions if t.to_state == OPEN}
    for point in path.samples:
        if point.t_s > end_s:
            break
        if point.state != CLOSED:
            since = None
        elif since is None or point.t_s in reopened:
            since = (point.t_s, point.id)
    return since


def _legal(plan: Plan, timeline: Timeline, limits: BreakerLimits) -> Verdict:
    illegal: list[Transition] = []
    moves, blind = 0, []
    for zone in plan.zones:
        path = timeline.breaker(zone)
        moves += len(path.transitions)
        illegal += [t for t in path.transitions if not _allowed(path, t, limits.wait_s)]
        if timeline.silent("breaker", zone, timeline.evidence) or not path.samples:
            blind.append(zone)
    if illegal:
        shown = listed(sorted({f"{t.from_state} to {t.to_state} in zone {t.zone}" for t in illegal}))
        return failed(
            LEGALLY, f"The breaker went from {shown}: no legal transition.",
            measured=count(len(illegal), "illegal transition"), limit="none", because=[t.id for t in illegal],
        )  # fmt: skip
    if blind:
        return unknown(LEGALLY, f"{_blind(blind)} at some time during the run.", limit="none")
    because = [t.id for zone in plan.zones for t in timeline.breaker(zone).transitions]
    sentence = f"All {count(moves, 'transition')} were legal ones."
    return passed(LEGALLY, sentence, measured="0 illegal transitions", limit="none", because=because)


def _allowed(path: BreakerPath, move: Transition, wait_s: float) -> bool:
    """By the table. Between two sampled states a short one may have been missed: half-open always is
    short, open only where the samples lie further apart than the breaker waits."""
    if move.to_state in LEGAL.get(move.from_state, set()):
        return True
    if path.counted:
        return False
    if (move.from_state, move.to_state) == (OPEN, CLOSED):
        return True
    return (move.from_state, move.to_state) == (CLOSED, HALF_OPEN) and move.t_s - move.after_s >= wait_s


def _blind(names: Sequence[str]) -> str:
    return f"the breaker of {zones(names)} could not be read for more than 2 s"


def _last_ids(timeline: Timeline, names: Sequence[str], until_s: float) -> list[str]:
    """The last samples within a time: what shows that something did not happen."""
    found = []
    for zone in names:
        found += [p.id for p in timeline.breaker(zone).samples if p.t_s <= until_s][-1:]
    return found
