"""Callers whose call broke off: are they in a call again, and for how long did they hear nothing?

    last answer ── call breaks off ── redial, redial ── in a call again ── first good answer
         └──────────────────────── silence ──────────────────────────────────────┘

A caller whose calls are taken and dropped again is one caller who waits on; see `callers_back`. One who is
hit more than once counts once, by the worst. A caller who never came back heard nothing without end. One of
whom the evidence ends too early counts both ways; only what is the same both ways is said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from drill.model.plan import InFlightLimits, Plan
from drill.model.units import seconds
from drill.model.verdicts import Verdict
from drill.objectives.callers_back import Callers, good
from drill.objectives.percentile import percentile
from drill.objectives.say import count, held, percent, told, unknown
from drill.timeline import Away, Call, Timeline, Turn

RESUMED, SILENCE = NAMES = ("in_flight.resumed", "in_flight.silence")


@dataclass(frozen=True, slots=True)
class Heard:
    """How long a caller heard nothing: at least, and at most."""

    least_s: float
    most_s: float
    id: str


def judge(plan: Plan, timeline: Timeline) -> tuple[Verdict, ...]:
    """See the module."""
    limits = plan.objectives.in_flight
    if limits is None:
        return ()
    hit = affected(timeline)
    if not hit:
        sentence = "Nobody's call was hit, so this was not tried."
        return tuple(unknown(name, sentence) for name in NAMES)
    return _resumed(timeline, limits, hit), _silence(timeline, limits, hit)


def affected(timeline: Timeline) -> list[Away]:
    """Callers cut off or refused by a fault: from its request on, for it bites before that is read back."""
    spans = [
        (f.requested_s, timeline.evidence.end_s if f.reverted_s is None else f.reverted_s)
        for f in timeline.faults
        if f.applied_s is not None
    ]
    return [a for a in timeline.away if any(start_s <= a.start_s < end_s for start_s, end_s in spans)]


def _resumed(timeline: Timeline, limits: InFlightLimits, hit: Sequence[Away]) -> Verdict:
    within_s, callers = limits.resumed_within_s, Callers(timeline).waits(hit)
    total = len(callers)
    limit = f"at least {percent(limits.resumed_min)} within {seconds(within_s)}"
    worst = [max(waits, key=lambda a: (_rank(a, within_s), a.length_s)) for waits in callers]
    back, undecided, failed_to = ([a for a in worst if _rank(a, within_s) == rank] for rank in range(3))
    share, at_most = len(back) / total, (len(back) + len(undecided)) / total
    gave_up = sum(a.ending == "gave_up" for a in worst)
    measured = percent(share)
    sentence = (
        f"{len(back)} of {count(total, 'caller')} whose call was hit were in a call again within "
        f"{seconds(within_s)} ({measured}); {gave_up} gave up; limit {limit}"
    )
    because = [a.id for a in failed_to] or [a.id for a in worst]
    enough = limits.resumed_min - 1e-12
    if share < enough <= at_most:
        more = f"{sentence}; of {len(undecided)} the evidence ends too early."
        return unknown(RESUMED, more, measured=measured, limit=limit, because=because)
    return held(share >= enough, RESUMED, f"{sentence}.", measured=measured, limit=limit, because=because)


def _rank(away: Away, within_s: float) -> int:
    """0 back in time, 1 the evidence ends too early to say, 2 neither."""
    if away.ending == "back" and away.length_s <= within_s:
        return 0
    return 1 if away.ending == "open" and away.length_s < within_s else 2


def _silence(timeline: Timeline, limits: InFlightLimits, hit: Sequence[Away]) -> Verdict:
    heard, limit = silences(timeline, hit), f"p95 {seconds(limits.silence_s)}"
    least = percentile([h.least_s for h in heard], 0.95)
    most = percentile([h.most_s for h in heard], 0.95)
    because = [h.id for h in sorted(heard, key=lambda h: -h.most_s)]
    if least <= limits.silence_s < most:
        early = sum(h.least_s < h.most_s for h in heard)
        sentence = (
            f"Of {early} of {count(len(heard), 'caller')} whose call was hit the evidence ends before their "
            f"next good answer; p95 of the silence is at least {told(least)}; limit {limit}."
        )
        return unknown(SILENCE, sentence, measured=f"at least {told(least)}", limit=limit, because=because)
    never = sum(math.isinf(h.least_s) for h in heard)
    measured = told(most)
    sentence = (
        f"p95 of what the {count(len(heard), 'caller')} whose call was hit heard nothing for was {measured}; "
        f"{never} never heard a good answer again; limit {limit}."
    )
    return held(most <= limits.silence_s, SILENCE, sentence, measured=measured, limit=limit, because=because)


def silences(timeline: Timeline, hit: Sequence[Away]) -> list[Heard]:
    """Of each such caller, the longest."""
    callers, end_s = Callers(timeline), timeline.evidence.end_s
    heard = ([_heard(away, callers, end_s) for away in waits] for waits in callers.waits(hit))
    return [max(each, key=lambda h: (h.most_s, h.least_s)) for each in heard]


def _heard(away: Away, callers: Callers, end_s: float) -> Heard:
    calls, turns = callers.calls, callers.turns
    since_s = _last_audio(away, calls.get(away.call), turns.get(away.call, []))
    if away.ending == "gave_up":
        return Heard(math.inf, math.inf, away.id)
    came = [t.until_s for t in turns.get(away.back, []) if good(t)]
    came = [at_s for at_s in came if away.end_s <= at_s <= end_s]
    if came:
        return Heard(min(came) - since_s, min(came) - since_s, away.id)
    back = calls.get(away.back)
    # The call that got through broke off as well before anything was heard in it.
    until_s = min(back.end_s, end_s) if back is not None else end_s
    return Heard(until_s - since_s, math.inf, away.id)


def _last_audio(away: Away, call: Call | None, turns: Sequence[Turn]) -> float:
    """The last answer before the break: its end where that was told, else its beginning; without any, when
    the call began or was meant to."""
    ends = [t.sound_s if t.ack_s is None else t.ack_s for t in turns if t.sound_s is not None]
    before = [at_s for at_s in ends if at_s is not None and at_s <= away.start_s]
    start_s = call.start_s if call is not None and call.outcome != "refused" else away.start_s
    return max([min(start_s, away.start_s), *before])
