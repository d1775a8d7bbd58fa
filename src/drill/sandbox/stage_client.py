"""Asking speech and model: one request, one deadline, no second try.

Theory: an answer that says nothing is no answer. Words that are empty and sound that has no length are
failures here, so that whoever speaks to callers has to have something else to say.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Protocol

import aiohttp

from drill.sandbox import pace, speech
from drill.sandbox.endpointing import Intent
from drill.sandbox.settings import Settings

PIECE = speech.CHUNK_MS * 8
LONGEST_S = 120.0
MOST_AT_ONCE = 64
Take = Callable[[bytes], None]


class StageError(Exception):
    """A stage gave nothing usable; `kind` is the short name of how."""

    def __init__(self, stage: str, kind: str) -> None:
        super().__init__(f"{stage}: {kind}")
        self.kind = kind


class Stages(Protocol):
    """What an agent wants of them; every method raises StageError."""

    async def recognise(self, call: str, seq: int, votes: Sequence[int]) -> Intent:
        """What was asked for."""

    async def reply(self, call: str, seq: int, intent: Intent, outcome: str) -> str:
        """Words to answer with."""

    async def speak(
        self, call: str, seq: int, text: str, take: Take, *, degraded: bool, piece_s: float
    ) -> None:
        """Give each 100 ms of it to `take`, none of which may be `piece_s` in coming."""


class StageClient:
    """The services at these roots; use as an async context manager."""

    def __init__(self, places: Mapping[str, str], settings: Settings) -> None:
        self._places, self._settings = places, settings
        # A connection each: one that was kept may have died with a fault, and nothing is sent twice.
        connector = aiohttp.TCPConnector(force_close=True, limit=MOST_AT_ONCE)
        self._session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(LONGEST_S))

    async def __aenter__(self) -> StageClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def recognise(self, call: str, seq: int, votes: Sequence[int]) -> Intent:
        """See Stages."""
        asked = {"call": call, "seq": seq, "votes": list(votes)}
        within_s = self._settings.stt_timeout_ms / 1000
        said = await self._word(pace.RECOGNITION, "/recognise", asked, "intent", within_s)
        try:
            return Intent(said)
        except ValueError as error:
            raise StageError(pace.RECOGNITION, "garbled") from error

    async def reply(self, call: str, seq: int, intent: Intent, outcome: str) -> str:
        """See Stages."""
        asked = {"call": call, "seq": seq, "intent": intent, "outcome": outcome}
        return await self._word(pace.MODEL, "/reply", asked, "text", self._settings.model_timeout_ms / 1000)

    async def speak(
        self, call: str, seq: int, text: str, take: Take, *, degraded: bool, piece_s: float
    ) -> None:
        """See Stages."""
        asked = {"call": call, "seq": seq, "text": text, "degraded": degraded}
        heard = False
        async for piece in self._pieces(asked, piece_s):
            heard = True
            take(piece)
        if not heard:
            raise StageError(pace.SYNTHESIS, "empty")

    async def _word(self, stage: str, path: str, asked: Mapping[str, Any], name: str, within_s: float) -> str:
        url = self._places[stage] + path
        try:
            async with asyncio.timeout(within_s), self._session.post(url, json=asked) as response:
                _check(stage, response.status)
                answer = json.loads(await response.read())
        except TimeoutError as error:
            raise StageError(stage, "timeout") from error
        except (aiohttp.ClientError, OSError) as error:
            raise StageError(stage, "broken") from error
        except ValueError as error:
            raise StageError(stage, "garbled") from error
        said = answer.get(name) if isinstance(answer, dict) else None
        if not isinstance(said, str) or not said.strip():
            raise StageError(stage, "empty")
        return said

    async def _pieces(self, asked: Mapping[str, Any], piece_s: float) -> AsyncIterator[bytes]:
        url = f"{self._places[pace.SYNTHESIS]}/speak"
        try:
            async with asyncio.timeout(piece_s) as due, self._session.post(url, json=asked) as response:
                _check(pace.SYNTHESIS, response.status)
                while piece := await _exactly(response.content):
                    due.reschedule(asyncio.get_running_loop().time() + piece_s)
                    yield piece
        except TimeoutError as error:
            raise StageError(pace.SYNTHESIS, "timeout") from error
        except (aiohttp.ClientError, OSError) as error:
            raise StageError(pace.SYNTHESIS, "broken") from error


async def _exactly(stream: aiohttp.StreamReader) -> bytes:
    """The next whole piece, or what is left of the last one; b"" after it."""
    try:
        return await stream.readexactly(PIECE)
    except asyncio.IncompleteReadError as error:
        return error.partial


def _check(stage: str, status: int) -> None:
    if status != 200:
        raise StageError(stage, f"status-{status}")
