"""One call as a state machine: pure in time, it sees only instants, messages and a port to send on.

    GREETING -> PAUSE -> SPEAKING -> WAITING -> HEARING -> PAUSE -> ... -> OVER
        |          \\___ (a key) ____/   |  |       |
        |                  ^            |  +-------+-- heard, but not acknowledged -> PAUSE
        +--- (barge-in) ---+------------+----------+   dead air -> OVER

Theory: the caller's clock is the schedule. A turn is owed an answer from the instant its last
spoken frame was due, not from when a late generator sent it; so a stalled generator or platform
cannot make its own turns look quicker. Nobody talks into a dead line twice: a caller who hears
nothing at all for the length of PATIENCE hangs up. One who was told something (that it could not be
saved, say) goes on; what was never acknowledged may still come, but its mark carries the older
number, and takes the audio before it out of the current turn.

A caller may also speak into what the agent says. That turn is counted like any other; the mark of the
answer it cut short comes back to the agent as its dialect has it, and is waited for by nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from drill.load.dialect import Audio, Clear, Dialect, Mark, MarkGrammar
from drill.load.dialects import USUAL, dialect_of
from drill.load.hearing import FRAME_NS, Hearing
from drill.load.mouth import Mouth
from drill.load.owed import Observer, Owed
from drill.load.playout import Playout
from drill.load.script import DTMF, HANG_UP, Turn
from drill.model.events import CallEnded, TurnEnded
from drill.model.units import NS_PER_S

PATIENCE_NS = 15 * NS_PER_S  # for an answer, and for the greeting
OVERTIME_NS = 10 * NS_PER_S  # a turn in flight at the scheduled end is waited for


class Port(Protocol):
    """Where a call sends its frames."""

    def send(self, text: bytes, *, droppable: bool = False) -> None:
        """Hand over one message; audio that finds no room may be dropped, as a phone line would."""

    def ping(self, payload: bytes) -> None:
        """Ask the other end to send this back at once."""


class Phase(Enum):
    """Where a call is."""

    GREETING = auto()
    PAUSE = auto()
    SPEAKING = auto()
    WAITING = auto()
    HEARING = auto()
    OVER = auto()


_PAUSE, _SPEAKING = Phase.PAUSE, Phase.SPEAKING  # asked for with every frame, and an Enum is slow to ask


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls, under which names."""

    call_sid: str
    stream_sid: str
    patient: str
    drill_id: str

    @property
    def parameters(self) -> Mapping[str, str]:
        """What the platform is told: above all that nobody here is real."""
        return {"patient": self.patient, "synthetic": "1", "drill_id": self.drill_id}


