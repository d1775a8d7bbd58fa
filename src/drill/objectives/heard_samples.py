"""What callers heard, as samples of a window: a value for each turn or call, and the event that tells it.

Silence is no sample of good sound: a call in which the agent was never heard says nothing of jitter or
lateness, a turn in a call of which nobody told what it sounded like says nothing of gaps, and a turn or a
greeting that never came has waited without end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from drill.emodel import estimate
from drill.objectives.heard_windows import Window, begun_in, ended_in, mostly_in
from drill.objectives.turn_windows import within
from drill.timeline import Heard, Timeline, Turn


@dataclass(frozen=True, slots=True)
class Sample:
    """One value; in a mean it weighs `weight`."""

    value: float
    id: str
    weight: float = 1.0


Samples = Sequence[Sample]
# A call that ended before its greeting was due, and for which nobody blames the platform.
_CALLERS_END = ("completed", "cut", "open")
_BROKE_OFF = ("dropped", "abandoned")


def greetings(timeline: Timeline, window: Window) -> Samples:
    """From the stream being up to the first sound, of calls that began here; without end for none."""
    due_s = _at_least(timeline.turn_slo_s, window.limits.greeting_p95_s)
    calls = [h for h in begun_in(timeline, window) if not _not_due(h, due_s)]
    return [Sample(math.inf if h.greeting_s is None else h.greeting_s, h.id) for h in calls]


def _not_due(heard: Heard, due_s: float) -> bool:
    return heard.greeting_s is None and heard.outcome in _CALLERS_END and heard.length_s <= due_s


def latencies(timeline: Timeline, window: Window) -> Samples:
    """From the end of speech to the first sound of the answer."""
    due_s = _at_least(timeline.turn_slo_s, window.limits.turn_p95_s or window.limits.turn_p50_s)
    return [Sample(t.latency_s, t.id) for t in _asked(timeline, window, due_s)]


def missed(timeline: Timeline, window: Window) -> Samples:
    """1 for a turn that was never answered."""
    turns = _asked(timeline, window, timeline.turn_slo_s)
    return [Sample(float(not t.answered), t.id) for t in turns]


def _asked(timeline: Timeline, window: Window, due_s: float) -> list[Turn]:
    """Turns of the window, without those that were not yet due when the evidence ended."""
    return [t for t in window.turns(timeline.turns, due_s) if not t.undecided(due_s)]


def _at_least(value_s: float, limit_s: float | None) -> float:
    return value_s if limit_s is None else max(value_s, limit_s)


def barge_stops(timeline: Timeline, window: Window) -> Samples:
    """How long the agent went on speaking when it was spoken into."""
    turns = _listened_to(timeline, window)
    return [Sample(t.barge_stop_s, t.id) for t in turns if t.barge_stop_s is not None]


def gaps(timeline: Timeline, window: Window) -> Samples:
    """The longest silence inside each answer."""
    return [Sample(t.longest_gap_s, t.id) for t in _listened_to(timeline, window) if t.sound_s is not None]


def _listened_to(timeline: Timeline, window: Window) -> list[Turn]:
    """Turns of calls of which the load told what they sounded like."""
    return _told(timeline, window.turns(timeline.turns, timeline.turn_slo_s))


def _told(timeline: Timeline, turns: Sequence[Turn]) -> list[Turn]:
    told = {h.call for h in timeline.heard}
    return [t for t in turns if t.call in told]


def round_trips(timeline: Timeline, window: Window) -> Samples:
    """Round trips of the media stream, one a turn that has one; the ping leaves when the question ends."""
    turns = _told(timeline, within(timeline.turns, window.span))
    return [Sample(t.round_trip_s, t.id) for t in turns if t.round_trip_s is not None]


def talk_over(timeline: Timeline, window: Window) -> Samples:
    """Share of each call in which agent and caller spoke at once, weighed by the call's length."""
    calls = [h for h in mostly_in(timeline, window) if h.length_s > 0]
    return [Sample(h.talk_over_s / h.length_s, h.id, h.length_s) for h in calls]


def setups(timeline: Timeline, window: Window) -> Samples:
    """1 for an attempt that came up."""
    tried = [c for c in timeline.calls if window.span and window.span.holds(c.start_s)]
    return [Sample(float(c.outcome != "refused"), c.id) for c in tried]


def drops(timeline: Timeline, window: Window) -> Samples:
    """1 for a call, of all that were up at some time of the window, that broke off in it."""
    span = window.span
    if span is None:
        return []
    up = [
        c
        for c in timeline.calls
        if c.outcome != "refused" and c.start_s < span.end_s and c.end_s >= span.start_s
    ]
    return [Sample(float(c.outcome in _BROKE_OFF and span.holds(c.end_s)), c.id) for c in up]


def jitters(timeline: Timeline, window: Window) -> Samples:
    """RFC 3550's estimate at the end of each call: J += (|D| - J) / 16, so it remembers 16 packets."""
    return [Sample(h.jitter_s, h.id) for h in _sounding(ended_in(timeline, window))]


def late_shares(timeline: Timeline, window: Window) -> Samples:
    """Share of each call's agent audio that came after it should have been played."""
    return [Sample(h.late_share, h.id) for h in _sounding(mostly_in(timeline, window))]


def opinions(timeline: Timeline, window: Window) -> Samples:
    """Estimated opinion score of each call's transport, where its round trip is known."""
    told = [(estimate(h), h.id) for h in _sounding(mostly_in(timeline, window))]
    return [Sample(found.mos, id_) for found, id_ in told if found is not None]


def unheard_at_end(timeline: Timeline, window: Window) -> int:
    """Calls that have no jitter, for the agent was never heard in them though it was due."""
    return len(_mute(timeline, window, ended_in(timeline, window)))


def unheard(timeline: Timeline, window: Window) -> int:
    """Calls of which nobody knows what was late, for the same reason."""
    return len(_mute(timeline, window, mostly_in(timeline, window)))


def unscored(timeline: Timeline, window: Window) -> int:
    """Those, and calls whose round trip should be known: a turn was asked in them, and a ping with it."""
    asked, calls = {t.call for t in timeline.turns}, mostly_in(timeline, window)
    silent = [h for h in _sounding(calls) if h.call in asked and estimate(h) is None]
    return len(_mute(timeline, window, calls)) + len(silent)


def _mute(timeline: Timeline, window: Window, calls: Sequence[Heard]) -> list[Heard]:
    due_s = _at_least(timeline.turn_slo_s, window.limits.greeting_p95_s)
    return [h for h in calls if h.greeting_s is None and not _not_due(h, due_s)]


def _sounding(calls: Sequence[Heard]) -> list[Heard]:
    return [h for h in calls if h.greeting_s is not None]
