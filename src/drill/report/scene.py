"""From a timeline to its picture: which lanes there are, their axes and limits."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from drill.model.plan import Plan
from drill.model.units import seconds
from drill.objectives.calls import settled_turns
from drill.objectives.phases import PhaseMark
from drill.recovery_estimate import Recovery
from drill.report import subject, zones
from drill.report.marks import marks
from drill.report.picture import Axis, Band, BarLane, DotLane, Dots, Lane, Limit, Picture, StepLane
from drill.report.series import presence
from drill.report.spoken import spoken
from drill.report.states import breaker_lane, witness_lane
from drill.timeline import Phase, Span, Step, Timeline, Turn

BARS_MAX = 240
_KINDS = {"full": "full", "degraded": "degraded", "wrong_patient": "wrong"}
# Round upper ends of an axis, and into how many round parts each is divided.
_NICE = {1.0: 2, 1.5: 3, 2.0: 2, 3.0: 3, 4.0: 2, 6.0: 3, 8.0: 2, 10.0: 2}


def picture(
    plan: Plan, timeline: Timeline, recovery: Recovery | None, found: Sequence[PhaseMark] = ()
) -> Picture:
    """The whole picture, relative to the moment the fault was applied (or to the run's start)."""
    window, zero_s = shown(timeline), timeline.t0_s
    applied = timeline.applied_s is not None
    phases = [p for p in timeline.phases if p.end_s > window.start_s and p.start_s < window.end_s]
    return Picture(
        start_s=window.start_s - zero_s,
        end_s=window.end_s - zero_s,
        zero="seconds after the fault was applied"
        if applied
        else "seconds after the run began; no fault was applied",
        text=spoken(plan, timeline, recovery, found),
        phases=tuple(_phase(plan, p, zero_s) for p in phases),
        faults=tuple(
            Band(
                f.applied_s - zero_s,
                (window.end_s if f.reverted_s is None else f.reverted_s) - zero_s,
                f.fault,
                "on",
            )
            for f in timeline.faults
            if f.applied_s is not None
        ),
        marks=marks(plan, timeline, recovery, found),
        lanes=_lanes(plan, timeline, window),
    )


def _phase(plan: Plan, phase: Phase, zero_s: float) -> Band:
    """Where nothing is hurt, the fault's time is the restore's."""
    name = "restore" if subject.of_restore(plan) and phase.name == "fault" else phase.name
    return Band(phase.start_s - zero_s, phase.end_s - zero_s, name, name)


def shown(timeline: Timeline) -> Span:
    """From the first call to the last evidence: what came before and after touched no caller."""
    ramp = [p.start_s for p in timeline.phases if p.name in ("ramp", "baseline")]
    first = min([*ramp, *(s.t_s for s in timeline.steps[:1])], default=0.0)
    last = max([timeline.evidence.end_s, *(f.reverted_s or 0.0 for f in timeline.faults)])
    return Span(first, last if last > first else max(timeline.end_s, first + 1.0))


def _lanes(plan: Plan, timeline: Timeline, window: Span) -> tuple[Lane, ...]:
    zero_s = timeline.t0_s
    inside = [s for s in timeline.steps if s.t_s < window.end_s]
    lanes: list[Lane] = [_up(timeline, window), _share(plan, inside, zero_s, window),
                         _latency(timeline, zero_s, window)]  # fmt: skip
    if subject.of_zones(plan, timeline):
        lanes += [zones.edge_lane(plan, timeline, window), zones.member_lane(plan, timeline, window)]
        lanes += zones.door_lanes(plan, timeline, window)
    elif subject.of_stages(timeline):
        lanes += zones.door_lanes(plan, timeline, window)
    if timeline.breakers and subject.of_breakers(plan, timeline):
        lanes.append(breaker_lane(timeline, window))
    if timeline.requests and subject.of_breakers(plan, timeline):
        lanes.append(_requests(timeline, zero_s, window))
    if timeline.witness and subject.of_links(plan, timeline):
        lanes.append(witness_lane(timeline, window))
    return tuple(lanes)


def axis(highest: float, unit: str, parts: int = 0) -> Axis:
    """From 0 to a round value not below the highest, in round parts."""
    scale = 10.0 ** math.floor(math.log10(highest)) if highest > 0 else 1.0
    nice = next((n for n in _NICE if n * scale >= highest * (1 - 1e-9)), 10.0)
    top, steps = nice * scale, parts or _NICE[nice]
    return Axis(
        top, tuple((top * i / steps, f"{top * i / steps:g}{unit if i else ''}") for i in range(steps + 1))
    )


def _until(points: list[tuple[float, float]], window: Span, zero_s: float) -> tuple[tuple[float, float], ...]:
    """The last value holds until the end of the picture."""
    return (*points, (window.end_s - zero_s, points[-1][1])) if points else ()


def _up(timeline: Timeline, window: Span) -> StepLane:
    zero_s = timeline.t0_s
    series = [p for p in presence(timeline) if p.t_s < window.end_s]
    up = [(p.t_s - zero_s, float(p.up)) for p in series]
    away = [(p.t_s - zero_s, float(p.away)) for p in series] if timeline.away else []
    top = axis(max((max(p.up, p.away) for p in series), default=1), "", 1)
    note = "dashed: callers cut off or refused who want back" if away else ""
    beside = _until(away, window, zero_s)
    return StepLane("Calls up", note, "up", 44, top, _until(up, window, zero_s), beside=beside)


def _share(plan: Plan, steps: Sequence[Step], zero_s: float, window: Span) -> StepLane:
    limits = plan.objectives.recovery
    points = [(s.t_s - zero_s, s.share * 100) for s in steps]
    highest = max((p[1] for p in points), default=0.0)
    asked = limits.breach_share * 100 if limits else 0.0
    top = axis(min(100.0, max(highest, asked * 2, 20.0)), " %")
    lines = (Limit(asked, f"callers suffer above {asked:g} %"),) if limits else ()
    note = "share of live calls that wait longer than promised"
    return StepLane("Calls in breach", note, "breach", 84, top, _until(points, window, zero_s), lines)


def _latency(timeline: Timeline, zero_s: float, window: Span) -> DotLane:
    slo_s = timeline.turn_slo_s
    asked = [t for t in settled_turns(timeline) if window.start_s <= t.eos_s <= window.end_s]
    top = axis(min(max(_usual_s(asked), slo_s * 1.5), slo_s * 6), " s")
    kinds: dict[str, list[tuple[float, float]]] = {
        "full": [],
        "degraded": [],
        "wrong": [],
        "part": [],
        "never": [],
    }
    for turn in asked:
        kinds[dot_kind(turn)].append((turn.eos_s - zero_s, turn.waited_s if turn.answered else top.top))
    # There may be a million: no list of them outlives its tuple.
    dots = tuple(Dots(kind, tuple(kinds.pop(kind))) for kind in tuple(kinds) if kinds[kind])
    note = "end of speech to first audio; one dot a turn"
    return DotLane("Turn latency", note, 104, top, dots, (Limit(slo_s, f"promised {seconds(slo_s)}"),))


def _usual_s(turns: Sequence[Turn]) -> float:
    """What all but one in two hundred of those that were answered waited at most."""
    waited_s = sorted(t.waited_s for t in turns if t.answered)
    return waited_s[math.ceil(len(waited_s) * 0.995) - 1] if waited_s else 0.0


def dot_kind(turn: Turn) -> str:
    """How a turn is drawn: full, degraded, wrong (patient), (heard in) part or never (answered)."""
    return _KINDS.get(turn.outcome, "part") if turn.answered else "never"


def _requests(timeline: Timeline, zero_s: float, window: Span) -> BarLane:
    width_s = max(1, math.ceil(window.length_s / BARS_MAX))
    bins: Counter[int] = Counter()
    for path in timeline.requests:
        for before, after in zip(path.samples, path.samples[1:], strict=False):
            if window.start_s <= after.t_s <= window.end_s:
                # A counter that fell was born again: all it has counted is new.
                gained = after.requests - before.requests
                bins[math.floor((after.t_s - zero_s) / width_s)] += gained if gained >= 0 else after.requests
    bars = tuple((float(at * width_s), count / width_s) for at, count in sorted(bins.items()))
    top = axis(max((b[1] for b in bars), default=1.0), "", 1)
    note = "counted by somebody other than the caller, all zones"
    return BarLane("EHR requests per second on the wire", note, 44, top, float(width_s), bars)
