"""Keeping one process up: start, wait until it works, watch it, start it again.

The pause before a restart doubles while the process keeps failing and is bounded; it is
forgotten once the process has stayed up, and with the zone it failed in. A process that hangs
is as bad as one that is gone, and worse to find: one that does not answer several times
in a row, stopped or deaf, is killed, which brings it back. Only in a zone that is frozen as a whole
nothing in it could help, and it is left alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from drill.sandbox import checks
from drill.sandbox.roster import Spec
from drill.sandbox.zones import Zone, ZoneGoneError

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
_SETTLED_S = 10.0
_READY_POLL_S = 0.05
_WATCH_EVERY_S = 1.0
_DEAF_LIMIT = 5
_HASTY_EXITS = 3


class Backoff:
    """The pause before the next start."""

    def __init__(self) -> None:
        self._next_s = _FIRST_PAUSE_S

    def after(self, lived_s: float) -> float:
        """The pause for something that lived this long."""
        if lived_s >= _SETTLED_S:
            self._next_s = _FIRST_PAUSE_S
        pause_s, self._next_s = self._next_s, min(self._next_s * 2, _LONGEST_PAUSE_S)
        return pause_s


async def _nothing() -> bool:
    """The default hook: nothing to do, done."""
    return True


class NeverUpError(Exception):
    """A process ended again and again before it ever worked."""


async def wait_at_most(work: Awaitable[object], limit_s: float) -> bool:
    """Whether it was done in this time."""
    try:
        async with asyncio.timeout(limit_s):
            await work
    except TimeoutError:
        return False
    return True


@dataclass(slots=True)
class Keeper:
    """One kept process, once it is `allowed`. `prepare` runs before each start, `equip` when it answers.

    `restarts` counts starts after an end that nobody asked for, `commanded` those after its zone was
    ended on request. Under `once` what has worked and then ends or hangs is left as it is.
    """

    spec: Spec
    zone: Callable[[], Awaitable[Zone]]
    log: Path
    pidfile: Path
    changed: Callable[[], None]
    prepare: Callable[[], None] = lambda: None
    equip: Callable[[], Awaitable[bool]] = _nothing
    once: bool = False
    state: str = "waiting"
    restarts: int = 0
    commanded: int = 0
    pid: int = 0
    allowed: asyncio.Event = field(default_factory=asyncio.Event)
    up: asyncio.Event = field(default_factory=asyncio.Event)
    _hasty: int = 0
    _ever_up: bool = False
    _zone: Zone | None = None
    _last: Zone | None = None
    _exit: asyncio.Future[int] | None = None

    def ended(self, code: int) -> None:
        """The zone says that the process is gone."""
        if self._exit is not None and not self._exit.done():
            self._exit.set_result(code)

    def signal(self, number: int) -> None:
        """Send it a signal; ZoneGoneError when it does not run."""
        if self._zone is None or not self.pid:
            raise ZoneGoneError(f"{self.spec.name} does not run")
        self._zone.signal(self.spec.name, number)

    async def keep(self) -> None:
        """For ever; NeverUpError when there is no point."""
        backoff, loop = Backoff(), asyncio.get_running_loop()
        await self.allowed.wait()
        while True:
            zone = self._zone = await self.zone()
            began_s = loop.time()
            try:
                code = await self._live(zone)
            except (ZoneGoneError, TimeoutError):
                code = -1
            self._gone(code, zone)
            if self.once and self._ever_up:
                self._become(f"ended ({code}), left so")
                await loop.create_future()
            # When its zone goes as well, the new zone's coming is the pause.
            if await wait_at_most(zone.ended.wait(), backoff.after(loop.time() - began_s)):
                backoff = Backoff()

    async def _live(self, zone: Zone) -> int:
        self.prepare()
        self._exit = asyncio.get_running_loop().create_future()
        self._become("starting")
        argv = self.spec.again if self._last and self.spec.again else self.spec.argv
        self.pid = await zone.start(self.spec.name, argv, self.log)
        self._count(zone)
        self.pidfile.write_text(f"{self.pid}\n", encoding="ascii")
        watch = asyncio.create_task(self._watch(zone))
        try:
            either: set[asyncio.Future[Any]] = {watch, self._exit}
            done, _ = await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if watch in done:
                watch.result()
            return await self._exit
        finally:
            watch.cancel()

    def _count(self, zone: Zone) -> None:
        """What made this start necessary: the end of a zone on request, or a mishap, or nothing yet."""
        if self._last is not None:
            self.commanded += self._last.doomed
            self.restarts += not self._last.doomed
        self._last = zone

    async def _watch(self, zone: Zone) -> None:
        """Until it is deaf for too long; then it is killed, and its zone says so."""
        if await self._works(zone):
            self._ever_up = True
            self.up.set()
            await self._hangs(zone)
        zone.kill(self.spec.name)

    async def _works(self, zone: Zone) -> bool:
        """Wait until it does; False when it is stopped meanwhile. A slow start is nobody's fault."""
        ran_s = time.monotonic()
        while not (await checks.ready(self.spec.check) and await self.equip()):
            if not self._stopped() or zone.frozen or self.once:
                ran_s = time.monotonic()
            if time.monotonic() - ran_s > _DEAF_LIMIT * _WATCH_EVERY_S:
                return False
            await asyncio.sleep(_READY_POLL_S)
        return True

    async def _hangs(self, zone: Zone) -> None:
        """Wait until it does. In a zone that is frozen as a whole nothing could be mended."""
        deaf = 0
        while deaf < _DEAF_LIMIT or self.once:
            self._become("frozen" if zone.frozen else "deaf" if deaf else "up")
            await asyncio.sleep(_WATCH_EVERY_S)
            hears = zone.frozen or (not self._stopped() and await checks.alive(self.spec.check))
            deaf = 0 if hears or zone.frozen else deaf + 1

    def _stopped(self) -> bool:
        try:
            return bool(psutil.Process(self.pid).status() == psutil.STATUS_STOPPED)
        except psutil.NoSuchProcess:
            return False

    def _gone(self, code: int, zone: Zone) -> None:
        self.pidfile.unlink(missing_ok=True)
        self.up.clear()
        self.pid = 0
        self._become(f"ended ({code})")
        self._hasty += not zone.doomed
        # Exit code 3 is a configuration that cannot be used: no restart makes it better.
        if not self._ever_up and (code == 3 or self._hasty >= _HASTY_EXITS):
            raise NeverUpError(
                f"{self.spec.name} ended with {code} before it ever worked; {last_line(self.log)}"
            )

    def _become(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self.changed()

    def facts(self) -> dict[str, Any]:
        """For the status."""
        return {
            "name": self.spec.name,
            "zone": self.spec.zone,
            "address": str(self.spec.check.address),
            "state": self.state,
            "pid": self.pid,
            "restarts": self.restarts,
            "commanded": self.commanded,
        }


def last_line(log: Path) -> str:
    """What a log says last, for an error message."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n") if log.exists() else []
    said = next((line for line in reversed(lines) if line.strip()), "nothing")
    return f"{log} ends with: {said.strip()[:300]}"
