"""One call: hear, think, answer, one turn after another, until somebody hangs up.

Theory: two activities share a call. Listening never waits, so that a caller who talks over
the agent is heard and the agent falls silent (`clear`); answering takes the turns in order.
A turn in flight when the caller hangs up is finished and stored if the store takes it at once, but
nobody is told; nobody's turn is worth a place that another caller needs.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from drill.sandbox import dialect, endpointing, speech
from drill.sandbox.defects import Defect, Defects
from drill.sandbox.desk import DEGRADED, FULL, UNSAVED, Desk, Told
from drill.sandbox.endpointing import Ear, Intent, SpeechBegan, SpeechEnded
from drill.sandbox.settings import Settings
from drill.sandbox.truth import Truth
from drill.sandbox.turns import Turn

IDLE_S = 15.0  # a caller sends a frame every 20 ms; this long without one is a dead line
SEND_S = 2.0
FINISH_S = 6.0
LATE_S = 2.5  # the defect late-audio: when the caller is likely to speak again
_FRAME_MS = 20


Lane = AbstractAsyncContextManager[object]


def lane(defects: Defects) -> Lane:
    """What is said passes here. The defect: one voice for all calls; a slow answer holds up the rest."""
    return asyncio.Lock() if Defect.MEDIA_HEAD_OF_LINE in defects else contextlib.nullcontext()


@dataclass(slots=True)
class RealCalls:
    """How many calls are up whose caller's side did not say that they are synthetic."""

    up: int = 0

    @contextlib.contextmanager
    def counted(self, start: dialect.Start) -> Iterator[None]:
        """A real call counts for as long as the block lasts."""
        real = start.parameters.get("synthetic") != "1"
        self.up += real
        try:
            yield
        finally:
            self.up -= real


@dataclass(frozen=True, slots=True)
class House:
    """What all calls of an agent share."""

    desk: Desk
    settings: Settings
    truth: Truth
    defects: Defects
    lane: Lane = field(default_factory=contextlib.nullcontext)
    real_calls: RealCalls = field(default_factory=RealCalls)


@dataclass(slots=True)
class Line:
    """The agent's side of one media stream."""

    socket: web.WebSocketResponse
    stream_sid: str
    plays_until_s: float = 0.0

    async def say(self, chunks: list[str], mark: str | None) -> None:
        """Send audio, then the mark that asks for word of its playing."""
        texts = [dialect.media(self.stream_sid, chunk) for chunk in chunks]
        if mark is not None:
            texts.append(dialect.mark(self.stream_sid, mark))
        async with asyncio.timeout(SEND_S):
            for text in texts:
                await self.socket.send_str(text)
        now_s = time.monotonic()
        self.plays_until_s = max(now_s, self.plays_until_s) + len(chunks) * speech.CHUNK_MS / 1000

    async def hush(self) -> None:
        """Stop what is playing."""
        if time.monotonic() < self.plays_until_s:
            self.plays_until_s = 0.0
            async with asyncio.timeout(SEND_S):
                await self.socket.send_str(dialect.clear(self.stream_sid))


async def converse(socket: web.WebSocketResponse, house: House) -> None:
    """Everything from the first frame to the last."""
    while (text := await _next(socket)) is not None:
        event = dialect.parse(text)
        if isinstance(event, dialect.Start):
            voice = speech.voice(house.settings, event.call_sid)
            end_ms = endpointing.ends_after_ms(house.defects)
            with house.real_calls.counted(event):
                await Call(house, Line(socket, event.stream_sid), event, voice, end_ms).run()
            return


async def _next(socket: web.WebSocketResponse) -> str | None:
    """The next text frame; None when the line is closed or dead."""
    try:
        message = await socket.receive(timeout=IDLE_S)
    except TimeoutError:
        return None
    return str(message.data) if message.type is WSMsgType.TEXT else None


