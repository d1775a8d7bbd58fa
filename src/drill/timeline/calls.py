"""Calls and turns joined from their two halves, and until when callers could be asked at all.

A sound that led to nothing is no answer: the turn has to come out as one. Left aside are a turn whose caller
spoke into the answer, and one that the end of the run cut off: nobody can know what they would have become.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from operator import attrgetter

from drill.model.events import (
    CallEnded,
    CallerGaveUp,
    CallHeard,
    CallStarted,
    LoadSample,
    PhaseEntered,
    Recorded,
    StreamSealed,
    TurnEnded,
    TurnInvoked,
)
from drill.timeline.sorted_events import Sorted
from drill.timeline.values import Call, Turn

_SAME_S = 0.001  # the last turn and the call are ended in one breath
_CAME_OUT = ("full", "degraded", "wrong_patient")
_OF_LOAD = (CallStarted, CallHeard, CallEnded, CallerGaveUp, TurnInvoked, TurnEnded, LoadSample)


def evidence_end(events: Sorted) -> float:
    """The first of: the unwinding, a call cut by the end of the load, the last word of a load stream.

    Beyond it nobody was asked, and silence would look like health.
    """
    marks = [events.at(r) for r, phase in events.of(PhaseEntered) if phase.phase == "unwind"]
    marks += [events.at(r) for r, ended in events.of(CallEnded) if ended.outcome == "cut"]
    last: dict[str, float] = {}
    for kind in _OF_LOAD:
        for stream, t_ns in events.of(kind).last_of_stream().items():
            last[stream] = max(last.get(stream, 0.0), events.s(t_ns))
    # A sealed stream may have had nothing to say in its last moment; an unsealed one was cut off there.
    sealed = {r.stream: events.at(r) for r, _ in events.of(StreamSealed)}
    marks += [sealed.get(stream, at) for stream, at in last.items()]
    return min(marks, default=0.0)


def calls(events: Sorted, end_s: float) -> tuple[Call, ...]:
    """Every call once, in the order of their starts; one without an end lasts as long as the evidence."""
    ends: dict[str, tuple[Recorded, CallEnded]] = {}
    for recorded, ended in events.of(CallEnded):
        ends.setdefault(ended.call, (recorded, ended))
    return tuple(_call(events, r, started, ends.get(started.call), end_s)
                 for r, started in events.of(CallStarted))  # fmt: skip


def _call(
    events: Sorted,
    recorded: Recorded,
    started: CallStarted,
    ended: tuple[Recorded, CallEnded] | None,
    end_s: float,
) -> Call:
    at = events.at(recorded)
    if not started.ok:
        until_s, outcome, detail, cited = at, "refused", started.detail, recorded
    elif ended is None:
        until_s, outcome, detail, cited = max(at, end_s), "open", "", recorded
    else:
        cited, how = ended
        until_s, outcome, detail = events.at(cited), how.outcome, how.detail
    return Call(
        started.call, started.patient, at, until_s, outcome, detail, cited.id,
        redial_of=started.redial_of, attempt=started.attempt, intended_s=events.s(started.intended_ns),
    )  # fmt: skip


def turns(events: Sorted, all_calls: tuple[Call, ...], end_s: float) -> tuple[Turn, ...]:
    """Every turn once, by end of speech. An end without a beginning counts; a beginning without an
    end is right-censored at the end of its call."""
    by_call = {call.call: call for call in all_calls}
    ends, begins = events.of(TurnEnded), events.of(TurnInvoked)
    all_ended, all_begun = ends.events(), begins.events()
    ended, begun = _places(all_ended), _places(all_begun)
    found = [
        _ended(
            events,
            turn,
            (t_ns, id_),
            by_call.get(turn.call),
            end_s,
            invoked=turn.seq in begun.get(turn.call, ()),
            interrupted=_spoken_into(all_ended, ended[turn.call].get(turn.seq + 1)),
        )
        for place, turn, t_ns, id_ in zip(
            itertools.count(), all_ended, ends.times(), ends.ids(), strict=False
        )
        if ended[turn.call][turn.seq] == place
    ]
    found += [
        _censored(events, begins.id(place), turn, by_call.get(turn.call), end_s)
        for place, turn in enumerate(all_begun)
        if turn.seq not in ended.get(turn.call, ())
    ]
    return tuple(sorted(found, key=attrgetter("eos_s", "call", "seq")))


def ended_twice(events: Sorted, all_turns: Sequence[Turn]) -> tuple[str, ...]:
    """Ends of turns that have another end: a load ends each turn that it began exactly once."""
    found = events.of(TurnEnded)
    if sum(turn.outcome != "open" for turn in all_turns) == len(found):
        return ()
    all_ended = found.events()
    known = _places(all_ended)
    return tuple(found.id(n) for n, turn in enumerate(all_ended) if known[turn.call][turn.seq] != n)


def _places(halves: Sequence[TurnEnded | TurnInvoked]) -> dict[str, dict[int, int]]:
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


def _spoken_into(all_ended: Sequence[TurnEnded], following: int | None) -> bool:
    """Whether the caller began the turn that follows while this one was being answered."""
    return following is not None and all_ended[following].barge_stop_ms >= 0


def _ended(
    events: Sorted, turn: TurnEnded, written: tuple[int, str], call: Call | None, end_s: float, *,
    invoked: bool, interrupted: bool,
) -> Turn:  # fmt: skip
    t_ns, id_ = written
    eos_s, lost_s = events.s(turn.eos_ns), events.s(t_ns)
    sound_s = events.s(turn.first_audio_ns) if turn.first_audio_ns > 0 else None
    answered = sound_s is not None and (turn.outcome in _CAME_OUT or interrupted or _cut_short(call, lost_s))
    # Who heard something waited on until it was given up; who heard nothing, to the end of the call.
    until_s = _call_end(call, end_s) if sound_s is None else sound_s if answered else lost_s
    return Turn(
        turn.call, turn.seq, turn.intent, eos_s, max(0.0, until_s - eos_s), answered,
        turn.outcome, turn.ledger, turn.turn_id, turn.patient, turn.digest,
        call.outcome if call else "open", whole=invoked and call is not None, id=id_,
        ack_s=events.s(turn.ack_ns) if turn.ack_ns else None,
        barge_stop_s=turn.barge_stop_ms / 1000 if turn.barge_stop_ms >= 0 else None,
        longest_gap_s=turn.longest_gap_ms / 1000 if turn.longest_gap_ms else 0.0,
        round_trip_s=turn.round_trip_ms / 1000 if turn.round_trip_ms >= 0 else None,
        sound_s=sound_s,
    )  # fmt: skip


def _cut_short(call: Call | None, lost_s: float) -> bool:
    return call is not None and call.outcome == "cut" and lost_s >= call.end_s - _SAME_S


def _censored(events: Sorted, id_: str, turn: TurnInvoked, call: Call | None, end_s: float) -> Turn:
    eos_s = events.s(turn.eos_ns)
    waited_s = max(0.0, _call_end(call, end_s) - eos_s)
    return Turn(
        turn.call, turn.seq, turn.intent, eos_s, waited_s, answered=False, outcome="open", ledger="info",
        turn_id="", patient="", digest="", call_outcome=call.outcome if call else "open",
        whole=call is not None, id=id_,
    )  # fmt: skip


def _call_end(call: Call | None, end_s: float) -> float:
    return end_s if call is None else call.end_s
