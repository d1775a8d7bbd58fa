"""Timeout: a black hole, closed after a while or never."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from drill.sandbox.faultproxy.channel import Ending
from drill.sandbox.faultproxy.toxics.base import Flow, Plain


@dataclass(frozen=True, slots=True)
class Timeout(Plain):
    """All bytes vanish; after `timeout` quiet milliseconds the connection closes, 0 means never.

    Removing the toxic closes the connection too (see `link`): what vanished cannot come back,
    and a peer must not be left to wait for it.
    """

    timeout: int = 0

    async def pipe(self, flow: Flow) -> None:
        """Drop until the sender ends or the time is up (as the original: anew after each chunk)."""
        try:
            while await asyncio.wait_for(flow.head(), self.timeout / 1000 or None) is not None:
                flow.drop()
        except TimeoutError:
            flow.finish(Ending.CLOSE)
        else:
            flow.finish()
