"""Callers whose call broke off: are they in a call again, and for how long did they hear nothing?

    last answer ── call breaks off ── redial, redial ── in a call again ── first good answer
         └──────────────────────── silence ──────────────────────────────────────┘

A caller who never came back heard nothing without end. One of whom the evidence ends too early counts
both ways; only what is the same both ways is said.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from drill.model.plan import InFlightLimits, Plan
from drill.model.units import seconds
from drill.model.verdicts import Verdict
from drill.objectives.percentile import percentile
from drill.objectives.say import count, held, percent, told, unknown
from drill.objectives.writes import ACKNOWLEDGED
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
    return _resumed(limits, hit), _silence(timeline, limits, hit)


def affected(timeline: Timeline) -> list[Away]:
    """Callers cut off or refused by a fault: from its request on, for it bites before that is read back."""
    spans = [
        (f.requested_s, timeline.evidence.end_s if f.reverted_s is None else f.reverted_s)
        for f in timeline.faults
        if f.applied_s is not None
    ]
    return [a for a in timeline.away if any(start_s <= a.start_s < end_s for start_s, end_s in spans)]


def _resumed(limits: InFlightLimits, hit: Sequence[Away]) -> Verdict:
    within_s, total = limits.resumed_within_s, len(hit)
    limit = f"at least {percent(limits.resumed_min)} within {seconds(within_s)}"
    back = [a for a in hit if a.ending == "back" and a.length_s <= within_s]
    undecided = [a for a in hit if a.ending == "open" and a.length_s < within_s]
    failed_to = [a for a in hit if a not in back and a not in undecided]
    share, at_most = len(back) / total, (len(back) + len(undecided)) / total
    gave_up = sum(a.ending == "gave_up" for a in hit)
    measured = percent(share)
    sentence = (
        f"{len(back)} of {count(total, 'caller')} whose call was hit were in a call again within "
        f"{seconds(within_s)} ({measured}); {gave_up} gave up; limit {limit}"
    )
    because = [a.id for a in failed_to] or [a.id for a in hit]
    enough = limits.resumed_min - 1e-12
    if share < enough <= at_most:
        more = f"{sentence}; of {len(undecided)} the evidence ends too early."
        return unknown(RESUMED, more, measured=measured, limit=limit, because=because)
    return held(share >= enough, RESUMED, f"{sentence}.", measured=measured, limit=limit, because=because)


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
    """Of each such caller, in the same order."""
    turns: defaultdict[str, list[Turn]] = defaultdict(list)
    for turn in timeline.turns:
        turns[turn.call].append(turn)
    calls = {call.call: call for call in timeline.calls}
    return [_heard(away, calls, turns, timeline.evidence.end_s) for away in hit]


def _heard(away: Away, calls: dict[str, Call], turns: dict[str, list[Turn]], end_s: float) -> Heard:
    since_s = _last_audio(away, calls.get(away.call), turns.get(away.call, []))
    if away.ending == "gave_up":
        return Heard(math.inf, math.inf, away.id)
    good = [t.until_s for t in turns.get(away.back, []) if t.answered and t.outcome in ACKNOWLEDGED]
    good = [at_s for at_s in good if away.end_s <= at_s <= end_s]
    if good:
        return Heard(min(good) - since_s, min(good) - since_s, away.id)
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
