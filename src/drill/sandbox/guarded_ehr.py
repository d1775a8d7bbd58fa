"""The EHR as the rest of the agent sees it: every request goes through the breaker.

Theory: a caller never waits for a trial. When the breaker wants to know whether the EHR is
back, the request that may find out runs beside the call, which is answered degraded at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from drill.sandbox.breaker import Guard, Ticket
from drill.sandbox.defects import STORM_RETRIES, Defect, Defects
from drill.sandbox.ehr_client import EhrClient, EhrError

T = TypeVar("T")
Attempt = Callable[[], Awaitable[T]]


class GuardedEhr:
    """Client and breaker of one zone."""

    def __init__(self, client: EhrClient, guard: Guard, defects: Defects) -> None:
        self.client = client
        self.guard = guard
        self._storming = Defect.RETRY_STORM in defects
        self._beside: set[asyncio.Task[None]] = set()

    async def for_caller(self, attempt: Attempt[T]) -> T:
        """A request that a caller waits for; a trial is made beside it."""
        ticket = self._admit(attempt)
        if ticket.trial:
            self._spawn(_quietly(self.guard.run(ticket, attempt)))
            raise self.guard.refuse()
        return await self._run(ticket, attempt)

    async def when_closed(self, attempt: Attempt[T]) -> T:
        """A request that a caller waits for and that somebody else may try as a trial."""
        if not self.guard.closed():
            self._storm(attempt)
            raise self.guard.refuse()
        return await self._run(self._admit(attempt), attempt)

    async def in_background(self, attempt: Attempt[T]) -> T:
        """A request that nobody waits for."""
        return await self._run(self.guard.admit(), attempt)

    async def close(self) -> None:
        """Stop what runs beside."""
        for task in self._beside:
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)

    def _admit(self, attempt: Attempt[T]) -> Ticket:
        if self._storming and not self.guard.would_admit():
            self._storm(attempt)
        return self.guard.admit()

    async def _run(self, ticket: Ticket, attempt: Attempt[T]) -> T:
        try:
            return await self.guard.run(ticket, attempt)
        except EhrError:
            self._storm(attempt)
            raise

    def _storm(self, attempt: Attempt[T]) -> None:
        """The defect: what failed is repeated at once, again and again, past the breaker."""
        if self._storming:
            self._spawn(_repeat(attempt))

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)


async def _quietly(work: Awaitable[T]) -> None:
    try:
        await work
    except EhrError:
        return  # the breaker has counted it; nobody waits for the answer


async def _repeat(attempt: Attempt[T]) -> None:
    for _ in range(STORM_RETRIES):
        try:
            await attempt()
        except EhrError:
            continue
        return