class Call:
    """See the module. `ends_ns` is when the caller means to hang up."""

    __slots__ = (
        "_barge_ns", "_dialect", "_grammar", "_hearing", "_idle_until_ns", "_left", "_mouth", "_next",
        "_ns_per_byte", "_observe", "_owed", "_playout", "_port", "_since_ns", "_turn", "_turns",
        "_waits_for", "ends_ns", "identity", "phase",
    )  # fmt: skip

    def __init__(
        self,
        identity: Identity,
        turns: Iterator[Turn],
        ends_ns: int,
        observe: Observer,
        grammar: MarkGrammar | None = None,
        dialect: Dialect | None = None,
    ) -> None:
        self.identity, self.ends_ns, self.phase = identity, ends_ns, Phase.GREETING
        self._turns, self._observe = turns, observe
        self._grammar = grammar or MarkGrammar()
        self._dialect = dialect or dialect_of(USUAL)
        self._ns_per_byte = self._dialect.encoding.ns_per_byte
        self._mouth = Mouth(self._dialect, identity.call_sid, identity.stream_sid)
        self._playout, self._hearing = Playout(), Hearing()
        self._owed = Owed(identity.call_sid, identity.patient, self._hearing, observe)
        self._turn = self._next = next(turns)  # the turn that is at hand, and the one that follows
        self._waits_for = self._grammar.greeting  # the mark whose playing ends the current phase
        self._left = self._since_ns = 0
        self._idle_until_ns = 0  # before this instant there is nothing to decide unless something comes
        self._barge_ns = 0  # from when on the caller speaks into what the agent says; 0: not at all
        self._port: Port | None = None

    def begin(self, port: Port, now_ns: int) -> None:
        """The stream is up: introduce the call."""
        self._port, self._since_ns = port, now_ns
        self._hearing.begun_ns = now_ns
        for text in self._mouth.opening(self.identity.parameters):
            port.send(text)

    @property
    def limit_ns(self) -> int:
        """By when it is over whatever the platform does, or we are at fault."""
        return max(self.ends_ns, self._hearing.begun_ns) + OVERTIME_NS + PATIENCE_NS

    # --- time -----------------------------------------------------------------------------

    def tick(self, due_ns: int, now_ns: int) -> None:
        """The 20 ms that were due at `due_ns`: decide, and send what is full."""
        if self._playout.next_ns <= now_ns:
            for mark in self._playout.played(now_ns):
                self._played(mark, now_ns)
        spoken = self._act(due_ns, now_ns) if due_ns >= self._idle_until_ns else None
        if self._port is not None and (frame := self._mouth.audio(spoken)) is not None:
            self._port.send(frame, droppable=True)

    def _act(self, due_ns: int, now_ns: int) -> str | None:
        if self.phase is _SPEAKING:
            return self._speak(due_ns, now_ns)
        if self.phase is _PAUSE:
            self._pause(due_ns, now_ns)
        elif self.phase is Phase.OVER:
            return None
        elif 0 < self._barge_ns <= due_ns < min(self.ends_ns, self._hearing.loud_until_ns):
            return self._barge_in(due_ns, now_ns)
        elif self.phase is Phase.GREETING:
            self._await_greeting(due_ns, now_ns)
        else:
            self._await_answer(due_ns, now_ns)
        return None

    def _await_greeting(self, due_ns: int, now_ns: int) -> None:
        if due_ns >= self.ends_ns:
            self._hang_up(now_ns, "")
        elif due_ns - self._since_ns >= PATIENCE_NS:
            self._abandon(now_ns, f"no greeting within {PATIENCE_NS // NS_PER_S} s")
        else:
            self._idle(min(self.ends_ns, self._since_ns + PATIENCE_NS))

    def _idle(self, until_ns: int) -> None:
        """Most ticks have nothing to decide; fifty of them a second and call are not asked."""
        self._idle_until_ns = min(until_ns, self._barge_ns) if self._barge_ns else until_ns

    def _pause(self, due_ns: int, now_ns: int) -> None:
        self._left -= 1
        if self._left > 0 and due_ns < self.ends_ns:
            return
        if due_ns >= self.ends_ns or (self._left <= 0 and self._turn.intent == HANG_UP):
            self._hang_up(now_ns, "")
        elif self._left <= 0 and self._turn.intent == DTMF:
            self._invoke(due_ns, now_ns)
            self._send(self._mouth.dtmf(self._turn.digit, now_ns))
        elif self._left <= 0:
            self.phase, self._left = Phase.SPEAKING, self._turn.speech_frames

    def _barge_in(self, due_ns: int, now_ns: int) -> str:
        self._owed.interrupt(now_ns)
        self._turn, self._barge_ns, self._waits_for = self._next, 0, ""
        self.phase, self._left = Phase.SPEAKING, self._turn.speech_frames
        return self._speak(due_ns, now_ns)

    def _speak(self, due_ns: int, now_ns: int) -> str:
        if self._left == self._turn.speech_frames:
            self._hearing.onset(due_ns)
        self._hearing.spoke(due_ns)
        self._left -= 1
        if self._left <= 0:
            self._invoke(due_ns, now_ns)
        return self._turn.intent

    def _await_answer(self, due_ns: int, now_ns: int) -> None:
        turn = self._owed.current
        if due_ns >= self.ends_ns + OVERTIME_NS:
            self._hang_up(now_ns, "hung up with a turn unanswered" if turn else "")
        elif turn and due_ns - turn.eos_ns >= PATIENCE_NS:
            self._lose_patience(turn, now_ns)
        else:
            until_ns = self.ends_ns + OVERTIME_NS
            self._idle(min(until_ns, turn.eos_ns + PATIENCE_NS) if turn else until_ns)

    def _lose_patience(self, turn: TurnEnded, now_ns: int) -> None:
        if not turn.first_audio_ns:
            self._abandon(now_ns, f"no answer within {PATIENCE_NS // NS_PER_S} s")
            return
        self._owed.give_up("unanswered", now_ns)
        self._rest()

    def _invoke(self, eos_ns: int, now_ns: int) -> None:
        self._owed.invoke(self._turn, eos_ns, now_ns)
        self._hearing.asked()
        if self._port is not None and (ping := self._hearing.ping(now_ns)):
            self._port.ping(ping)
        self._next = next(self._turns)
        self.phase = Phase.WAITING

    def _rest(self) -> None:
        """To the pause before the next turn."""
        self._idle_until_ns = 0
        self._turn, self._barge_ns, self._waits_for = self._next, 0, ""
        self.phase, self._left = Phase.PAUSE, self._turn.pause_frames

    # --- what the platform sends ----------------------------------------------------------

    def message(self, text: bytes, now_ns: int) -> None:
        """One message of the agent's; DialectError when it is none."""
        if self._hearing.awaits_ns:
            self._hearing.message(now_ns)
        audio = self._dialect.audio(text)
        if audio is not None:  # nearly all are
            self._heard(audio, now_ns)
        else:
            self._told(self._dialect.parse(text), now_ns)

    def _told(self, said: Audio | Mark | Clear | None, now_ns: int) -> None:
        self._idle_until_ns = 0
        match said:
            case Audio(data):
                self._heard(data, now_ns)
            case Mark() as mark:
                self._playout.mark(mark, now_ns)
                self._marked(mark.name, now_ns)
            case Clear():
                self._hearing.clear(now_ns)
                self._playout.clear(now_ns, returned=self._dialect.cleared_marks_return)
                self._send(self._mouth.cleared())

    def pong(self, payload: bytes, now_ns: int) -> None:
        """A ping came back."""
        self._hearing.pong(payload, now_ns)

    def _heard(self, data: bytes, now_ns: int) -> None:
        """Loudness is looked at until something is heard, and not again before that has ended."""
        hearing, playout, unheard = self._hearing, self._playout, self._owed.unheard
        length_ns = len(data) * self._ns_per_byte
        if hearing.sounding and not unheard:
            hearing.audio(length_ns, playout.ends_ns, now_ns)
            playout.audio(length_ns, now_ns)
            return
        sound = not self._dialect.is_silent(data)
        hearing.audio(length_ns, playout.ends_ns, now_ns, sound=sound)
        playout.audio(length_ns, now_ns)
        if sound and (unheard or self.phase is Phase.GREETING):
            self._owed.sound(now_ns)
            self._idle_until_ns = 0
            barge = self._next.barge_frames
            self._barge_ns = now_ns + barge * FRAME_NS if barge else 0

    def _marked(self, name: str, now_ns: int) -> None:
        told = self._grammar.acknowledged(name)
        if told is None and name != self._grammar.greeting:
            return
        self._hearing.mark()
        if told is None:
            self._owed.older(now_ns)
        elif self._owed.acknowledged(told, now_ns):
            self.phase, self._waits_for = Phase.HEARING, name
        if self._owed.unheard:
            self._barge_ns = 0

    def _played(self, mark: Mark, now_ns: int) -> None:
        if not mark.lost:
            self._send(self._mouth.mark(mark))
            self._hearing.answered(now_ns)
        if mark.name == self._waits_for and self.phase in (Phase.GREETING, Phase.HEARING):
            self._rest()

    # --- ends -----------------------------------------------------------------------------

    def closed(self, now_ns: int, detail: str) -> None:
        """The platform closed the stream while the call should live."""
        self._over(now_ns, "dropped", "dropped", detail)

    def cut(self, now_ns: int, detail: str) -> None:
        """The run ends and takes the call with it."""
        self._send(self._mouth.stop())
        self._over(now_ns, "unanswered", "cut", detail)

    def _hang_up(self, now_ns: int, detail: str) -> None:
        self._send(self._mouth.stop())
        self._over(now_ns, "unanswered", "completed", detail)

    def _abandon(self, now_ns: int, detail: str) -> None:
        """Dead air: the caller hangs up, before the call has come to its end."""
        self._send(self._mouth.stop())
        self._over(now_ns, "unanswered", "abandoned", detail)

    def _over(self, now_ns: int, turn_outcome: str, outcome: str, detail: str) -> None:
        if self.phase is Phase.OVER:
            return
        self._owed.give_up(turn_outcome, now_ns)
        self.phase, self._port = Phase.OVER, None
        self._observe(self._hearing.heard(self.identity.call_sid), now_ns)
        self._observe(CallEnded(self.identity.call_sid, outcome, detail), now_ns)

    def _send(self, message: bytes | None) -> None:
        if self._port is not None and message is not None:
            self._port.send(message)
