"""Many events in little room: a journal is kept by columns, and a `Recorded` is made when it is asked for.

A million events as `Recorded` values are a hundred megabytes of nothing but numbers and references.
"""

from __future__ import annotations

import itertools
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import overload

from drill.model.events import Event, Recorded


class Recording(Sequence[Recorded]):
    """The events of one stream, each at the place that its sequence number tells; append-only."""

    __slots__ = ("stream", "times", "values")

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.times = array("q")
        self.values: list[Event] = []

    def append(self, t_ns: int, event: Event) -> None:
        """The next event; OverflowError when the time is none that a clock can tell."""
        self.times.append(t_ns)
        self.values.append(event)

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, at: int) -> Recorded: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Recorded, ...]: ...
    def __getitem__(self, at: int | slice) -> Recorded | tuple[Recorded, ...]:
        if isinstance(at, slice):
            return tuple(self[place] for place in range(*at.indices(len(self))))
        place = at + len(self) if at < 0 else at
        return Recorded(self.stream, place, self.times[place], self.values[place])

    def __iter__(self) -> Iterator[Recorded]:
        for seq, (t_ns, event) in enumerate(zip(self.times, self.values, strict=True)):
            yield Recorded(self.stream, seq, t_ns, event)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash((self.stream, len(self)))


class Joined:
    """Several recordings by stream, one behind the other; where an event stands in that row is its place."""

    __slots__ = ("_parts", "_starts")

    def __init__(self, parts: Sequence[Recording]) -> None:
        self._parts = sorted(parts, key=lambda part: part.stream)
        self._starts = [0, *itertools.accumulate(map(len, self._parts))]

    def recorded(self, place: int) -> Recorded:
        """The event of a place, with where and when it was written."""
        part = bisect_right(self._starts, place) - 1
        return self._parts[part][place - self._starts[part]]

    def event(self, place: int) -> Event:
        """The event alone."""
        part = bisect_right(self._starts, place) - 1
        return self._parts[part].values[place - self._starts[part]]

    def stream(self, place: int) -> str:
        """The stream of a place."""
        return self._parts[bisect_right(self._starts, place) - 1].stream

    def id(self, place: int) -> str:
        """As `Recorded.id`, without the rest of it."""
        part = bisect_right(self._starts, place) - 1
        return f"{self._parts[part].stream}:{place - self._starts[part]}"


class Merged(Joined, Sequence[Recorded]):
    """Several recordings in the order of time, then stream, then sequence.

    Attributes:
        values, times: their columns, by place.
        order: the places in that order.
    """

    __slots__ = ("order", "times", "values")

    def __init__(self, parts: Sequence[Recording]) -> None:
        super().__init__(parts)
        self.values: list[Event] = []
        self.times = array("q")
        for part in self._parts:
            self.values += part.values
            self.times += part.times
        in_time = sorted(range(len(self.times)), key=self.times.__getitem__)
        self.order = array("I", in_time)  # stable: ties stay by stream and sequence

    def __len__(self) -> int:
        return len(self.order)

    @overload
    def __getitem__(self, at: int) -> Recorded: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Recorded, ...]: ...
    def __getitem__(self, at: int | slice) -> Recorded | tuple[Recorded, ...]:
        if isinstance(at, slice):
            return tuple(map(self.recorded, self.order[at]))
        return self.recorded(self.order[at])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(len(self))

    def joined(self) -> Joined:
        """The events by their places without the columns, which are as large again as what they are of."""
        return Joined(self._parts)
