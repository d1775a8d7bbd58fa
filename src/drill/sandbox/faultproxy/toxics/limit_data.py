"""Limit data: the connection is closed after so many bytes."""

from __future__ import annotations

from dataclasses import dataclass

from drill.sandbox.faultproxy.channel import Ending
from drill.sandbox.faultproxy.toxics.base import Flow, Plain


@dataclass(frozen=True, slots=True)
class LimitData(Plain):
    """`bytes` bytes of each connection pass, the rest is lost and the connection closed."""

    bytes: int = 0

    async def pipe(self, flow: Flow) -> None:
        """Count what passed on this connection, also before an update."""
        while (chunk := await flow.head()) is not None:
            left = self.bytes - flow.passed_bytes
            if left > 0:
                await flow.forward(min(left, len(chunk.data)))
            if flow.passed_bytes >= self.bytes:
                return flow.finish(Ending.CLOSE)
        return flow.finish()
