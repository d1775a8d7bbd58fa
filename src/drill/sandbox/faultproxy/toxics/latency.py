"""Latency: every byte arrives later, in order."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass

from drill.sandbox.faultproxy.toxics.base import Flow, Plain


@dataclass(frozen=True, slots=True)
class Latency(Plain):
    """Each chunk is delayed by `latency` +/- `jitter` milliseconds from its arrival."""

    latency: int = 0
    jitter: int = 0

    async def pipe(self, flow: Flow) -> None:
        """Hold each chunk until it is due; delays of several toxics add up."""
        while (chunk := await flow.head()) is not None:
            due_s = chunk.born_s + max(0, self._delay_ms()) / 1000
            await asyncio.sleep(due_s - time.monotonic())
            await flow.forward(due_s=due_s)
        flow.finish()

    def _delay_ms(self) -> float:
        return self.latency + random.uniform(-self.jitter, self.jitter)  # noqa: S311  # how bad a network is at the moment: no secret hangs on it
