"""Bandwidth: bytes trickle through at a given rate."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from drill.sandbox.faultproxy.toxics.base import Flow, Plain, for_ever

_SLICE_MS = 100


@dataclass(frozen=True, slots=True)
class Bandwidth(Plain):
    """At most `rate` kilobytes (of 1000 bytes) a second; 0 lets nothing through."""

    rate: int = 0

    async def pipe(self, flow: Flow) -> None:
        """Forward pieces of at most 100 ms worth, each when the rate allows it."""
        due_s = time.monotonic()
        while (chunk := await flow.head()) is not None:
            if self.rate == 0:
                await for_ever()
            piece = min(len(chunk.data), self.rate * _SLICE_MS)
            due_s = max(due_s, chunk.born_s) + piece / (self.rate * 1000)
            await asyncio.sleep(due_s - time.monotonic())
            await flow.forward(piece)
        flow.finish()
