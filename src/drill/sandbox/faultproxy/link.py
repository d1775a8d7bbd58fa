"""One direction of one connection: source -> stage -> stage -> sink, changeable while it flows.

    reader ─▶ channel ─▶ [toxic] ─▶ channel ─▶ [toxic] ─▶ channel ─▶ writer

A change stops only its neighbour: adding or removing a stage re-plumbs the stage after it
(or the sink); the bytes wait in their channels meanwhile.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from drill.sandbox.faultproxy.channel import Channel, Ending
from drill.sandbox.faultproxy.toxics import Flow, Noop, Timeout, Toxic

_READ_BYTES = 32 * 1024


@dataclass(slots=True)
class PlacedToxic:
    """A toxic as it lies on a proxy.

    Attributes:
        stream: "upstream" (towards the server) or "downstream" (towards the client).
        toxicity: share of connections it affects, drawn when it meets a connection.
    """

    name: str
    kind: str
    stream: str
    toxicity: float
    toxic: Toxic


@dataclass(slots=True)
class _Stage:
    placed: PlacedToxic
    flow: Flow
    task: asyncio.Task[None] | None = None

    def start(self) -> None:
        affected = random.random() < self.placed.toxicity  # noqa: S311  # how bad a network is at the moment: no secret hangs on it
        toxic = self.placed.toxic if affected else Noop()
        self.task = asyncio.create_task(toxic.pipe(self.flow))


class Link:
    """Moves bytes from `reader` to `writer` through the toxics of one stream.

    `on_end` is called once, when the sink has written everything, with how the stream ended.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        placed: Iterable[PlacedToxic],
        on_end: Callable[[Ending], None],
    ) -> None:
        self._reader, self._writer, self._on_end = reader, writer, on_end
        self._stages: list[_Stage] = []
        self._ended = False
        self._last = first = Channel()
        for toxic in placed:
            self._append(toxic)
        self._source_task = asyncio.create_task(self._source(first))
        self._sink_task = asyncio.create_task(self._sink(self._last))

    async def add(self, placed: PlacedToxic) -> None:
        """Append a stage before the sink; a stream that has ended needs none."""
        await _stopped(self._sink_task)
        if self._ended:
            return
        self._append(placed)
        self._sink_task = asyncio.create_task(self._sink(self._last))

    def _append(self, placed: PlacedToxic) -> None:
        stage = _Stage(placed, Flow(self._last, Channel()))
        self._last = stage.flow.output
        self._stages.append(stage)
        stage.start()

    async def update(self, placed: PlacedToxic) -> None:
        """Let a changed toxic begin anew where the old one was."""
        for stage in self._stages:
            if stage.placed is placed and stage.flow.output.ending is None:
                await _stopped(stage.task)
                stage.start()

    async def remove(self, placed: PlacedToxic) -> None:
        """Take a stage out; a black hole takes its connection with it."""
        index = next((i for i, stage in enumerate(self._stages) if stage.placed is placed), None)
        if index is None:
            return
        stage = self._stages[index]
        await _stopped(stage.task)
        if isinstance(placed.toxic, Timeout):
            stage.flow.finish(Ending.CLOSE)
        if stage.flow.output.ending is None:  # else the end is on its way and nothing may overtake it
            del self._stages[index]
            await self._join(index, stage.flow)

    async def _join(self, index: int, gone: Flow) -> None:
        """Let whatever read the gone stage's output read its input instead, leftovers first."""
        if index < len(self._stages):
            follower = self._stages[index]
            await _stopped(follower.task)
            gone.output.put_before(gone.input)
            follower.flow.input = gone.input
            follower.start()
        else:
            await _stopped(self._sink_task)
            gone.output.put_before(gone.input)
            self._last = gone.input
            self._sink_task = asyncio.create_task(self._sink(self._last))

    def cancel(self) -> None:
        """Stop everything; what is still in the channels is lost."""
        for task in (self._source_task, *(stage.task for stage in self._stages), self._sink_task):
            if task is not None:
                task.cancel()

    async def _source(self, channel: Channel) -> None:
        try:
            while True:
                await channel.room()
                data = await self._reader.read(_READ_BYTES)
                if not data:
                    break
                channel.feed(data)
        except OSError:
            channel.end(Ending.RESET)  # the peer tore it off; the other peer shall see the same
        else:
            channel.end(Ending.EOF)

    async def _sink(self, channel: Channel) -> None:
        try:
            while await channel.head() is not None:
                self._writer.write(channel.take(_READ_BYTES).data)
                await self._writer.drain()
            ending = channel.ending or Ending.EOF
            if ending is Ending.EOF and self._writer.can_write_eof():
                self._writer.write_eof()
        except OSError:
            ending = Ending.RESET
        self._ended = True
        self._on_end(ending)


async def _stopped(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
