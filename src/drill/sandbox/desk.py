"""What a turn does: chat needs nobody, a look-up reads the EHR, a note writes to it.

Theory: degrade, do not fail. Whatever the EHR does, the caller gets an answer within one EHR
deadline, says honestly whether it is full or degraded, and hears it only after the turn is
committed. A store that does not answer may be failing over: the turn is offered again until it is
taken, for as long as a caller can be asked to wait. A note is committed with its outbox row before
the EHR is asked, so that no answer of the EHR, and no crash at any point, can lose or double it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from drill.sandbox.breaker import NotPermittedError
from drill.sandbox.defects import Defect, Defects
from drill.sandbox.ehr_client import EhrError, document
from drill.sandbox.endpointing import Intent
from drill.sandbox.guarded_ehr import GuardedEhr
from drill.sandbox.outbox import Deliverer
from drill.sandbox.pool import StoreError
from drill.sandbox.turns import Turn, Turns

FULL, DEGRADED, UNSAVED = "full", "degraded", "unsaved"
CLAIM_S = 6.0  # the EHR's deadline and the store's, with room
LEAST_S = 0.05
AGAIN_S = 0.25
Wanted = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Told:
    """The end of a turn; an unsaved one is never acknowledged."""

    outcome: str
    ehr_result: str


class Desk:
    """One zone's handling of turns."""

    def __init__(
        self, turns: Turns, ehr: GuardedEhr, deliverer: Deliverer, defects: Defects, store_patience_s: float
    ) -> None:
        self._turns = turns
        self._ehr = ehr
        self._deliverer = deliverer
        self._store_patience_s = store_patience_s
        self._once = Defect.EHR_WRITE_DOUBLED not in defects
        self._losing = Defect.EHR_WRITE_LOST in defects
        cascade = Defect.CASCADE in defects  # the defect: one turn at a time, whatever it waits for
        self._turnstile = asyncio.Lock() if cascade else contextlib.nullcontext()

    async def handle(self, turn: Turn, wanted: Wanted = lambda: True) -> Told:
        """Do what was asked and commit it; no second attempt at it when it is `wanted` no more."""
        work = {Intent.CHAT: self._chat, Intent.LOOKUP: self._lookup, Intent.NOTE: self._note}
        try:
            async with self._turnstile:
                return await work[turn.intent](turn, wanted)
        except StoreError:
            return Told(UNSAVED, "none")

    async def _saved(self, save: Callable[[], Awaitable[None]], wanted: Wanted) -> None:
        """Offer it to the store again and again; its statements may be repeated."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self._store_patience_s
        while True:
            try:
                return await save()
            except StoreError:
                if loop.time() + AGAIN_S > until_s or not wanted():
                    raise
            await asyncio.sleep(AGAIN_S)

    async def _chat(self, turn: Turn, wanted: Wanted) -> Told:
        await self._saved(lambda: self._turns.save(turn, FULL), wanted)
        return Told(FULL, "none")

    async def _lookup(self, turn: Turn, wanted: Wanted) -> Told:
        result = await self._result(self._read(turn))
        told = Told(FULL if result == "ok" else DEGRADED, result)
        await self._saved(lambda: self._turns.save(turn, told.outcome), wanted)
        return told

    async def _read(self, turn: Turn) -> None:
        """Both reads share one deadline: a caller waits for the EHR once, not once per request."""
        client, loop = self._ehr.client, asyncio.get_running_loop()
        until_s = loop.time() + client.timeout_s
        patient = await self._ehr.for_caller(lambda: client.patient(turn.patient))
        left_s = max(until_s - loop.time(), LEAST_S)
        await self._ehr.for_caller(lambda: client.appointments(str(patient["id"]), left_s))

    async def _note(self, turn: Turn, wanted: Wanted) -> Told:
        """Owe it, then try to deliver it at once; what fails stays owed."""
        note = document(turn)
        claim_s = CLAIM_S if self._ehr.guard.closed() else 0.0
        await self._saved(lambda: self._turns.save_owing(turn, note, claim_s), wanted)
        client = self._ehr.client
        result = await self._result(
            self._ehr.when_closed(lambda: client.write_note(turn.turn_id, note, once=self._once))
        )
        if result == "ok":
            return await self._delivered(turn)
        if self._losing:
            await self._deliverer.failed(turn.turn_id)
        return Told(DEGRADED, result)

    async def _delivered(self, turn: Turn) -> Told:
        """A store that fails now has the turn as owed: it will be offered again, and recognised."""
        try:
            await self._turns.delivered_at_once(turn.turn_id)
        except StoreError:
            return Told(DEGRADED, "ok")
        return Told(FULL, "ok")

    async def _result(self, work: Awaitable[None]) -> str:
        try:
            await work
        except NotPermittedError:
            return "not-permitted"
        except EhrError as error:
            return error.kind
        return "ok"
