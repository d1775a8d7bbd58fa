"""Events of a run by their type, and one zero for their times."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar, cast

from drill.model.events import Event, Recorded, RunStarted
from drill.model.recording import Merged
from drill.model.units import NS_PER_S

E = TypeVar("E", bound=Event)
V = TypeVar("V")


class Found(Sequence[tuple[Recorded, E]], Generic[E]):
    """All events of one type in the order of time, each with where and when it was written; no list of them
    is made, for there may be millions."""

    def __init__(self, all_: Sequence[Recorded], places: array[int]) -> None:
        self._all, self._places = all_, places

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[tuple[Recorded, E]]:
        for place in self._places:
            recorded = self._all[place]
            yield recorded, cast("E", recorded.event)

    def __getitem__(self, at: int) -> tuple[Recorded, E]:  # type: ignore[override]  # no slices
        recorded = self._all[self._places[at]]
        return recorded, cast("E", recorded.event)


class Made(Sequence[V], Generic[E, V]):
    """Values of a timeline that are made of their events each time they are asked for."""

    def __init__(self, found: Found[E], make: Callable[[Recorded, E], V]) -> None:
        self._found, self._make = found, make

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[V]:
        return (self._make(recorded, event) for recorded, event in self._found)

    def __getitem__(self, at: int) -> V:  # type: ignore[override]  # no slices
        return self._make(*self._found[at])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(len(self))


class Sorted:
    """Events in the order of time, sorted by type, with times counted from the start of the run.

    What `merge` made of whole streams has that order; anything else is sorted, so that the fold is
    independent of how its argument was put together.
    """

    def __init__(self, events: Sequence[Recorded]) -> None:
        self.all: Sequence[Recorded] = events if isinstance(events, Merged) else _sorted(events)
        self._by_type: defaultdict[type[Event], array[int]] = defaultdict(lambda: array("q"))
        alone = events.events() if isinstance(events, Merged) else (r.event for r in self.all)
        for place, event in enumerate(alone):
            self._by_type[type(event)].append(place)
        started = self.of(RunStarted)
        first = started[0][0] if started else (self.all[0] if self.all else None)
        self.start_ns = first.t_ns if first else 0

    def of(self, kind: type[E]) -> Found[E]:
        """All events of one type, each with where and when it was written."""
        return Found(self.all, self._by_type[kind])

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


def _sorted(events: Sequence[Recorded]) -> list[Recorded]:
    return sorted(events, key=lambda r: (r.t_ns, r.stream, r.seq))
