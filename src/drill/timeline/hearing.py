"""What callers heard of whole calls, each tied to its call: the load says how it sounded, not when.

The round trip is that of WebSocket pings, which whatever holds the other end answers without thought. Where
nobody answers those, marks may tell, and are believed only where they can: every answer takes a round trip
and the agent's own time besides, so what is not below the call's median wait for an answer holds somebody's
thinking. That is unknown then, and never transport.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from drill.model.events import CallHeard
from drill.timeline.sorted_events import Sorted
from drill.timeline.values import Call, Span, Turn


@dataclass(frozen=True, slots=True)
class Heard(Span):
    """What a caller heard from `start_s` to `end_s`, the beginning and the end of the call.

    Attributes:
        outcome: how the call ended, as in `Call`.
        greeting_s: from the stream being up to the agent's first sound; None when there was none.
        underruns: how often the playout buffer ran dry inside what the agent said.
        silence_s: for how long it was dry, all together.
        talk_over_s: for how long agent and caller spoke at once.
        jitter_s: RFC 3550's estimate at the end of the call.
        late_share: share of the agent's audio that came after it should have been played.
        round_trip_s: of the transport, by pings or else by marks; None when it is not known.
        spread_s: how far its pings lie apart; None when there are fewer than two.
    """

    call: str
    outcome: str
    greeting_s: float | None
    underruns: int
    silence_s: float
    talk_over_s: float
    jitter_s: float
    late_share: float
    round_trip_s: float | None
    id: str
    spread_s: float | None = None


def heard(events: Sorted, calls: Sequence[Call], turns: Sequence[Turn]) -> tuple[Heard, ...]:
    """One for each call that was told of, by the call's start; a call that nobody began has no place in
    time, and what is said of it is left out."""
    told: dict[str, Heard] = {}
    by_name, waits = {call.call: call for call in calls}, _waits_s(turns)
    for recorded, event in events.of(CallHeard):
        call = by_name.get(event.call)
        if call is not None:
            told.setdefault(event.call, _heard(event, call, waits[event.call], recorded.id))
    return tuple(sorted(told.values(), key=lambda h: (h.start_s, h.call)))


def _waits_s(turns: Sequence[Turn]) -> defaultdict[str, list[float]]:
    waits: defaultdict[str, list[float]] = defaultdict(list)
    for turn in turns:
        if turn.answered:
            waits[turn.call].append(turn.waited_s)
    return waits


def _heard(event: CallHeard, call: Call, waits_s: Sequence[float], id_: str) -> Heard:
    return Heard(
        call.start_s,
        call.end_s,
        call=call.call,
        outcome=call.outcome,
        greeting_s=_known_s(event.greeting_ms),
        underruns=event.underruns,
        silence_s=event.silence_ms / 1000,
        talk_over_s=event.talk_over_ms / 1000,
        jitter_s=event.jitter_ms / 1000,
        late_share=event.late_share,
        round_trip_s=_round_trip_s(event, waits_s),
        id=id_,
        spread_s=_known_s(event.round_trip_spread_ms),
    )


def _known_s(value_ms: float) -> float | None:
    """Below zero stands for what nobody knows."""
    return value_ms / 1000 if value_ms >= 0 else None


def _round_trip_s(event: CallHeard, waits_s: Sequence[float]) -> float | None:
    if event.round_trip_ms >= 0:
        return event.round_trip_ms / 1000
    found_s = _known_s(event.mark_ms)
    if found_s is None or not waits_s or found_s >= statistics.median(waits_s):
        return None
    return found_s
