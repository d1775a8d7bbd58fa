"""A bounded byte channel between two stages of a link: one producer, one consumer.

Nothing is ever in a stage's own hands: bytes stay in the input channel until the moment they
are in the output channel. A stage can therefore be stopped at any await and another put in
its place, and no byte is lost, doubled or reordered.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto

CAPACITY_BYTES = 256 * 1024


class Ending(Enum):
    """How a stream of bytes comes to its end."""

    EOF = auto()  # the sender is done; the other direction may go on
    CLOSE = auto()  # a toxic closes the connection, both directions
    RESET = auto()  # as CLOSE, and hard: the peer sees a reset


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some bytes and when they came (or, past a delaying toxic, were due): loop-free seconds."""

    data: bytes
    born_s: float


class Channel:
    """Bytes in order, then one ending; `room` holds the producer back when full."""

    def __init__(self, capacity_bytes: int = CAPACITY_BYTES) -> None:
        self._chunks: deque[Chunk] = deque()
        self._size, self._capacity = 0, capacity_bytes
        self._readable, self._writable = asyncio.Event(), asyncio.Event()
        self._writable.set()
        self.ending: Ending | None = None

    async def head(self) -> Chunk | None:
        """The next chunk, left where it is; None when there will be no more."""
        await self._readable.wait()
        return self._chunks[0] if self._chunks else None

    async def room(self) -> None:
        """Wait until the consumer has caught up."""
        await self._writable.wait()

    def push(self, chunk: Chunk) -> None:
        """Append; the producer has waited for `room` in the same step. Nothing follows an ending."""
        if self.ending is None and chunk.data:
            self._chunks.append(chunk)
            self._size += len(chunk.data)
            self._settle()

    def feed(self, data: bytes) -> None:
        """Append bytes that arrive now."""
        self.push(Chunk(data, time.monotonic()))

    def take(self, size: int) -> Chunk:
        """Remove up to `size` bytes of the head chunk."""
        head = self._chunks.popleft()
        taken, rest = head.data[:size], head.data[size:]
        if rest:
            self._chunks.appendleft(Chunk(rest, head.born_s))
        self._size -= len(taken)
        self._settle()
        return Chunk(taken, head.born_s)

    def end(self, ending: Ending) -> None:
        """No more bytes; the first ending stands."""
        self.ending = self.ending or ending
        self._settle()

    def put_before(self, later: Channel) -> None:
        """Move everything held here to the front of `later` (a stage between them is gone)."""
        later._chunks.extendleft(reversed(self._chunks))
        later._size += self._size
        later.ending = later.ending or self.ending
        self._chunks.clear()
        self._size = 0
        later._settle()

    def _settle(self) -> None:
        _signal(self._readable, on=bool(self._chunks) or self.ending is not None)
        _signal(self._writable, on=self._size < self._capacity or self.ending is not None)


def _signal(event: asyncio.Event, *, on: bool) -> None:
    if on:
        event.set()
    else:
        event.clear()
