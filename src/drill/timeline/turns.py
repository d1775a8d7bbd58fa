"""Turns joined from their two halves.

A sound that led to nothing is no answer: the turn has to come out as one. Left aside are a turn whose caller
spoke into the answer, and one that the end of the run cut off: nobody can know what they would have become.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

from drill.model.events import TurnEnded, TurnInvoked
from drill.model.quickly import quickly
from drill.timeline.sorted_events import Sorted
from drill.timeline.values import Call, Turn

_SAME_S = 0.001  # the last turn and the call are ended in one breath
_CAME_OUT = ("full", "degraded", "wrong_patient")
_Places = dict[str, dict[int, int]]
_turn = quickly(Turn)


@dataclass(frozen=True, slots=True)
class _Halves:
    """Both halves of all turns, by call and number where each stands, and the calls by name."""

    events: Sorted
    calls: dict[str, Call]
    end_s: float
    all_ended: list[TurnEnded]
    all_begun: list[TurnInvoked]
    ended: _Places
    begun: _Places

    def call_end_s(self, name: str) -> float:
        """When a call ended; a call that nobody began lasts as long as the evidence."""
        call = self.calls.get(name)
        return self.end_s if call is None else call.end_s


def turns(events: Sorted, all_calls: Sequence[Call], end_s: float) -> tuple[Turn, ...]:
    """Every turn once, by end of speech. An end without a beginning counts; a beginning without an
    end is right-censored at the end of its call."""
    all_ended, all_begun = events.of(TurnEnded).events(), events.of(TurnInvoked).events()
    by_name = {call.call: call for call in all_calls}
    halves = _Halves(
        events, by_name, end_s, all_ended, all_begun, _places(all_ended), _places(all_begun)
    )  # fmt: skip
    found = [*_all_ended(halves), *_all_censored(halves)]
    return tuple(sorted(found, key=attrgetter("eos_s", "call", "seq")))


def ended_twice(events: Sorted, all_turns: Sequence[Turn]) -> tuple[str, ...]:
    """Ends of turns that have another end: a load ends each turn that it began exactly once."""
    found = events.of(TurnEnded)
    if sum(turn.outcome != "open" for turn in all_turns) == len(found):
        return ()
    all_ended = found.events()
    known = _places(all_ended)
    return tuple(found.id(n) for n, turn in enumerate(all_ended) if known[turn.call][turn.seq] != n)


def _places(halves: Sequence[TurnEnded | TurnInvoked]) -> _Places:
    """By call and number, where a half of a turn stands; of two that say they are the same, the later, but
    what was acknowledged stays so."""
    places: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for place, turn in enumerate(halves):
        of_call = places[turn.call]
        if turn.seq not in of_call or not _acknowledged(halves[of_call[turn.seq]]):
            of_call[turn.seq] = place
    return dict(places)


def _acknowledged(turn: TurnEnded | TurnInvoked) -> bool:
    return isinstance(turn, TurnEnded) and turn.ledger == "ok"


def _all_ended(halves: _Halves) -> Iterator[Turn]:
    found = halves.events.of(TurnEnded)
    for place, (turn, t_ns, id_) in enumerate(
        zip(halves.all_ended, found.times(), found.ids(), strict=True)
    ):  # fmt: skip
        if halves.ended[turn.call][turn.seq] == place:
            yield _ended(halves, turn, halves.events.s(t_ns), id_)


def _ended(halves: _Halves, turn: TurnEnded, lost_s: float, id_: str) -> Turn:
    s, call = halves.events.s, halves.calls.get(turn.call)
    eos_s = s(turn.eos_ns)
    sound_s = s(turn.first_audio_ns) if turn.first_audio_ns > 0 else None
    answered = sound_s is not None and (
        turn.outcome in _CAME_OUT or _spoken_into(halves, turn) or _cut_short(call, lost_s)
    )
    # Who heard something waited on until it was given up; who heard nothing, to the end of the call.
    until_s = halves.call_end_s(turn.call) if sound_s is None else sound_s if answered else lost_s
    return _turn(  # all by their places: there may be a million, and names take a fifth of the time
        turn.call, turn.seq, turn.intent, eos_s, max(0.0, until_s - eos_s), answered,
        turn.outcome, turn.ledger, turn.turn_id, turn.patient, turn.digest,
        call.outcome if call else "open",
        call is not None and turn.seq in halves.begun.get(turn.call, ()),
        id_,
        s(turn.ack_ns) if turn.ack_ns else None,
        turn.barge_stop_ms / 1000 if turn.barge_stop_ms >= 0 else None,
        turn.longest_gap_ms / 1000 if turn.longest_gap_ms else 0.0,
        turn.round_trip_ms / 1000 if turn.round_trip_ms >= 0 else None,
        sound_s,
    )  # fmt: skip


def _spoken_into(halves: _Halves, turn: TurnEnded) -> bool:
    """Whether the caller began the turn that follows while this one was being answered."""
    following = halves.ended[turn.call].get(turn.seq + 1)
    return following is not None and halves.all_ended[following].barge_stop_ms >= 0


def _cut_short(call: Call | None, lost_s: float) -> bool:
    return call is not None and call.outcome == "cut" and lost_s >= call.end_s - _SAME_S


def _all_censored(halves: _Halves) -> Iterator[Turn]:
    found = halves.events.of(TurnInvoked)
    for place, turn in enumerate(halves.all_begun):
        if turn.seq not in halves.ended.get(turn.call, ()):
            yield _censored(halves, turn, found.id(place))


def _censored(halves: _Halves, turn: TurnInvoked, id_: str) -> Turn:
    eos_s, call = halves.events.s(turn.eos_ns), halves.calls.get(turn.call)
    waited_s = max(0.0, halves.call_end_s(turn.call) - eos_s)
    return Turn(
        turn.call, turn.seq, turn.intent, eos_s, waited_s, answered=False, outcome="open", ledger="info",
        turn_id="", patient="", digest="", call_outcome=call.outcome if call else "open",
        whole=call is not None, id=id_,
    )  # fmt: skip
