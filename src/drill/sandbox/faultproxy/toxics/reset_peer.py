"""Reset peer: the connection is torn off with a TCP reset."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from drill.sandbox.faultproxy.channel import Ending
from drill.sandbox.faultproxy.toxics.base import Flow, Plain


@dataclass(frozen=True, slots=True)
class ResetPeer(Plain):
    """`timeout` milliseconds after the first bytes (or the end), both peers get a reset."""

    timeout: int = 0

    async def pipe(self, flow: Flow) -> None:
        """Wait for a sign of life, then for the timeout; nothing passes."""
        await flow.head()
        await asyncio.sleep(self.timeout / 1000)
        flow.finish(Ending.RESET)
