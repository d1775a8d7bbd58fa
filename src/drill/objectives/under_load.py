"""Was the platform really under the load that was planned: the generator about itself, each second, and the
calls by their own events.

A day that is not flat means another number of calls at every moment; they are judged by that number.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter

from drill.model.plan import Plan
from drill.model.verdicts import Verdict
from drill.objectives import arrivals
from drill.objectives.say import count, passed, percent, unknown
from drill.objectives.schedule_kept import kept, up_as_drawn
from drill.recovery_estimate import live_means
from drill.timeline import Call, LoadPoint, Span, Timeline
from drill.traffic import FLAT, planned
from drill.traffic.schedule import Schedule, draw, of_plan

LOAD = "integrity.load"
CALLS_SHARE_MIN = 0.8
LATE_FRAMES_SHARE_MAX = 0.01  # that is: p99 of the lateness at most 20 ms, the length of a frame
CPU_SHARE_MAX = 0.85
SECONDS_SHARE_MIN = 0.95
UP_DIFFERENCE_MAX = 0.1  # real loads agree with their own events to the call
STOLEN_SHARE_TOLD = 0.05  # a busy host takes some per cent of every virtual machine
UNHEARD_SHARE_MAX = 0.01  # real loads told of every call


def load(plan: Plan, timeline: Timeline) -> Verdict:
    """See the module."""
    span, flat = timeline.evidence, plan.load.arrivals == FLAT.name
    points = [p for p in timeline.load if span.holds(p.t_s)]
    if not points or span.length_s <= 0:
        return unknown(LOAD, "The load generator said nothing about itself.")
    scatter, unscattered = arrivals.scattered(timeline) if flat else ("", [])
    schedule = draw(of_plan(plan))
    wrong = _silent(timeline) + _too_few(plan, timeline, schedule) + _halves(timeline)
    wrong += kept(plan, timeline, schedule) + _unheard(plan, timeline) + _otherwise(timeline, points)
    wrong += arrivals.late(timeline) + unscattered + _of_itself(points)
    up, _ = live_means(timeline.steps, span.start_s, span.end_s)
    asked = _number(_meant(plan, timeline, span))
    limit = f"at least {percent(CALLS_SHARE_MIN)} of {asked}{'' if flat else f' ({plan.load.arrivals})'}"
    measured, because = f"{up:.1f} calls up", _worst(points)
    if wrong:
        sentence = f"The load was not what was planned: {'; '.join(wrong)}.{_aside(timeline)}"
        return unknown(LOAD, sentence, measured=measured, limit=limit, because=because)
    frames, too_late = sum(p.frames for p in points), sum(p.late_frames for p in points)
    cpu = sum(p.cpu_share for p in points) / len(points)
    sentence = (
        f"{up:.1f} of {asked} calls were up on average; {too_late} of {frames} frames left more than 20 ms "
        f"late, CPU {percent(cpu)} on average{f'; {scatter}' if scatter else ''}.{_aside(timeline)}"
    )
    return passed(LOAD, sentence, measured=measured, limit=limit, because=because)


def stolen(timeline: Timeline) -> str:
    """What the host took of the machine that the load ran on, "" when that is too little to matter.

    It excuses nothing: whether it slowed the platform as well is known to whoever knows where that runs.
    """
    shares = [p.stolen_share for p in timeline.load if timeline.evidence.holds(p.t_s)]
    mean = sum(shares) / max(1, len(shares))
    if mean < STOLEN_SHARE_TOLD:
        return ""
    return f"The host of the load's machine took {percent(mean)} of its processors meanwhile"


def _aside(timeline: Timeline) -> str:
    told = stolen(timeline)
    return f" {told}." if told else ""


def _silent(timeline: Timeline) -> list[str]:
    found = [gap for gap in timeline.gaps if gap.source == "load"]
    return [f"it was silent for {gap.length_s:.1f} s at {gap.start_s:.1f} s" for gap in found]


def _of_itself(points: list[LoadPoint]) -> list[str]:
    tardy = [p for p in points if p.arrival_lateness_ms_max > arrivals.LATE_S * 1000]
    wrong = _too_late(points)
    wrong += _too_often(tardy, points, f"it started calls more than {arrivals.LATE_S:g} s late")
    return wrong + _too_often(_busy(points), points, f"its CPU was above {percent(CPU_SHARE_MAX)}")


def _worst(points: list[LoadPoint]) -> list[str]:
    late = sorted((p for p in points if p.late_frames), key=lambda p: -p.late_frames)
    return [p.id for p in (late[:6] + _busy(points))[:10]] or [points[0].id, points[-1].id]


def _busy(points: list[LoadPoint]) -> list[LoadPoint]:
    return [p for p in points if p.cpu_share > CPU_SHARE_MAX]


def _meant(plan: Plan, timeline: Timeline, span: Span) -> float:
    """Calls that the schedule means to be up, averaged over a time of the run."""
    zero_s = arrivals.zero_s(timeline)
    traffic = planned(plan)
    start_s = max(span.start_s - zero_s, traffic.ramp_s)  # the first call may come a little into the ramp
    return traffic.expected_mean(start_s, max(span.end_s - zero_s, start_s))


def _too_few(plan: Plan, timeline: Timeline, schedule: Schedule) -> list[str]:
    """In the baseline nothing ends a call but its schedule, so what was drawn has to be up. Over the whole
    run it is left to chance: one standard deviation of a Poisson number is no fault of the load's."""
    baseline, run = timeline.baseline, timeline.evidence
    drawn = up_as_drawn(schedule, timeline, baseline) if baseline else float(plan.load.concurrency)
    meant = _meant(plan, timeline, run)
    found = _fewer(timeline, baseline, drawn, CALLS_SHARE_MIN * drawn, "in the baseline")
    return found + _fewer(timeline, run, meant, CALLS_SHARE_MIN * meant - math.sqrt(meant), "over the run")


