"""Questions asked in a rhythm, and their answers written down.

Questions overlap on purpose: while a zone or the EHR is silent each of them waits, and waiting for
one before the next is sent would thin the samples out exactly when they matter. Every question has a
deadline, so only so many of one rhythm are open at a time; should there ever be more, beats are skipped.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from drill.journal import Journal
from drill.model.events import DoorSample, Event, WitnessSample

# The slowest witness waits for six seconds and is asked twice in each: twelve, and some room.
OPEN_MAX = 16
Ask = Callable[[], Awaitable[Event | Sequence[Event]]]


class Rhythms:
    """All rhythms of one watch. An error that no question expects (a full disk, a mistake of ours) sets
    `stop`, and `end` raises it."""

    def __init__(self, journal: Journal, stop: asyncio.Event) -> None:
        self._journal, self._stop = journal, stop
        self._beating: list[asyncio.Task[None]] = []
        self._asking: set[asyncio.Task[None]] = set()
        self._broken: BaseException | None = None

    def start(self, interval_s: float, ask: Ask) -> None:
        """Ask from now on, every `interval_s`."""
        task = asyncio.create_task(self._beat(interval_s, ask))
        task.add_done_callback(self._ended)
        self._beating.append(task)

    async def end(self) -> None:
        """Ask no more; questions still open are given their own deadlines to end."""
        for task in self._beating:
            task.cancel()
        await asyncio.gather(*self._beating, return_exceptions=True)
        await asyncio.gather(*self._asking, return_exceptions=True)
        if self._broken is not None:
            raise self._broken

    async def _beat(self, interval_s: float, ask: Ask) -> None:
        loop = asyncio.get_running_loop()
        due, open_ = loop.time(), set[asyncio.Task[None]]()
        while True:
            if len(open_) < OPEN_MAX:
                task = asyncio.create_task(self._record(ask))
                for tasks in (open_, self._asking):
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
                task.add_done_callback(self._ended)
            due += interval_s
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broken = self._broken or error
            self._stop.set()

    async def _record(self, ask: Ask) -> None:
        asked_ns = time.monotonic_ns()
        found = await ask()
        for event in [found] if isinstance(found, Event) else found:
            # A witness or a door says how things were when it was asked; all else, when it was answered.
            asked = isinstance(event, WitnessSample | DoorSample)
            self._journal.append(event, t_ns=asked_ns if asked else None)
