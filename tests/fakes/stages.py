"""Speech and model within the test's own process: as quick as the sandbox's, and failing when told to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from drill.sandbox import endpointing, pace, speech
from drill.sandbox.endpointing import Intent
from drill.sandbox.settings import Settings
from drill.sandbox.stage_client import StageError, Take


class Nearby:
    """`fails`: stages that fail at once. `stalls_after`: how many pieces of speech come; None: all."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.fails: set[str] = set()
        self.stalls_after: int | None = None
        self.asked: list[str] = []

    async def recognise(self, call: str, seq: int, votes: Sequence[int]) -> Intent:
        """See drill.sandbox.stage_client."""
        await self._take_time(pace.RECOGNITION, call, seq)
        return endpointing.elected(votes)

    async def reply(self, call: str, seq: int, intent: Intent, outcome: str) -> str:
        """See drill.sandbox.stage_client."""
        await self._take_time(pace.MODEL, call, seq)
        return f"{intent}: {outcome}"

    async def speak(
        self, call: str, seq: int, text: str, take: Take, *, degraded: bool, piece_s: float
    ) -> None:
        """See drill.sandbox.stage_client."""
        assert text
        await self._take_time(pace.SYNTHESIS, call, seq)
        pieces = speech.pieces(pace.answer_ms(self._settings, call, seq), degraded=degraded)
        for piece in pieces[: self.stalls_after]:
            take(piece)
        if self.stalls_after is not None:
            await asyncio.sleep(piece_s)
            raise StageError(pace.SYNTHESIS, "timeout")

    async def _take_time(self, stage: str, call: str, seq: int) -> None:
        self.asked.append(stage)
        if stage in self.fails:
            raise StageError(stage, "status-503")
        await asyncio.sleep(pace.stage_s(self._settings, stage, call, seq))
