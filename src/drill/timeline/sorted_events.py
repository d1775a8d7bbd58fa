"""Events of a run by their type, and one zero for their times."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar, cast

from drill.model.events import Event, Recorded, RunStarted
from drill.model.recording import Merged
from drill.model.units import NS_PER_S

E = TypeVar("E", bound=Event)
V = TypeVar("V")


class _Columns(Protocol):
    """Events by their places, and the places in the order of time; see `Merged`."""

    @property
    def values(self) -> Sequence[Event]: ...
    @property
    def times(self) -> Sequence[int]: ...
    @property
    def order(self) -> Sequence[int]: ...
    def recorded(self, place: int) -> Recorded: ...
    def stream(self, place: int) -> str: ...
    def id(self, place: int) -> str: ...
    def joined(self) -> _Places: ...


class _Places(Protocol):
    """As much of it as outlives the fold."""

    def event(self, place: int) -> Event: ...
    def id(self, place: int) -> str: ...


class _Listed:
    """Columns of events that come from anywhere: sorted, so that the fold is independent of how its argument
    was put together."""

    def __init__(self, events: Iterable[Recorded]) -> None:
        self._all = sorted(events, key=lambda r: (r.t_ns, r.stream, r.seq))
        self.values = [recorded.event for recorded in self._all]
        self.times = [recorded.t_ns for recorded in self._all]
        self.order = range(len(self._all))

    def recorded(self, place: int) -> Recorded:
        return self._all[place]

    def event(self, place: int) -> Event:
        return self.values[place]

    def joined(self) -> _Places:
        return self

    def stream(self, place: int) -> str:
        return self._all[place].stream

    def id(self, place: int) -> str:
        return self._all[place].id


class Found(Sequence[tuple[Recorded, E]], Generic[E]):
    """All events of one type in the order of time, each with where and when it was written.

    No list of them is made, for there may be millions; and who goes through millions takes a column of them,
    for to make a `Recorded` of each costs more than most of what is asked of it.
    """

    def __init__(self, columns: _Columns, places: array[int]) -> None:
        self._columns, self._places = columns, places

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[tuple[Recorded, E]]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, at: int) -> tuple[Recorded, E]:  # type: ignore[override]  # by place only: nobody takes a slice, and it would be a type of its own
        recorded = self._columns.recorded(self._places[at])
        return recorded, cast("E", recorded.event)

    def events(self) -> list[E]:
        """The events alone."""
        return cast("list[E]", list(map(self._columns.values.__getitem__, self._places)))

    def times(self) -> Iterator[int]:
        """When each was written."""
        return map(self._columns.times.__getitem__, self._places)

    def ids(self) -> Iterator[str]:
        """The id of each."""
        return map(self._columns.id, self._places)

    def id(self, at: int) -> str:
        """The id of one."""
        return self._columns.id(self._places[at])

    def lasting(self) -> tuple[_Places, array[int]]:
        """Where the events are kept when the fold is over, and the place of each."""
        return self._columns.joined(), self._places

    def last_of_stream(self) -> dict[str, int]:
        """By stream, when the last of them was written."""
        last = {self._columns.stream(place): place for place in self._places}
        return {stream: self._columns.times[place] for stream, place in last.items()}


class Made(Sequence[V], Generic[E, V]):
    """Values of a timeline that are made of an id and its event each time they are asked for."""

    def __init__(self, found: Found[E], make: Callable[[str, E], V]) -> None:
        (self._kept, self._places), self._make = found.lasting(), make

    def events(self) -> list[E]:
        """The events themselves, for who asks for nothing that is made of them."""
        return cast("list[E]", list(map(self._kept.event, self._places)))

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[V]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, at: int) -> V:  # type: ignore[override]  # by place only: nobody takes a slice, and it would be a type of its own
        place = self._places[at]
        return self._make(self._kept.id(place), cast("E", self._kept.event(place)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(len(self))


class Sorted:
    """Events in the order of time, sorted by type, with times counted from the start of the run.

    What `merge` made of whole streams has that order.
    """

    def __init__(self, events: Sequence[Recorded]) -> None:
        self._columns: _Columns = events if isinstance(events, Merged) else _Listed(events)
        self._by_type: defaultdict[type[Event], array[int]] = defaultdict(lambda: array("I"))
        order, times = self._columns.order, self._columns.times
        for place, event in zip(order, map(self._columns.values.__getitem__, order), strict=True):
            self._by_type[type(event)].append(place)
        first = next(self.of(RunStarted).times(), times[order[0]] if order else 0)
        last = times[order[-1]] if order else 0
        self.start_ns, self.end_s = first, (last - first) / NS_PER_S

    def of(self, kind: type[E]) -> Found[E]:
        """All events of one type, each with where and when it was written."""
        return Found(self._columns, self._by_type[kind])

    def s(self, t_ns: int) -> float:
        """Seconds since the start; subtracted as integers, so that a shift of the clock changes nothing."""
        return (t_ns - self.start_ns) / NS_PER_S

    def at(self, recorded: Recorded) -> float:
        """When an event was written, in seconds since the start."""
        return self.s(recorded.t_ns)
