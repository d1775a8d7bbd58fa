"""Delivering the notes that were promised: each exactly once, through the same breaker.

Theory: at-least-once delivery plus a receiver that recognises repeats is exactly-once. Rows
are claimed by lease (a dead zone's rows come free again); If-None-Exist lets the EHR answer
"have it" when the first answer was lost. The deliverer is the zone's most patient EHR client:
when the breaker wants a trial and no caller comes, it is the one who tries.
"""

from __future__ import annotations

import asyncio
import contextlib

from drill.sandbox.breaker import NotPermittedError
from drill.sandbox.defects import Defect, Defects
from drill.sandbox.ehr_client import EhrError
from drill.sandbox.guarded_ehr import GuardedEhr
from drill.sandbox.pool import StoreError
from drill.sandbox.turns import Owed, Turns

BATCH = 4
CLAIM_S = 15.0  # longer than any delivery: request, its answer, and the store's deadlines
DEFER_S = 1.0


class Deliverer:
    """One zone's delivery loop."""

    def __init__(self, turns: Turns, ehr: GuardedEhr, defects: Defects, interval_s: float) -> None:
        self._turns = turns
        self._ehr = ehr
        self._interval_s = interval_s
        self._once = Defect.EHR_WRITE_DOUBLED not in defects
        self._losing = Defect.EHR_WRITE_LOST in defects
        self.pending = 0

    async def run(self) -> None:
        """Deliver until cancelled; a store that is away is asked again next time."""
        while True:
            with contextlib.suppress(StoreError):
                while await self.round() == BATCH:
                    pass
            await asyncio.sleep(self._interval_s)

    async def round(self) -> int:
        """Deliver one batch; how many rows were taken."""
        self.pending = await self._turns.pending()
        if not self.pending or not self._ehr.guard.would_admit():
            return 0
        owed = await self._turns.claim(BATCH if self._ehr.guard.closed() else 1, CLAIM_S)
        await asyncio.gather(*(self._deliver(note) for note in owed))
        return len(owed)

    async def _deliver(self, owed: Owed) -> None:
        try:
            await self._ehr.in_background(
                lambda: self._ehr.client.write_note(owed.turn_id, owed.document, once=self._once)
            )
        except NotPermittedError:
            await self._turns.defer(owed.turn_id, 0.0)
        except EhrError:
            await self.failed(owed.turn_id)
        else:
            await self._turns.delivered(owed.turn_id)

    async def failed(self, turn_id: str) -> None:
        """Keep what could not be delivered; under the defect it is ticked off as if it had been."""
        if self._losing:
            await self._turns.delivered(turn_id)
        else:
            await self._turns.defer(turn_id, DEFER_S)
