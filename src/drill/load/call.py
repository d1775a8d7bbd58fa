"""One call as a state machine: pure in time, it sees only instants, messages and a port to send on.

    GREETING -> PAUSE -> SPEAKING -> WAITING -> HEARING -> PAUSE -> ... -> OVER
                   \\___ (a key) ____/   |  \\__ (heard, but not acknowledged) __/
                                         +---- (dead air) --------------> OVER

Theory: the caller's clock is the schedule. A turn is owed an answer from the instant its last
spoken frame was due, not from when a late generator sent it; so a stalled generator or platform
cannot make its own turns look quicker. Nobody talks into a dead line twice: a caller who hears
nothing at all for the length of PATIENCE hangs up. One who was told something (that it could not be
saved, say) goes on; what was never acknowledged may still come, but its mark carries the older
number, and takes the audio before it out of the current turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Protocol

from drill.load import dialect, speech
from drill.load.dialect import Acknowledged, Audio, Clear, Mark, MarkGrammar
from drill.load.playout import Playout
from drill.load.script import DTMF, Turn, digest
from drill.model.events import CallEnded, Event, TurnEnded, TurnInvoked
from drill.model.units import NS_PER_S

PATIENCE_NS = 15 * NS_PER_S  # for an answer, and for the greeting
OVERTIME_NS = 10 * NS_PER_S  # a turn in flight at the scheduled end is waited for
_KEY = "1"


class Port(Protocol):
    """Where a call sends its frames."""

    def send(self, text: bytes, *, droppable: bool = False) -> None:
        """Hand over one text frame; audio that finds no room may be dropped, as a phone line would."""


Observer = Callable[[Event, int], None]
"""Told each event with its time."""


class Phase(Enum):
    """Where a call is."""

    GREETING = auto()
    PAUSE = auto()
    SPEAKING = auto()
    WAITING = auto()
    HEARING = auto()
    OVER = auto()


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
        "_chunk", "_grammar", "_left", "_observe", "_open", "_playout", "_port", "_sequence", "_since_ns",
        "_stream_sid", "_turn", "_turns", "_waits_for", "ends_ns", "identity", "phase",
    )  # fmt: skip

    def __init__(
        self,
        identity: Identity,
        turns: Iterator[Turn],
        ends_ns: int,
        observe: Observer,
        grammar: MarkGrammar | None = None,
    ) -> None:
        self.identity, self.ends_ns, self.phase = identity, ends_ns, Phase.GREETING
        self._turns, self._observe = turns, observe
        self._grammar = grammar or MarkGrammar()
        self._stream_sid = identity.stream_sid.encode()
        self._playout = Playout()
        self._turn = next(turns)
        self._open: TurnEnded | None = None  # the turn that is waited for, as far as it is known
        self._waits_for = self._grammar.greeting  # the mark whose playing ends the current phase
        self._left = self._sequence = self._chunk = self._since_ns = 0
        self._port: Port | None = None

    def begin(self, port: Port, now_ns: int) -> None:
        """The stream is up: introduce the call."""
        self._port, self._since_ns, self._sequence = port, now_ns, 1
        port.send(dialect.CONNECTED)
        port.send(dialect.start(self.identity.call_sid, self.identity.stream_sid, self.identity.parameters))

    # --- time -----------------------------------------------------------------------------

    def tick(self, due_ns: int, now_ns: int) -> None:
        """The 20 ms that were due at `due_ns`: decide, and send one frame."""
        for name in self._playout.played(now_ns):
            self._played(name)
        spoken = self._act(due_ns, now_ns)
        if self._port is not None:
            self._sequence += 1
            self._chunk += 1
            stamp_ms = (self._chunk - 1) * speech.FRAME_MS
            frame = dialect.media(spoken, self._sequence, self._chunk, stamp_ms, self._stream_sid)
            self._port.send(frame, droppable=True)

    def _act(self, due_ns: int, now_ns: int) -> str | None:
        if self.phase is Phase.SPEAKING:
            return self._speak(due_ns, now_ns)
        if self.phase is Phase.PAUSE:
            self._pause(due_ns, now_ns)
        elif self.phase is Phase.GREETING:
            self._await_greeting(due_ns, now_ns)
        elif self.phase is not Phase.OVER:
            self._await_answer(due_ns, now_ns)
        return None

    def _await_greeting(self, due_ns: int, now_ns: int) -> None:
        if due_ns >= self.ends_ns:
            self._hang_up(now_ns, "")
        elif due_ns - self._since_ns >= PATIENCE_NS:
            self._abandon(now_ns, f"no greeting within {PATIENCE_NS // NS_PER_S} s")

    def _pause(self, due_ns: int, now_ns: int) -> None:
        self._left -= 1
        if due_ns >= self.ends_ns:
            self._hang_up(now_ns, "")
        elif self._left <= 0 and self._turn.intent == DTMF:
            self._invoke(due_ns, now_ns)
            self._send(dialect.dtmf(_KEY, self._numbered(), self.identity.stream_sid))
        elif self._left <= 0:
            self.phase, self._left = Phase.SPEAKING, self._turn.speech_frames

    def _speak(self, due_ns: int, now_ns: int) -> str:
        self._left -= 1
        if self._left <= 0:
            self._invoke(due_ns, now_ns)
        return self._turn.intent

    def _await_answer(self, due_ns: int, now_ns: int) -> None:
        if due_ns >= self.ends_ns + OVERTIME_NS:
            self._hang_up(now_ns, "hung up with a turn unanswered" if self._open else "")
        elif self._open and due_ns - self._open.eos_ns >= PATIENCE_NS:
            self._lose_patience(self._open, now_ns)

    def _lose_patience(self, turn: TurnEnded, now_ns: int) -> None:
        if not turn.first_audio_ns:
            self._abandon(now_ns, f"no answer within {PATIENCE_NS // NS_PER_S} s")
            return
        self._give_up(now_ns, "unanswered")
        self._rest()

    def _invoke(self, eos_ns: int, now_ns: int) -> None:
        turn, call = self._turn, self.identity.call_sid
        self._observe(TurnInvoked(call, turn.seq, turn.intent, eos_ns), now_ns)
        self._open = TurnEnded(call, turn.seq, turn.intent, eos_ns, 0, 0, "unanswered", "info", "", "", "")
        self.phase = Phase.WAITING

    def _rest(self) -> None:
        """To the pause before the next turn; the key is the first turn and is drawn already."""
        if self.phase is not Phase.GREETING:
            self._turn = next(self._turns)
        self.phase, self._left, self._waits_for = Phase.PAUSE, self._turn.pause_frames, ""

    # --- what the platform sends ----------------------------------------------------------

    def message(self, text: bytes, now_ns: int) -> None:
        """One text frame of the agent's; DialectError when it is none."""
        match dialect.parse(text):
            case Audio(data):
                self._playout.audio(len(data), now_ns)
                if self._open and not self._open.first_audio_ns and not speech.is_silent(data):
                    self._open = replace(self._open, first_audio_ns=now_ns)
            case Mark(name):
                self._playout.mark(name, now_ns)
                self._marked(name, now_ns)
            case Clear():
                self._playout.clear(now_ns)

    def _marked(self, name: str, now_ns: int) -> None:
        told = self._grammar.acknowledged(name)
        if self._open is None or (told is None and name != self._grammar.greeting):
            return
        if told is None or told.seq < self._open.seq:  # what was heard belonged to something older
            self._open = replace(self._open, first_audio_ns=0)
        elif told.seq == self._open.seq:
            self._end_turn(self._judged(self._open, told, now_ns), now_ns)
            self.phase, self._waits_for = Phase.HEARING, name

    def _judged(self, turn: TurnEnded, told: Acknowledged, now_ns: int) -> TurnEnded:
        """Saved it is; whether it was this caller's own, and whether it was heard, are other matters."""
        own = told.patient == self.identity.patient
        own = own and told.digest == digest(turn.call, turn.seq, turn.intent)
        heard = told.outcome if turn.first_audio_ns else "unanswered"
        return replace(
            turn, ack_ns=now_ns, outcome=heard if own else "wrong_patient", ledger="ok",
            turn_id=told.turn_id, patient=told.patient, digest=told.digest,
        )  # fmt: skip

    def _played(self, name: str) -> None:
        self._send(dialect.mark(name, self._numbered(), self.identity.stream_sid))
        if name == self._waits_for and self.phase in (Phase.GREETING, Phase.HEARING):
            self._rest()

    # --- ends -----------------------------------------------------------------------------

    def closed(self, now_ns: int, detail: str) -> None:
        """The platform closed the stream while the call should live."""
        self._over(now_ns, "dropped", "dropped", detail)

    def cut(self, now_ns: int, detail: str) -> None:
        """The run ends and takes the call with it."""
        self._say_stop()
        self._over(now_ns, "unanswered", "cut", detail)

    def _hang_up(self, now_ns: int, detail: str) -> None:
        self._say_stop()
        self._over(now_ns, "unanswered", "completed", detail)

    def _abandon(self, now_ns: int, detail: str) -> None:
        """Dead air: the caller hangs up, before the call has come to its end."""
        self._say_stop()
        self._over(now_ns, "unanswered", "abandoned", detail)

    def _over(self, now_ns: int, turn_outcome: str, outcome: str, detail: str) -> None:
        if self.phase is Phase.OVER:
            return
        self._give_up(now_ns, turn_outcome)
        self.phase, self._port = Phase.OVER, None
        self._observe(CallEnded(self.identity.call_sid, outcome, detail), now_ns)

    def _give_up(self, now_ns: int, outcome: str) -> None:
        if self._open:
            self._end_turn(replace(self._open, outcome=outcome), now_ns)

    def _end_turn(self, ended: TurnEnded, now_ns: int) -> None:
        self._open = None
        self._observe(ended, now_ns)

    # --- sending --------------------------------------------------------------------------

    def _say_stop(self) -> None:
        self._send(dialect.stop(self._numbered(), self.identity.call_sid, self.identity.stream_sid))

    def _numbered(self) -> int:
        self._sequence += 1
        return self._sequence

    def _send(self, text: bytes) -> None:
        if self._port is not None:
            self._port.send(text)
