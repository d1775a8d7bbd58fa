"""Was the platform well before it was touched, and was it really under the load that was planned?"""

from __future__ import annotations

import math
from collections import Counter

from drill.model.plan import Plan
from drill.model.verdicts import Verdict
from drill.objectives.calls import BROKEN, settled_turns, within
from drill.objectives.open_spells import CLOSED, samples_within
from drill.objectives.percentile import TURNS_MIN
from drill.objectives.say import count, passed, percent, unknown, zones
from drill.recovery_estimate import live_means
from drill.timeline import LoadPoint, Span, Timeline

BASELINE, LOAD = NAMES = ("integrity.baseline", "integrity.load")
DEFAULT_SHARE = 0.05
CALLS_SHARE_MIN = 0.8
LATE_FRAMES_SHARE_MAX = 0.01  # that is: p99 of the lateness at most 20 ms, the length of a frame
CPU_SHARE_MAX = 0.85
SECONDS_SHARE_MIN = 0.95


def judge(plan: Plan, timeline: Timeline) -> tuple[Verdict, ...]:
    """See the module."""
    return _baseline(plan, timeline), _load(plan, timeline)


def _baseline(plan: Plan, timeline: Timeline) -> Verdict:
    span = timeline.baseline
    if span is None or span.length_s <= 0:
        return unknown(BASELINE, "There was no baseline: nobody knows whether the platform was well before.")
    most = plan.objectives.recovery.back_share if plan.objectives.recovery else DEFAULT_SHARE
    up, breached = live_means(timeline.steps, span.start_s, span.end_s)
    share = breached / up if up else math.inf
    turns = within(settled_turns(timeline), span)
    wrong = (
        [f"only {count(len(turns), 'turn')} of the {TURNS_MIN} it takes"] if len(turns) < TURNS_MIN else []
    )
    if up and share > most:
        wrong.append(f"{percent(share)} of live calls were in breach")
    wrong += _hang_ups(timeline, span)
    if plan.objectives.breaker:
        wrong += _breakers(plan, timeline, span)
    limit = f"at most {percent(most)} in breach"
    measured = percent(share) if up else ""
    because = [p.id for p in timeline.phases if p.name == "baseline"]
    if wrong:
        sentence = f"The platform was not shown to be well before the fault: {'; '.join(wrong)}."
        return unknown(BASELINE, sentence, measured=measured, limit=limit, because=because)
    sentence = (
        f"Before the fault, {measured} of live calls were in breach over {len(turns)} turns, and nothing was "
        "dropped."
    )
    return passed(BASELINE, sentence, measured=measured, limit=limit, because=because)


def _hang_ups(timeline: Timeline, span: Span) -> list[str]:
    lost = [c for c in timeline.calls if c.outcome in BROKEN and c.end_s < span.end_s]
    return [f"{count(len(lost), 'call')} dropped, abandoned or refused"] if lost else []


def _breakers(plan: Plan, timeline: Timeline, span: Span) -> list[str]:
    found = []
    for zone in plan.zones:
        samples = samples_within(timeline.breaker(zone).samples, span)
        if not samples or timeline.silent("breaker", zone, span):
            found.append(f"the breaker of {zones([zone])} could not be read")
        elif any(p.state != CLOSED for p in samples):
            found.append(f"the breaker of {zones([zone])} was not closed")
    return found


def _load(plan: Plan, timeline: Timeline) -> Verdict:
    """The generator about itself, each second; and the calls, by their own events."""
    span, wanted = timeline.evidence, plan.load.concurrency
    points = [p for p in timeline.load if span.holds(p.t_s)]
    if not points or span.length_s <= 0:
        return unknown(LOAD, "The load generator said nothing about itself.")
    wrong = [
        f"it was silent for {gap.length_s:.1f} s at {gap.start_s:.1f} s"
        for gap in timeline.gaps if gap.source == "load"
    ]  # fmt: skip
    up, _ = live_means(timeline.steps, span.start_s, span.end_s)
    wrong += _too_few(timeline, wanted) + _halves(timeline)
    late = sorted((p for p in points if p.late_frames), key=lambda p: -p.late_frames)
    busy = [p for p in points if p.cpu_share > CPU_SHARE_MAX]
    wrong += _too_late(points)
    wrong += _too_often(busy, points, f"its CPU was above {percent(CPU_SHARE_MAX)}")
    measured, limit = f"{up:.1f} calls up", f"at least {percent(CALLS_SHARE_MIN)} of {wanted}"
    because = [p.id for p in (late[:6] + busy)[:10]] or [points[0].id, points[-1].id]
    if wrong:
        sentence = f"The load was not what was planned: {'; '.join(wrong)}."
        return unknown(LOAD, sentence, measured=measured, limit=limit, because=because)
    frames, too_late = sum(p.frames for p in points), sum(p.late_frames for p in points)
    cpu = sum(p.cpu_share for p in points) / len(points)
    sentence = (
        f"{up:.1f} of {wanted} calls were up on average; {too_late} of {frames} frames left more than 20 ms "
        f"late, CPU {percent(cpu)} on average."
    )
    return passed(LOAD, sentence, measured=measured, limit=limit, because=because)


def _too_few(timeline: Timeline, wanted: int) -> list[str]:
    """The load starts warm, so in the baseline nearly all calls are up. Later their number is left to
    chance: arrivals are open, and one standard deviation of a Poisson number is no fault of the load's."""
    least = CALLS_SHARE_MIN * wanted
    spans = [(timeline.baseline, least, "in the baseline")]
    spans.append((timeline.evidence, least - math.sqrt(wanted), "over the run"))
    found = []
    for span, at_least, when in spans:
        up, _ = live_means(timeline.steps, span.start_s, span.end_s) if span else (0.0, 0.0)
        if up < at_least:
            found.append(f"{up:.1f} of {wanted} calls were up {when}, {at_least:.1f} are needed")
    return found


def _halves(timeline: Timeline) -> list[str]:
    """Calls and turns of which one half was never written down: nobody knows what else was not."""
    endless = sum(c.outcome == "open" for c in timeline.calls)
    torn = sum(not t.whole for t in timeline.turns)
    found = [f"{count(endless, 'call')} without an end"] if endless else []
    return found + ([f"{count(torn, 'turn')} without a beginning"] if torn else [])


def _too_late(points: list[LoadPoint]) -> list[str]:
    """By load stream: one punctual machine must not make up for a late one."""
    found = []
    for stream in sorted({p.stream for p in points}):
        own = [p for p in points if p.stream == stream]
        frames, late = sum(p.frames for p in own), sum(p.late_frames for p in own)
        if late > LATE_FRAMES_SHARE_MAX * frames:
            found.append(f"{late} of {frames} frames of {stream} left more than 20 ms late, more than 1 %")
    return found


def _too_often(bad: list[LoadPoint], points: list[LoadPoint], what: str) -> list[str]:
    """A second here and there is the machine's; more than one in twenty is ours. By load stream."""
    all_, wrong = Counter(p.stream for p in points), Counter(p.stream for p in bad)
    over = [s for s, number in wrong.items() if number > (1 - SECONDS_SHARE_MIN) * all_[s] + 1e-9]
    return [f"{what} in {wrong[s]} of {all_[s]} seconds" for s in over]
