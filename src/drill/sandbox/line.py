"""The agent's side of one media stream: what is said leaves at the pace of time, a little ahead of it.

Theory: an agent that sends a whole answer at once fills buffers that are not its own, and what is on its
way cannot be taken back. So a piece leaves `AHEAD_S` before it has to be played: enough for a scheduler's
whims, too little to hide a bad line from who listens at its other end.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from aiohttp import web

from drill.sandbox import dialect, speech

SEND_S = 2.0
AHEAD_S = 0.1
PIECE_S = speech.CHUNK_MS / 1000


@dataclass(slots=True)
class Line:
    """`plays_until_s`: until when what is said is played; `hushed`: how often it was told to be silent."""

    socket: web.WebSocketResponse
    stream_sid: str
    plays_until_s: float = 0.0
    speaking: bool = False
    hushed: int = 0

    async def say(self, pieces: AsyncIterator[bytes]) -> None:
        """Send sound piece by piece until it ends, or until somebody says hush."""
        hushed, self.speaking = self.hushed, True
        try:
            async for piece in pieces:
                await asyncio.sleep(max(0.0, self.plays_until_s - AHEAD_S - time.monotonic()))
                if self.hushed != hushed:
                    return
                await self.blurt([piece])
                self.plays_until_s = max(time.monotonic(), self.plays_until_s) + PIECE_S
        finally:
            self.speaking = False

    async def blurt(self, pieces: Sequence[bytes]) -> None:
        """Send sound at once, whoever is speaking."""
        async with asyncio.timeout(SEND_S):
            for piece in pieces:
                payload = base64.b64encode(piece).decode()
                await self.socket.send_str(dialect.media(self.stream_sid, payload))

    async def mark(self, name: str) -> None:
        """Ask for word of everything's being played."""
        async with asyncio.timeout(SEND_S):
            await self.socket.send_str(dialect.mark(self.stream_sid, name))

    def silence(self) -> None:
        """Say no more; what was sent is played."""
        self.hushed += 1

    async def hush(self) -> None:
        """Stop what is playing, and what is being said."""
        if not self.speaking and time.monotonic() >= self.plays_until_s:
            return
        self.silence()
        self.plays_until_s = 0.0
        async with asyncio.timeout(SEND_S):
            await self.socket.send_str(dialect.clear(self.stream_sid))
