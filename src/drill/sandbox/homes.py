"""The zones of a platform, each opened again when it is gone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from drill.sandbox import shim
from drill.sandbox.keeper import Backoff
from drill.sandbox.zones import Isolation, Zone, ZoneGoneError


class Home:
    """The current zone of one name. `on_exit` is told (process, exit code), also of all when it goes."""

    def __init__(self, name: str, isolation: Isolation, on_exit: Callable[[str, int], None]) -> None:
        self.name = name
        self._isolation = isolation
        self._on_exit = on_exit
        self._open: asyncio.Future[Zone] = asyncio.get_running_loop().create_future()
        self.root_pid = 0

    async def zone(self) -> Zone:
        """The open zone; waits while there is none."""
        return await asyncio.shield(self._open)

    async def keep(self, log: Path, on_gone: Callable[[], None]) -> None:
        """For ever: open, wait for its end, say so, open again."""
        backoff, loop = Backoff(), asyncio.get_running_loop()
        while True:
            began_s = loop.time()
            # One that ends while it opens is followed by the next after the pause, too.
            with suppress(ZoneGoneError, TimeoutError):
                await self._live(log)
            self.root_pid = 0
            if self._open.done():
                self._open = loop.create_future()
            on_gone()
            await asyncio.sleep(backoff.after(loop.time() - began_s))

    async def _live(self, log: Path) -> None:
        gone = asyncio.Event()
        zone = Zone(self.name, self._isolation, self._on_exit, gone.set)
        try:
            await zone.open(log)
            self.root_pid = zone.root_pid
            self._open.set_result(zone)
            await gone.wait()
        finally:
            await zone.close()


def sweep(homes: list[Home]) -> None:
    """End what a zone that died without its last word has left: it is ours now, and belongs to nobody."""
    shim.kill_descendants(os.getpid(), frozenset(home.root_pid for home in homes if home.root_pid))
