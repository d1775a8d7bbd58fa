"""Between hearing and speaking: recognition, model and synthesis, each behind a breaker and a deadline.

Theory: degrade, never fall silent. A caller who hears nothing does not know whether anybody is there, so
each stage has something to fall back on that needs no service: the agent's own rough ear, a phrase that is
always at hand, and a recording. What fell back is told as degraded. A stage that keeps failing is not waited
for any more (breaker); whether it is back is tried beside the calls, and no caller waits for that either.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import TypeVar

from drill.sandbox import pace, speech
from drill.sandbox.breaker import Guard, NotPermittedError
from drill.sandbox.defects import Defect, Defects
from drill.sandbox.endpointing import Intent, SpeechEnded
from drill.sandbox.settings import Settings
from drill.sandbox.stage_client import LONGEST_S, StageError, Stages, Take
from drill.sandbox.turns import Turn

T = TypeVar("T")
Attempt = Callable[[], Awaitable[T]]
FAILED = (StageError, NotPermittedError)
AT_HAND = "I am sorry, I cannot answer that just now. It is written down, and somebody will call you back."


class Mind:
    """One zone's; all its calls share the breakers."""

    def __init__(self, stages: Stages, settings: Settings, defects: Defects) -> None:
        self._stages, self._defects = stages, defects
        self._piece_s = settings.tts_timeout_ms / 1000
        # The defect: nobody set a deadline on the next piece of speech.
        if Defect.TTS_STALL in defects:
            self._piece_s = LONGEST_S
        self.guards = {name: Guard(settings.policy(frozenset())) for name in pace.STAGES}
        self._beside: set[asyncio.Task[None]] = set()

    async def understand(self, call: str, seq: int, said: SpeechEnded) -> tuple[Intent, bool]:
        """What was asked for, and whether that is more than the agent's own guess; a key is plain."""
        if not said.votes:
            return said.intent, True
        try:
            attempt = partial(self._stages.recognise, call, seq, said.votes)
            return await self._for_caller(pace.RECOGNITION, attempt), True
        except FAILED:
            return said.intent, False

    async def think(self, turn: Turn, outcome: str) -> str | None:
        """Words for what came of a turn; None when there are none, and what is at hand has to do."""
        try:
            attempt = partial(self._stages.reply, turn.call_sid, turn.seq, turn.intent, outcome)
            return await self._for_caller(pace.MODEL, attempt)
        except FAILED:
            return None

    def speak(self, call: str, seq: int, text: str, *, degraded: bool) -> Utterance:
        """The words as sound, which begins to be made at once; `close` it."""

        def made(take: Take) -> Awaitable[None]:
            speak = self._stages.speak
            return speak(call, seq, text, take, degraded=degraded, piece_s=self._piece_s)

        return Utterance(
            lambda take: self._for_caller(pace.SYNTHESIS, lambda: made(take), lambda: made(_unheard))
        )

    async def close(self) -> None:
        """Stop what runs beside."""
        for task in self._beside:
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)

    async def _for_caller(self, stage: str, attempt: Attempt[T], beside: Attempt[T] | None = None) -> T:
        guard = self.guards[stage]
        ticket = guard.admit()
        if ticket.trial:
            task = asyncio.create_task(_quietly(guard.run(ticket, beside or attempt)))
            self._beside.add(task)
            task.add_done_callback(self._beside.discard)
            raise guard.refuse()
        return await guard.run(ticket, attempt)


class Utterance:
    """Sound that is made while it is said; where it ends too early, or never begins, a recording goes on.

    `faltered`: a recording had to.
    """

    def __init__(self, made: Callable[[Take], Awaitable[None]]) -> None:
        self.faltered = False
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._head: list[bytes | None] = []
        self._making = asyncio.create_task(self._make(made))

    async def begun(self) -> None:
        """Returns when there is something to hear."""
        if not self._head:
            self._head.append(await self._queue.get())

    async def pieces(self) -> AsyncIterator[bytes]:
        """All of it, 100 ms each, as it comes."""
        await self.begun()
        piece = self._head[0]
        while piece is not None:
            yield piece
            piece = await self._queue.get()

    def close(self) -> None:
        """Nobody listens any more."""
        self._making.cancel()

    async def _make(self, made: Callable[[Take], Awaitable[None]]) -> None:
        try:
            await made(self._queue.put_nowait)
        except FAILED:
            self.faltered = True
            for piece in speech.RECORDED:
                self._queue.put_nowait(piece)
        finally:
            self._queue.put_nowait(None)


def _unheard(_piece: bytes) -> None:
    """A trial is not for anybody's ears."""


async def _quietly(work: Awaitable[object]) -> None:
    try:
        await work
    except StageError:
        return  # the breaker has counted it; nobody waits for the answer
