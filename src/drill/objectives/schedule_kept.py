"""Did the calls follow the schedule that the plan means? They come whatever the platform does: arrivals
are open.

The schedule hangs on nothing but the plan, so it is drawn again here, and its digest is held against the one
that the load wrote down before its first call. Then first calls are counted, phase by phase, by when they
were meant to come: a load that stops calling while the platform is hurt (a closed loop) hides the outage.
"""

from __future__ import annotations

from drill.model.plan import Plan
from drill.objectives import arrivals
from drill.objectives.arrivals import HELD_S
from drill.objectives.say import count
from drill.timeline import Span, Timeline
from drill.traffic.schedule import Arrival, Schedule

MISSING_SHARE_MAX = 0.01  # and always one: a call may be meant at the very edge of a phase


def up_as_drawn(schedule: Schedule, timeline: Timeline, span: Span) -> float:
    """Calls that the schedule itself has up, averaged over a time: what chance made of the plan's number is
    no fault of the load's."""
    zero_s = arrivals.zero_s(timeline) - schedule.arrivals[0].at_s
    calls = ((zero_s + each.at_s, zero_s + each.at_s + each.duration_s) for each in schedule.arrivals)
    held_s = sum(max(0.0, min(end_s, span.end_s) - max(start_s, span.start_s)) for start_s, end_s in calls)
    return held_s / span.length_s


def kept(plan: Plan, timeline: Timeline, schedule: Schedule) -> list[str]:
    """What to say of a load that did not follow the plan's schedule, or does not tell which it followed."""
    if not timeline.drawn:
        return ["nothing tells which schedule of calls it followed"]
    asked = plan.seed, plan.load.concurrency
    for told in timeline.drawn:
        if (told.seed, told.concurrency) != asked:
            other = f"seed {told.seed} for {count(told.concurrency, 'call')}"
            return [f"its schedule was drawn with {other}, and the plan says seed {asked[0]} and {asked[1]}"]
        if told.digest != schedule.digest:
            return [f"its schedule {told.digest[:12]} is not the plan's, {schedule.digest[:12]}"]
    return _missing(timeline, schedule.arrivals)


def _missing(timeline: Timeline, meant: tuple[Arrival, ...]) -> list[str]:
    """Who came is known a moment after the call was due: the platform may hold it for so long."""
    came = sorted(call.intended_s for call in timeline.calls if call.attempt == 1)
    if not came:
        return ["nobody called"]
    zero_s, until_s = came[0] - meant[0].at_s, timeline.evidence.end_s - HELD_S
    due = [at_s for arrival in meant if (at_s := zero_s + arrival.at_s) < until_s]
    found = []
    for phase in timeline.phases:
        wanted = sum(phase.holds(at_s) for at_s in due)
        there = sum(phase.holds(at_s) for at_s in came)
        if wanted - there > max(1.0, MISSING_SHARE_MAX * wanted):
            found.append(
                f"{wanted - there} of {count(wanted, 'caller')} that the schedule has did not come in the "
                f"phase {phase.name!r}"
            )
    return found
