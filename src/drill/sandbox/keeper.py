"""Keeping one process up: start, wait until it works, watch it, start it again.

The pause before a restart doubles while the process keeps failing and is bounded; it is
forgotten once the process has stayed up. A process that was stopped by a signal is somebody's
experiment: it is reported as frozen and left alone.
"""

from __future__ import annotations

import asyncio
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
_WATCH_EVERY_S = 2.0
_DEAF_LIMIT = 8
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


@dataclass(slots=True)
class Keeper:
    """One kept process, once it is `allowed`. `prepare` runs before each start, `equip` when it answers."""

    spec: Spec
    zone: Callable[[], Awaitable[Zone]]
    log: Path
    pidfile: Path
    changed: Callable[[], None]
    prepare: Callable[[], None] = lambda: None
    equip: Callable[[], Awaitable[bool]] = _nothing
    state: str = "waiting"
    restarts: int = 0
    pid: int = 0
    allowed: asyncio.Event = field(default_factory=asyncio.Event)
    up: asyncio.Event = field(default_factory=asyncio.Event)
    _ever_up: bool = False
    _exit: asyncio.Future[int] | None = None

    def ended(self, code: int) -> None:
        """The zone says that the process is gone."""
        if self._exit is not None and not self._exit.done():
            self._exit.set_result(code)

    async def keep(self) -> None:
        """For ever; NeverUpError when there is no point."""
        backoff, loop = Backoff(), asyncio.get_running_loop()
        await self.allowed.wait()
        while True:
            zone = await self.zone()
            began_s = loop.time()
            try:
                code = await self._live(zone)
            except (ZoneGoneError, TimeoutError):
                code = -1
            self._gone(code)
            await asyncio.sleep(backoff.after(loop.time() - began_s))
            self.restarts += 1

    async def _live(self, zone: Zone) -> int:
        self.prepare()
        self._exit = asyncio.get_running_loop().create_future()
        self._become("starting")
        self.pid = await zone.start(self.spec.name, self.spec.argv, self.log)
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

    async def _watch(self, zone: Zone) -> None:
        """Until it is deaf for too long; then it is killed, and its zone says so."""
        while not (await checks.ready(self.spec.check) and await self.equip()):  # noqa: ASYNC110  # polled
            await asyncio.sleep(_READY_POLL_S)
        self._ever_up = True
        self.up.set()
        deaf = 0
        while deaf < _DEAF_LIMIT:
            self._become(self._seen(deaf))
            await asyncio.sleep(_WATCH_EVERY_S)
            deaf = 0 if self._frozen() or await checks.alive(self.spec.check) else deaf + 1
        zone.kill(self.spec.name)

    def _seen(self, deaf: int) -> str:
        if self._frozen():
            return "frozen"
        return "deaf" if deaf else "up"

    def _frozen(self) -> bool:
        try:
            return bool(psutil.Process(self.pid).status() == psutil.STATUS_STOPPED)
        except psutil.NoSuchProcess:
            return False

    def _gone(self, code: int) -> None:
        self.pidfile.unlink(missing_ok=True)
        self.up.clear()
        self.pid = 0
        self._become(f"ended ({code})")
        # Exit code 3 is a configuration that cannot be used: no restart makes it better.
        if not self._ever_up and (code == 3 or self.restarts + 1 >= _HASTY_EXITS):
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
        }


def last_line(log: Path) -> str:
    """What a log says last, for an error message."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n") if log.exists() else []
    said = next((line for line in reversed(lines) if line.strip()), "nothing")
    return f"{log} ends with: {said.strip()[:300]}"
