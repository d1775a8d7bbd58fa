"""Did callers come when the schedule had them come, and as scattered as chance has them?

First calls only: who dials again was cut off or refused, and comes when the platform had it so. Until the
platform is touched a call's own start tells how late it was. Later its answer may be late by the platform's
doing, and only the generator's word counts, given each second of the worst call of that second.

Independent callers leave exponential gaps, whose coefficient of variation is 1; batches are above, clocks
below. From n gaps it is known with a standard error of 1/sqrt(n) (delta method; exponential moments). A gap
is only one where nothing held callers back: not while a fault is on, nor while those wait whom it held.
"""

from __future__ import annotations

import math
import statistics
from itertools import pairwise

from drill.objectives.say import count
from drill.timeline import Call, Span, Timeline

LATE_S = 0.25
LATE_SHARE_MAX = 0.01
GAPS_MIN = 100  # fewer are told of, not judged: chance alone would move them by more than 0.4
GAPS_TOLD_MIN = 10
ERRORS_MAX = 4.0
SLACK = 0.1  # no generator is Poisson to the last digit: 0.9 to 1.1 is good whatever the number
HELD_S = 5.0  # a caller waits no longer than this for the platform to take the call


def zero_s(timeline: Timeline) -> float:
    """When the schedule began, by its first call: late by at most one of the ramp's pauses."""
    return min((c.intended_s for c in _first(timeline)), default=0.0)


def late(timeline: Timeline) -> list[str]:
    """What to say of calls that came too late: more than one in a hundred, and more than a single one."""
    span = timeline.baseline
    untouched_s = span.end_s if span else timeline.evidence.end_s
    calls = [c for c in _first(timeline) if c.intended_s < untouched_s]
    behind = [c for c in calls if c.start_s - c.intended_s > LATE_S]
    if len(behind) <= max(1.0, LATE_SHARE_MAX * len(calls)):
        return []
    return [f"{len(behind)} of {count(len(calls), 'call')} came more than {LATE_S:g} s after their time"]


def scatter(timeline: Timeline) -> tuple[float, int]:
    """Coefficient of variation of the gaps between first calls, and their number; (nan, n) for none."""
    gaps = [gap_s for span in _undisturbed(timeline) for gap_s in _gaps(timeline, span)]
    if len(gaps) < 2 or not (mean_s := statistics.fmean(gaps)):
        return math.nan, len(gaps)
    return statistics.stdev(gaps) / mean_s, len(gaps)


def scattered(timeline: Timeline) -> tuple[str, list[str]]:
    """For a flat day: what a reader is told of the gaps, and what is wrong with them."""
    variation, gaps = scatter(timeline)
    if gaps < GAPS_TOLD_MIN or math.isnan(variation):
        return "", []
    error = 1 / math.sqrt(gaps)
    told = f"{gaps} gaps between callers vary by {variation:.2f} of their mean"
    wrong = gaps >= GAPS_MIN and abs(variation - 1) > max(SLACK, ERRORS_MAX * error)
    return told, [f"{told}, where chance gives 1.00 +- {error:.2f}"] if wrong else []


def _first(timeline: Timeline) -> list[Call]:
    return [c for c in timeline.calls if c.attempt == 1]


def _undisturbed(timeline: Timeline) -> list[Span]:
    after = timeline.reverted_s
    spans = [timeline.baseline] if timeline.baseline else []
    return spans if after is None else [*spans, Span(after + HELD_S, timeline.evidence.end_s)]


def _gaps(timeline: Timeline, span: Span) -> list[float]:
    starts = sorted(c.start_s for c in _first(timeline) if span.holds(c.start_s))
    return [later - earlier for earlier, later in pairwise(starts)]
