"""What a toxic is given and what it must do: one method, on one direction of one connection."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from drill.sandbox.faultproxy.channel import Channel, Chunk, Ending


@dataclass(slots=True)
class Flow:
    """A stage's place in a link.

    Attributes:
        input: where bytes come from; they stay there until forwarded or dropped.
        output: where they go.
        passed_bytes: forwarded by this stage on this connection; survives an update of the toxic.
    """

    input: Channel
    output: Channel
    passed_bytes: int = field(default=0)

    async def head(self) -> Chunk | None:
        """The next chunk, None at the end of the stream."""
        return await self.input.head()

    async def forward(self, size: int | None = None, *, due_s: float | None = None) -> None:
        """Hand on the head chunk, or its first `size` bytes, when the next stage has room."""
        await self.output.room()
        chunk = self.input.take(1 << 30 if size is None else size)
        self.output.push(chunk if due_s is None else Chunk(chunk.data, due_s))
        self.passed_bytes += len(chunk.data)

    def drop(self) -> None:
        """Lose the head chunk."""
        self.input.take(1 << 30)

    def finish(self, ending: Ending | None = None) -> None:
        """End the output: with `ending`, or with whatever ended the input."""
        self.output.end(ending or self.input.ending or Ending.EOF)


class Toxic(Protocol):
    """A frozen value whose fields are its attributes in the API: integers, zero or more."""

    async def pipe(self, flow: Flow) -> None:
        """Move bytes from input to output until either ends; may be cancelled at any await."""

    def problem(self) -> str:
        """Why these attributes make no sense together; "" when they do."""


@dataclass(frozen=True, slots=True)
class Plain:
    """Attributes that are right as long as each is."""

    def problem(self) -> str:
        """Nothing to say."""
        return ""


@dataclass(frozen=True, slots=True)
class Noop(Plain):
    """Passes everything on: what a toxic does to connections its toxicity spares."""

    async def pipe(self, flow: Flow) -> None:
        """Forward until the end."""
        while await flow.head() is not None:
            await flow.forward()
        flow.finish()


async def for_ever() -> None:
    """Wait until cancelled."""
    await asyncio.Event().wait()