@dataclass(slots=True)
class Call:
    """One call's state."""

    house: House
    line: Line
    start: dialect.Start
    voice: speech.Voice
    end_ms: int
    ear: Ear = endpointing.QUIET
    seq: int = 0
    hung_up: bool = False
    heard: asyncio.Queue[SpeechEnded | None] = field(default_factory=asyncio.Queue)
    trailing: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Listen and answer until the call ends."""
        up_ns = time.monotonic_ns()
        answering = asyncio.create_task(self._answer_all())
        try:
            await self._listen()
        finally:
            self.hung_up = True
            self.house.truth.write(t_ns_up=up_ns, t_ns_over=time.monotonic_ns(), call_sid=self.start.call_sid)
            self.heard.put_nowait(None)
            for trail in self.trailing:
                trail.cancel()
            await asyncio.wait_for(answering, FINISH_S)

    async def _listen(self) -> None:
        while (text := await _next(self.line.socket)) is not None:
            payload = dialect.media_payload(text)
            if payload is None:
                event = dialect.parse(text)
                if isinstance(event, dialect.Stop):
                    return
                if isinstance(event, dialect.Dtmf):
                    self.heard.put_nowait(SpeechEnded(Intent.CHAT, time.monotonic_ns()))
                payload = event.payload if isinstance(event, dialect.Media) else ""
            if self._hear(payload) and Defect.NO_BARGE_IN not in self.house.defects:
                await self.line.hush()

    def _hear(self, payload: str) -> bool:
        """Take in audio; True when the caller has begun to speak. Plain silence is not even decoded."""
        if payload == dialect.SILENCE:
            self.ear, ended = endpointing.hear_silence(self.ear, _FRAME_MS, self.end_ms)
            return self._heard(ended)
        began = False
        now_ns = time.monotonic_ns()
        for window in endpointing.windows(_decoded(payload)):
            self.ear, event = endpointing.hear(self.ear, window, now_ns, self.end_ms)
            began = self._heard(event) or began
        return began

    def _heard(self, event: SpeechBegan | SpeechEnded | None) -> bool:
        if isinstance(event, SpeechEnded):
            self.heard.put_nowait(event)
        return isinstance(event, SpeechBegan)

    async def _answer_all(self) -> None:
        finished = False
        try:
            await self._greet()
            while (said := await self.heard.get()) is not None:
                await self._answer(said)
            finished = True
        except (ConnectionError, TimeoutError):
            return  # the caller is gone or takes nothing
        finally:
            if not finished:
                await self.line.socket.close()  # no answers any more: no call any more

    async def _greet(self) -> None:
        """The first words. The defect: said before the line takes audio, so that only their mark is left."""
        async with self.house.lane:
            await asyncio.sleep(self.voice.tts_s())
            chunks = self.voice.reply(degraded=False)
            lost = Defect.GREETING_LOST in self.house.defects
            await self.line.say([] if lost else chunks, "greeting")

    async def _answer(self, said: SpeechEnded) -> None:
        turn = self._turn(said.intent)
        await asyncio.sleep(self.voice.stt_s())
        told = await self.house.desk.handle(turn, lambda: not self.hung_up)
        audio_ns: int | None = None
        try:
            if told.outcome == DEGRADED and Defect.CALLS_DROPPED_ON_EHR_ERROR in self.house.defects:
                await self.line.socket.close(code=1011, message=b"EHR error")
                return
            async with self.house.lane:
                await asyncio.sleep(self.voice.model_s() + self.voice.tts_s())
                audio_ns = await self._tell(turn, told)
        finally:
            self._witness(turn, told, said.eos_ns, audio_ns)

    async def _tell(self, turn: Turn, told: Told) -> int:
        """Say it; only what is committed gets a mark. Returns when the audio set out."""
        saved = f"turn:{turn.seq}:{told.outcome}:{turn.turn_id}:{turn.patient}:{turn.digest}"
        mark = None if told.outcome == UNSAVED else saved
        begun_ns = time.monotonic_ns()
        chunks = self.voice.reply(degraded=told.outcome != FULL)
        await self.line.say(chunks, mark)
        if Defect.LATE_AUDIO in self.house.defects and not self.hung_up:
            self._trail(chunks, mark)
        return begun_ns

    def _trail(self, chunks: list[str], mark: str | None) -> None:
        """The defect: more is said after a fixed time, and nobody looks who is speaking by then."""

        async def late() -> None:
            await asyncio.sleep(LATE_S)
            with contextlib.suppress(ConnectionError, TimeoutError):  # the caller is gone
                await self.line.say(chunks, mark)

        task = asyncio.create_task(late())
        self.trailing.add(task)
        task.add_done_callback(self.trailing.discard)

    def _turn(self, intent: Intent) -> Turn:
        self.seq += 1
        given = self.start.parameters
        drill_id, patient = given.get("drill_id", "none"), given.get("patient", "synthetic-0001")
        return Turn(str(uuid.uuid4()), drill_id, self.start.call_sid, self.seq, patient, intent)

    def _witness(self, turn: Turn, told: Told, eos_ns: int, audio_ns: int | None) -> None:
        self.house.truth.write(
            t_ns_eos=eos_ns,
            t_ns_audio=audio_ns,
            call_sid=turn.call_sid,
            seq=turn.seq,
            intent=turn.intent,
            outcome=told.outcome,
            ehr_result=told.ehr_result,
        )


def _decoded(payload: str) -> bytes:
    try:
        return base64.b64decode(payload, validate=True)
    except binascii.Error as error:
        raise dialect.DialectError(f"media payload is not base64: {error}") from error
