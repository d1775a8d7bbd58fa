"""Events of a run by their type, and one zero for their times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar, cast

from drill.model.events import Event, Recorded, RunStarted
from drill.model.units import NS_PER_S

E = TypeVar("E", bound=Event)


class Sorted:
    """Events in the order of time, sorted by type, with times counted from the start of the run.

    Sorting again costs little and makes the fold independent of how its argument was merged.
    """

    def __init__(self, events: Sequence[Recorded]) -> None:
        self.all = sorted(events, key=lambda r: (r.t_ns, r.stream, r.seq))
        self._by_type: defaultdict[type[Event], list[Recorded]] = defaultdict(list)
        for recorded in self.all:
            self._by_type[type(recorded.event)].append(recorded)
        started = self._by_type[RunStarted] or self.all[:1]
        self.start_ns = started[0].t_ns if started else 0

    def of(self, kind: type[E]) -> list[tuple[Recorded, E]]:
        """All events of one type, each with where and when it was written."""
        return [(recorded, cast("E", recorded.event)) for recorded in self._by_type[kind]]

    def s(self, t_ns: int) -> float:
        """Seconds since the start; subtracted as integers, so that a shift of the clock changes nothing."""
        return (t_ns - self.start_ns) / NS_PER_S

    def at(self, recorded: Recorded) -> float:
        """When an event was written, in seconds since the start."""
        return self.s(recorded.t_ns)

    @property
    def end_s(self) -> float:
        """Time of the last event."""
        return self.at(self.all[-1]) if self.all else 0.0
