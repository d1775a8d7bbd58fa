"""Turns that are owed an answer: the one that is waited for, and the one before it where the caller spoke
into its answer before it was acknowledged.

Theory: the ledger has pairs only. Every turn that was invoked is ended exactly once, with what is known when
the next one ends or the call does, if nothing was said of it before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from drill.load.dialect import Acknowledged
from drill.load.hearing import Hearing
from drill.load.script import Turn, digest
from drill.model.events import Event, TurnEnded, TurnHeard, TurnInvoked

Observer = Callable[[Event, int], None]
"""Told each event with its time."""


class Owed:
    """See the module. `current` and `before` are these turns, as far as they are known. `unheard`: a turn is
    waited for of which nothing was heard yet."""

    __slots__ = ("_call", "_hearing", "_observe", "_patient", "before", "current", "unheard")

    def __init__(self, call: str, patient: str, hearing: Hearing, observe: Observer) -> None:
        self._call, self._patient, self._hearing, self._observe = call, patient, hearing, observe
        self.current: TurnEnded | None = None
        self.before: TurnEnded | None = None
        self.unheard = False

    def _wait_for(self, turn: TurnEnded | None) -> None:
        """What is waited for from now on; whether it was heard is asked with every frame of the agent's."""
        self.current, self.unheard = turn, turn is not None and not turn.first_audio_ns

    def invoke(self, turn: Turn, eos_ns: int, now_ns: int) -> None:
        """The caller has asked."""
        self._observe(TurnInvoked(self._call, turn.seq, turn.intent, eos_ns), now_ns)
        self._wait_for(
            TurnEnded(self._call, turn.seq, turn.intent, eos_ns, 0, 0, "unanswered", "info", "", "", "")
        )

    def sound(self, now_ns: int) -> None:
        """The current turn is heard from now on; whoever looks on need not wait for its end to know."""
        self._heard(now_ns, now_ns)

    def older(self, now_ns: int) -> None:
        """What was heard belonged to something older."""
        self._heard(0, now_ns)

    def _heard(self, audio_ns: int, now_ns: int) -> None:
        if self.current is not None and self.current.first_audio_ns != audio_ns:
            self._wait_for(replace(self.current, first_audio_ns=audio_ns))
            self._observe(TurnHeard(self._call, self.current.seq, audio_ns), now_ns)

    def interrupt(self, now_ns: int) -> None:
        """The caller speaks into an answer that was not acknowledged; it still may be."""
        if self.current is not None:
            self.before = self._as_heard(self.current, now_ns)
            self._wait_for(None)

    def acknowledged(self, told: Acknowledged, now_ns: int) -> bool:
        """Whether this was the current turn's; an older turn's takes what was heard out of it."""
        if self.before is not None and told.seq == self.before.seq:
            before, self.before = self.before, None
            self._observe(self._judged(before, told, now_ns), now_ns)
        elif self.current is not None and told.seq == self.current.seq:
            self._end(self._judged(self._as_heard(self.current, now_ns), told, now_ns), now_ns)
            return True
        if self.current is not None and told.seq < self.current.seq:
            self.older(now_ns)
        return False

    def give_up(self, outcome: str, now_ns: int) -> None:
        """Nobody waits any more."""
        if self.before is not None:
            self.before = replace(self.before, outcome=outcome)
        if self.current is not None:
            self._end(replace(self._as_heard(self.current, now_ns), outcome=outcome), now_ns)
        else:
            self._end_before(now_ns)

    def _end(self, ended: TurnEnded, now_ns: int) -> None:
        self._end_before(now_ns)
        self._wait_for(None)
        self._observe(ended, now_ns)

    def _end_before(self, now_ns: int) -> None:
        """Agents answer in order: what was not acknowledged until now will not be."""
        if self.before is not None:
            before, self.before = self.before, None
            self._observe(before, now_ns)

    def _as_heard(self, turn: TurnEnded, now_ns: int) -> TurnEnded:
        stop_ms = self._hearing.take_barge_stop_ms(now_ns)
        return replace(
            turn, barge_stop_ms=stop_ms, longest_gap_ms=self._hearing.longest_gap_ms,
            round_trip_ms=self._hearing.round_trip_ms,
        )  # fmt: skip

    def _judged(self, turn: TurnEnded, told: Acknowledged, now_ns: int) -> TurnEnded:
        """Saved it is; whether it was this caller's own, and whether it was heard, are other matters."""
        own = told.patient == self._patient
        own = own and told.digest == digest(turn.call, turn.seq, turn.intent)
        heard = told.outcome if turn.first_audio_ns else "unanswered"
        return replace(
            turn, ack_ns=now_ns, outcome=heard if own else "wrong_patient", ledger="ok",
            turn_id=told.turn_id, patient=told.patient, digest=told.digest,
        )  # fmt: skip
