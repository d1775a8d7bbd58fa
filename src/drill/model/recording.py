"""Many events in little room: a journal is kept by columns, and a `Recorded` is made when it is asked for.

A million events as `Recorded` values are a hundred megabytes of nothing but numbers and references.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import overload

from drill.model.events import Event, Recorded

_SEQ_BITS = 40


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


class Merged(Sequence[Recorded]):
    """Several recordings in the order of time, then stream, then sequence."""

    __slots__ = ("_order", "_parts")

    def __init__(self, parts: Sequence[Recording]) -> None:
        self._parts = sorted(parts, key=lambda part: part.stream)
        sizes = enumerate(map(len, self._parts))
        places = [number << _SEQ_BITS | seq for number, size in sizes for seq in range(size)]
        times = [t_ns for part in self._parts for t_ns in part.times]
        order = sorted(range(len(times)), key=times.__getitem__)  # stable: ties stay by stream and sequence
        self._order = array("q", (places[at] for at in order))

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, at: int) -> Recorded: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Recorded, ...]: ...
    def __getitem__(self, at: int | slice) -> Recorded | tuple[Recorded, ...]:
        if isinstance(at, slice):
            return tuple(self[place] for place in range(*at.indices(len(self))))
        place = self._order[at]
        return self._parts[place >> _SEQ_BITS][place & (1 << _SEQ_BITS) - 1]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(len(self))

    def events(self) -> Iterator[Event]:
        """The events alone."""
        for place in self._order:
            yield self._parts[place >> _SEQ_BITS].values[place & (1 << _SEQ_BITS) - 1]
