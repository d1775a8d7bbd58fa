"""The zones of a platform, each opened again when it is gone, unless it is held down.

Theory: holding a zone down, and freezing it, are what an operator's power switch and a stuck hypervisor
do. Each order is carried out before it is answered: a fault that is said to be there and is not yet would
spoil every time that is measured from it. Orders to one zone wait for each other.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from drill.sandbox import shim
from drill.sandbox.keeper import Backoff, wait_at_most
from drill.sandbox.zones import Isolation, Zone, ZoneGoneError

ORDER_DEADLINE_S = 8.0
_STOP_ROUND_S = 0.5
_POLL_S = 0.01
_SWEEP_AGAIN_S = 0.05


class CannotError(Exception):
    """What was asked for is not so, and the text says why."""


class Home:
    """The current zone of one name. `on_exit` is told (process, exit code), also of all when it goes."""

    def __init__(self, name: str, isolation: Isolation, on_exit: Callable[[str, int], None]) -> None:
        self.name = name
        self._isolation = isolation
        self._on_exit = on_exit
        self._open: asyncio.Future[Zone] = asyncio.get_running_loop().create_future()
        self._zone: Zone | None = None
        self._power, self._thawed, self._cut = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._power.set()
        self._thawed.set()
        self._order = asyncio.Lock()

    @property
    def root_pid(self) -> int:
        """The process that everything of the zone hangs below; 0 without one."""
        return 0 if self._zone is None else self._zone.root_pid

    @property
    def opening(self) -> bool:
        """Whether its first process may be there without being known yet."""
        return self._zone is not None and not self._open.done()

    @property
    def state(self) -> str:
        """`down` when it is held down, `frozen`, or `up`: on its own, whether or not it is quite there."""
        if not self._power.is_set():
            return "down"
        return "up" if self._thawed.is_set() else "frozen"

    async def zone(self) -> Zone:
        """The open zone; waits while there is none, and while it is frozen: nothing starts in ice."""
        while True:
            zone = await asyncio.shield(self._open)
            if self._thawed.is_set() and not zone.doomed:
                return zone
            await self._thawed.wait()
            await asyncio.sleep(_POLL_S)  # a doomed one is gone in a moment

    async def keep(self, log: Path, on_gone: Callable[[], None]) -> None:
        """For ever: open, wait for its end, say so, open again once it may."""
        backoff, loop = Backoff(), asyncio.get_running_loop()
        while True:
            await self._power.wait()
            self._cut.clear()
            began_s = loop.time()
            # One that ends while it opens is followed by the next after the pause, too.
            with suppress(ZoneGoneError, TimeoutError):
                await self._live(log)
            self._zone = None
            if self._open.done():
                self._open = loop.create_future()
            self._thawed.set()  # what was frozen is no more
            on_gone()
            if await wait_at_most(self._cut.wait(), backoff.after(loop.time() - began_s)):
                backoff = Backoff()  # it was ended on request, which is no failure

    async def _live(self, log: Path) -> None:
        gone = asyncio.Event()
        zone = self._zone = Zone(self.name, self._isolation, self._on_exit, gone.set)
        try:
            await zone.open(log)
            if zone.doomed:
                raise ZoneGoneError(f"zone {self.name} was ended while it opened")
            self._open.set_result(zone)
            await gone.wait()
        finally:
            await zone.close()

    async def hold(self) -> None:
        """Power off: everything is killed at once and nothing comes back before `release`."""
        async with self._order:
            self._power.clear()
            self._cut.set()
            zone = self._zone
            if zone is None:
                return
            members = zone.members()
            zone.destroy()
            await self._until(lambda: self._zone is not zone, "its first process is still there")
            await self._until(lambda: not _alive(members), "killed processes are still there")

    async def release(self) -> None:
        """Power on; returns when the zone is there. What belongs into it comes by itself."""
        async with self._order:
            self._power.set()
            await self._until(self._open.done, "it did not open")

    async def freeze(self) -> None:
        """Stop every process; CannotError, and all go on, when one of them would not."""
        async with self._order:
            if not self._power.is_set():
                raise CannotError(f"zone {self.name} is down")
            await self._until(self._open.done, "it is not open")
            zone = self._open.result()
            self._thawed.clear()
            zone.still = True
            if not await wait_at_most(_stop(zone), ORDER_DEADLINE_S):
                running = zone.unstopped()
                self._thaw(zone)
                raise CannotError(f"zone {self.name} was not frozen: {running} would not stop")
            if self._zone is not zone or zone.doomed:
                raise CannotError(f"zone {self.name} ended while it was frozen")

    async def thaw(self) -> None:
        """Let everything go on."""
        async with self._order:
            if self._open.done():
                self._thaw(self._open.result())

    def _thaw(self, zone: Zone) -> None:
        with suppress(ZoneGoneError, ProcessLookupError):
            zone.signal_all(signal.SIGCONT)
        zone.still = False
        self._thawed.set()

    async def _until(self, true: Callable[[], bool], otherwise: str) -> None:
        until_s = asyncio.get_running_loop().time() + ORDER_DEADLINE_S
        while not true():
            if asyncio.get_running_loop().time() > until_s:
                raise CannotError(f"zone {self.name}: {otherwise} after {ORDER_DEADLINE_S:.0f} s")
            await asyncio.sleep(_POLL_S)


async def _stop(zone: Zone) -> None:
    """Until all are stopped. One that waits for a stopped child (vfork) needs another round."""
    with suppress(ZoneGoneError):
        zone.signal_all(signal.SIGSTOP)
        while not await wait_at_most(_stopped(zone), _STOP_ROUND_S):
            zone.signal_all(signal.SIGCONT)
            await asyncio.sleep(_POLL_S)
            zone.signal_all(signal.SIGSTOP)


async def _stopped(zone: Zone) -> None:
    while zone.unstopped():  # noqa: ASYNC110  # the kernel has no event for a process that stops: it is polled
        await asyncio.sleep(_POLL_S)


def _alive(pids: set[int]) -> bool:
    return any(state not in "ZX" for state in shim.states(pids).values())


def sweep(homes: list[Home]) -> None:
    """End what a zone that died without its last word has left: it is ours now, and belongs to nobody."""
    if any(home.opening for home in homes):  # its first process must not be taken for a leftover
        asyncio.get_running_loop().call_later(_SWEEP_AGAIN_S, sweep, homes)
        return
    shim.kill_descendants(os.getpid(), frozenset(home.root_pid for home in homes if home.root_pid))
