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
from drill.sandbox.line import Line
from drill.sandbox.mind import AT_HAND, Mind, Utterance
from drill.sandbox.truth import Truth
from drill.sandbox.turns import Turn

GREETING = "Hello, this is the clinic. What can I do for you?"
IDLE_S = 15.0  # a caller sends a frame every 20 ms; this long without one is a dead line
FINISH_S = 6.0
LATE_S = 2.5  # the defect late-audio: when the caller is likely to speak again,
LATE_MS = 2000  # and how much is said then
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
    mind: Mind
    truth: Truth
    defects: Defects
    lane: Lane = field(default_factory=contextlib.nullcontext)
    real_calls: RealCalls = field(default_factory=RealCalls)


async def converse(socket: web.WebSocketResponse, house: House) -> None:
    """Everything from the first frame to the last."""
    while (text := await _next(socket)) is not None:
        event = dialect.parse(text)
        if isinstance(event, dialect.Start):
            end_ms = endpointing.ends_after_ms(house.defects)
            with house.real_calls.counted(event):
                await Call(house, Line(socket, event.stream_sid), event, end_ms).run()
            return


async def _next(socket: web.WebSocketResponse) -> str | None:
    """The next text frame; None when the line is closed or dead."""
    try:
        message = await socket.receive(timeout=IDLE_S)
    except TimeoutError:
        return None
    return str(message.data) if message.type is WSMsgType.TEXT else None


@dataclass(slots=True)
class Answer:
    """What became of a turn, and of its telling. `audio_ns`: when sound set out."""

    turn: Turn
    told: Told
    degraded: bool
    audio_ns: int | None = None

    def mark(self, *, faltered: bool) -> str | None:
        """What a caller is told once all was played; nothing of a turn that was not saved."""
        if self.told.outcome == UNSAVED:
            return None
        turn, outcome = self.turn, DEGRADED if self.degraded or faltered else FULL
        return f"turn:{turn.seq}:{outcome}:{turn.turn_id}:{turn.patient}:{turn.digest}"


@dataclass(slots=True)
class Call:
    """One call's state."""

    house: House
    line: Line
    start: dialect.Start
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
            self.line.silence()
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
        with contextlib.ExitStack() as held:
            async with self.house.lane:
                voice = held.enter_context(self._speaking(GREETING, degraded=False))
                await voice.begun()
            if Defect.GREETING_LOST not in self.house.defects:
                await self.line.say(voice.pieces())
            await self.line.mark("greeting")

    async def _answer(self, said: SpeechEnded) -> None:
        mind, call = self.house.mind, self.start.call_sid
        intent, sure = await mind.understand(call, self.seq + 1, said)
        turn = self._turn(intent)
        told = await self.house.desk.handle(turn, lambda: not self.hung_up)
        answer = Answer(turn, told, degraded=told.outcome != FULL or not sure)
        try:
            if told.outcome == DEGRADED and Defect.CALLS_DROPPED_ON_EHR_ERROR in self.house.defects:
                await self.line.socket.close(code=1011, message=b"EHR error")
                return
            await self._reply(answer)
        finally:
            self._witness(answer, said.eos_ns)

    async def _reply(self, answer: Answer) -> None:
        async with contextlib.AsyncExitStack() as lane:
            await lane.enter_async_context(self.house.lane)
            words = await self.house.mind.think(answer.turn, answer.told.outcome)
            if words is None and Defect.SILENT_FALLBACK in self.house.defects:
                return
            answer.degraded = answer.degraded or words is None
            with self._speaking(words or AT_HAND, degraded=answer.degraded) as voice:
                await voice.begun()
                await lane.aclose()
                await self._tell(answer, voice)

    async def _tell(self, answer: Answer, voice: Utterance) -> None:
        """Say it; only what is committed gets a mark, and that is told however it was cut short."""
        answer.audio_ns = time.monotonic_ns()
        await self.line.say(voice.pieces())
        mark = answer.mark(faltered=voice.faltered)
        if mark is not None:
            await self.line.mark(mark)
        if Defect.LATE_AUDIO in self.house.defects and not self.hung_up:
            self._trail(mark, answer.audio_ns + round(LATE_S * 1e9))

    @contextlib.contextmanager
    def _speaking(self, words: str, *, degraded: bool) -> Iterator[Utterance]:
        voice = self.house.mind.speak(self.start.call_sid, self.seq, words, degraded=degraded)
        try:
            yield voice
        finally:
            voice.close()

    def _trail(self, mark: str | None, at_ns: int) -> None:
        """The defect: more is said after a fixed time, and nobody looks who is speaking by then."""

        async def late() -> None:
            await asyncio.sleep(max(0.0, (at_ns - time.monotonic_ns()) / 1e9))
            with contextlib.suppress(ConnectionError, TimeoutError):  # the caller is gone
                await self.line.blurt(speech.pieces(LATE_MS, degraded=False))
                if mark is not None:
                    await self.line.mark(mark)

        task = asyncio.create_task(late())
        self.trailing.add(task)
        task.add_done_callback(self.trailing.discard)

    def _turn(self, intent: Intent) -> Turn:
        self.seq += 1
        given = self.start.parameters
        drill_id, patient = given.get("drill_id", "none"), given.get("patient", "synthetic-0001")
        return Turn(str(uuid.uuid4()), drill_id, self.start.call_sid, self.seq, patient, intent)

    def _witness(self, answer: Answer, eos_ns: int) -> None:
        self.house.truth.write(
            t_ns_eos=eos_ns,
            t_ns_audio=answer.audio_ns,
            call_sid=answer.turn.call_sid,
            seq=answer.turn.seq,
            intent=answer.turn.intent,
            outcome=answer.told.outcome,
            ehr_result=answer.told.ehr_result,
        )


def _decoded(payload: str) -> bytes:
    try:
        return base64.b64decode(payload, validate=True)
    except binascii.Error as error:
        raise dialect.DialectError(f"media payload is not base64: {error}") from error
