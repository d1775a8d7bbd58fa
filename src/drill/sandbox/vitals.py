"""Whether this agent is fit to take calls: its store answers, and its event loop is not blocked.

Theory: a health answer must be fresh but cheap. Two small loops look every fraction of a
second and note when things were last well; the answer is a comparison of times, so a health
check can neither pile up on a slow store nor be delayed by it.

All zones share the store: while it fails over, every agent misses it. If each called itself ill at once
there would be no zone left to send a caller to, for an ailment that passes within a turn's patience.
So only a long silence is illness.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from drill.sandbox.pool import StoreError

LOOK_S = 0.5
TICK_S = 0.1
STALE_S = 2.0
LAG_LIMIT_S = 1.0


class Vitals:
    """Last known signs of life."""

    def __init__(self, alive: Callable[[], Awaitable[None]], store_silence_s: float) -> None:
        self._alive = alive
        self._store_silence_s = store_silence_s
        self._store_s = float("-inf")
        self._lagged_s = float("-inf")

    def ailments(self) -> list[str]:
        """What is wrong now; empty when fit."""
        now_s = asyncio.get_running_loop().time()
        store = ["the store does not answer"] if now_s - self._store_s > self._store_silence_s else []
        loop = ["the event loop was blocked"] if now_s - self._lagged_s < STALE_S else []
        return store + loop

    async def watch_store(self) -> None:
        """Ask the store again and again."""
        while True:
            try:
                await self._alive()
                self._store_s = asyncio.get_running_loop().time()
            except StoreError:
                pass  # silence is the finding: the last good time grows old
            await asyncio.sleep(LOOK_S)

    async def watch_loop(self) -> None:
        """Notice when a short sleep takes long."""
        loop = asyncio.get_running_loop()
        while True:
            due_s = loop.time() + TICK_S
            await asyncio.sleep(TICK_S)
            if loop.time() - due_s > LAG_LIMIT_S:
                self._lagged_s = loop.time()
