"""Calls that are up and callers who are away, from each moment where that changes to the next.

The timeline's steps count both as callers to be asked; a picture of calls has to tell them apart.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from drill.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Presence:
    """From `t_s` until the next: calls that are up, callers who were cut off or refused and want back."""

    t_s: float
    up: int
    away: int


def presence(timeline: Timeline) -> tuple[Presence, ...]:
    """One for each of the timeline's steps."""
    return timeline.once(_presence)


def _presence(timeline: Timeline) -> tuple[Presence, ...]:
    left = sorted(a.start_s for a in timeline.away)
    returned = sorted(a.end_s for a in timeline.away)
    found = []
    for step in timeline.steps:
        away = bisect_right(left, step.t_s) - bisect_right(returned, step.t_s)
        found.append(Presence(step.t_s, step.up - away, away))
    return tuple(found)


def most_up(timeline: Timeline) -> int:
    """The most calls that were up at once."""
    return max((p.up for p in presence(timeline)), default=0)
