"""How it went for callers: key figures, and each phase's turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from drill.model.plan import Plan
from drill.model.units import seconds
from drill.objectives.calls import phase_turns, settled_turns
from drill.objectives.percentile import TURNS_MIN, percentiles
from drill.objectives.recovery import first_open
from drill.objectives.say import count, told
from drill.objectives.writes import keep, last_readback
from drill.recovery_estimate import Recovery
from drill.report.scene import dot_kind
from drill.report.series import most_up
from drill.report.values import Figure, TurnRow
from drill.report.words import NOTHING
from drill.timeline import Timeline, Turn

_ENDINGS = (
    ("completed", "completed"), ("dropped", "dropped by the platform"), ("refused", "refused"),
    ("abandoned", "given up by callers who heard nothing"),
    ("cut", "cut short by the end of the run"), ("open", "without an end in the journal"),
)  # fmt: skip


def figures(plan: Plan, timeline: Timeline, recovery: Recovery | None) -> tuple[Figure, ...]:
    """What somebody will quote."""
    calls = Counter(call.outcome for call in timeline.calls)
    made, lost = len(timeline.calls), calls["dropped"] + calls["refused"]
    return (
        *recovery_figures(plan, recovery),
        _opened(plan, timeline),
        calls_figure(timeline),
        Figure("Dropped or refused", str(lost) if made else NOTHING, f"of {count(made, 'call')}"),
        turns_figure(timeline),
        _writes(timeline),
    )


def calls_figure(timeline: Timeline) -> Figure:
    """How many calls there were."""
    return Figure("Calls", str(len(timeline.calls)), f"up to {most_up(timeline)} at once")


def turns_figure(timeline: Timeline) -> Figure:
    """How many turns there were, and what became of them."""
    settled = settled_turns(timeline)
    turns, early = Counter(dot_kind(turn) for turn in settled), len(timeline.turns) - len(settled)
    note = f"{turns['degraded']} degraded, {turns['never']} without an answer"
    note += f", {turns['part']} heard in part" if turns["part"] else ""
    note += f", {early} not due before the end" if early else ""
    return Figure("Turns", str(len(timeline.turns)), note)


def recovery_figures(plan: Plan, found: Recovery | None) -> tuple[Figure, ...]:
    """When callers felt it, when they were well again, and how long they waited."""
    limits = plan.objectives.recovery
    names = ("Felt by callers after", "Recovered after", "Waited beyond the promise")
    if limits is None or found is None:
        return tuple(Figure(name, NOTHING, "not measured") for name in names)
    over = f"more than {limits.breach_share * 100:g} % of calls in breach"
    felt = Figure(names[0], "never" if found.detected_s is None else seconds(found.detected_s),
                  f"never {over} for a whole second" if found.detected_s is None else over)  # fmt: skip
    area = Figure(
        names[2], f"{found.breached_call_s:.1f} call-s", f"limit {limits.breached_call_s:g} call-seconds"
    )
    return felt, Figure(names[1], *_recovered(found, seconds(limits.within_s))), area


def _recovered(found: Recovery, limit: str) -> tuple[str, str]:
    if not found.felt and found.deserted:
        return "not known", f"nobody was in a call for {seconds(found.empty_s)}; limit {limit}"
    if not found.felt:
        return "never felt", f"limit {limit}"
    if not found.sustained:
        return f"over {seconds(found.recovered_s)}", f"not well for long enough; limit {limit}"
    if found.low_s is None or found.high_s is None:
        return seconds(found.recovered_s), f"limit {limit}"
    return seconds(
        found.recovered_s
    ), f"95 % interval {seconds(found.low_s)} to {seconds(found.high_s)}; limit {limit}"


def _opened(plan: Plan, timeline: Timeline) -> Figure:
    fault, first = timeline.fault, first_open(timeline)
    if not any(path.samples for path in timeline.breakers):
        return Figure("Breakers opened", NOTHING, "no breaker was sampled")
    zones = {
        path.zone
        for path in timeline.breakers
        if any(t.to_state == "open" and fault and fault.holds(t.t_s) for t in path.transitions)
    }
    note = f"first after {seconds(first[0])}" if first else "during the fault"
    return Figure("Breakers opened", f"{len(zones)} of {len(plan.zones)}", note)


def _writes(timeline: Timeline) -> Figure:
    label = "EHR notes compared"
    readback = last_readback(timeline, "ehr")
    if readback is None or not readback.ok:
        return Figure(label, NOTHING, "the EHR was not read back")
    ledger = keep(timeline)
    found = sum(bool(ledger.of[turn.id]) for turn in ledger.promised)
    note = f"promised to callers and found; {count(len(timeline.records), 'record')} read"
    return Figure(label, f"{found} of {len(ledger.promised)}", note)


def calls_sentence(timeline: Timeline) -> str:
    """All calls and how they ended, in one sentence."""
    ends = Counter(call.outcome for call in timeline.calls)
    told_ = [
        f"{ends[name]} {words}" for name, words in _ENDINGS if ends[name] or name in ("completed", "dropped")
    ]
    return (
        f"{count(len(timeline.calls), 'call')}: {', '.join(told_)}."
        if timeline.calls
        else "No call was made."
    )


def turn_rows(plan: Plan, timeline: Timeline) -> tuple[TurnRow, ...]:
    """Each phase, first the turns that need the EHR, then those that do not."""
    rows = []
    for phase, inside in phase_turns(plan, timeline).items():
        rows.append(_turn_row(phase, "need the EHR", [t for t in inside if t.needs_ehr]))
        rows.append(_turn_row(phase, "need no EHR", [t for t in inside if not t.needs_ehr]))
    return tuple(rows)


def _turn_row(phase: str, kind: str, turns: Sequence[Turn]) -> TurnRow:
    waits = [turn.latency_s for turn in turns]
    p50, p95, p99 = map(told, percentiles(waits)) if len(waits) >= TURNS_MIN else (NOTHING,) * 3
    kinds = Counter(dot_kind(turn) for turn in turns)
    each = (kinds[name] for name in ("full", "degraded", "wrong", "part", "never"))
    return TurnRow(phase, kind, len(turns), p50, p95, p99, *each)