def _fewer(timeline: Timeline, span: Span | None, meant: float, at_least: float, when: str) -> list[str]:
    up, _ = live_means(timeline.steps, span.start_s, span.end_s) if span else (0.0, 0.0)
    if up >= at_least:
        return []
    return [f"{up:.1f} of {_number(meant)} calls were up {when}, {at_least:.1f} are needed"]


def _number(calls: float) -> str:
    """Whole where it is a plan's own number, else to a tenth."""
    return f"{calls:.0f}" if calls == int(calls) else f"{calls:.1f}"


def _halves(timeline: Timeline) -> list[str]:
    """Calls and turns of which one half was never written down: nobody knows what else was not."""
    endless = sum(c.outcome == "open" for c in timeline.calls)
    torn = sum(not t.whole for t in timeline.turns)
    found = [f"{count(endless, 'call')} without an end"] if endless else []
    return found + ([f"{count(torn, 'turn')} without a beginning"] if torn else [])


def _unheard(plan: Plan, timeline: Timeline) -> list[str]:
    """Calls that ended and of which nobody told what they sounded like, where that is asked for: the worst
    ones might be among them."""
    if plan.objectives.voice is None:
        return []
    told = {heard.call for heard in timeline.heard}
    ended = [call for call in timeline.calls if call.outcome not in ("open", "refused")]
    mute = sum(call.call not in told for call in ended)
    if mute <= UNHEARD_SHARE_MAX * len(ended):
        return []
    return [f"of {mute} of {count(len(ended), 'call')} nobody told what they sounded like"]


def _otherwise(timeline: Timeline, points: list[LoadPoint]) -> list[str]:
    """By load stream: the calls that it counts in its samples against those that it wrote down."""
    found = []
    for stream in sorted({p.stream for p in points}):
        own = [p for p in points if p.stream == stream]
        calls = [c for c in timeline.calls if c.id.startswith(f"{stream}:") and c.outcome != "refused"]
        said, seen = sum(p.calls_up for p in own) / len(own), _up(calls, [p.t_s for p in own])
        if abs(said - seen) > max(1.0, UP_DIFFERENCE_MAX * seen):
            found.append(f"{stream} counted {said:.1f} calls up, and by its own events {seen:.1f} were")
    return found


def _up(calls: list[Call], at_s: list[float]) -> float:
    """Calls up, averaged over these moments."""
    starts, ends = sorted(c.start_s for c in calls), sorted(c.end_s for c in calls)
    return sum(bisect_right(starts, t_s) - bisect_right(ends, t_s) for t_s in at_s) / len(at_s)


def _too_late(points: list[LoadPoint]) -> list[str]:
    """By load stream: one punctual machine must not make up for a late one."""
    found = []
    for stream in sorted({p.stream for p in points}):
        own = [p for p in points if p.stream == stream]
        frames, late = sum(p.frames for p in own), sum(p.late_frames for p in own)
        if not frames:
            found.append(f"{stream} tells of no frame that it sent, so nothing says how late they were")
        if late > LATE_FRAMES_SHARE_MAX * frames:
            found.append(f"{late} of {frames} frames of {stream} left more than 20 ms late, more than 1 %")
    return found


def _too_often(bad: list[LoadPoint], points: list[LoadPoint], what: str) -> list[str]:
    """A second here and there is the machine's; more than one in twenty is ours. By load stream."""
    all_, wrong = Counter(p.stream for p in points), Counter(p.stream for p in bad)
    over = [s for s, number in wrong.items() if number > (1 - SECONDS_SHARE_MIN) * all_[s] + 1e-9]
    return [f"{what} in {wrong[s]} of {all_[s]} seconds" for s in over]
