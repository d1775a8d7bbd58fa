"""Slow close: the end of the stream is told late."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from drill.sandbox.faultproxy.toxics.base import Flow, Plain


@dataclass(frozen=True, slots=True)
class SlowClose(Plain):
    """The closing of the connection is passed on `delay` milliseconds after it happened."""

    delay: int = 0

    async def pipe(self, flow: Flow) -> None:
        """Forward everything at once, only the end later."""
        while await flow.head() is not None:
            await flow.forward()
        await asyncio.sleep(self.delay / 1000)
        flow.finish()
