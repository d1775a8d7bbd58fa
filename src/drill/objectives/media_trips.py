"""Was a delay of callers' media seen on the calls' own wires?

Every turn sends a ping down its media stream, which whatever holds the other end answers without thought. A
delay that a door shows and no call does was on another wire. Where it was laid on every zone nearly all
calls have to show it; where on some, a few. A platform that answers no pings at all tells nothing either
way: then the doors alone speak.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drill.model.plan import Plan
from drill.model.units import seconds
from drill.objectives.door_latency import SLOWER, threshold
from drill.objectives.percentile import percentile
from drill.objectives.say import count
from drill.timeline import FaultWindow, Span, Timeline, Turn

KIND = "media-delay"
SAMPLES_MIN = 3
SHARE_MIN = 0.8


def unseen(plan: Plan, timeline: Timeline) -> Iterator[str]:
    """What calls did not show of the delays; nothing when they showed them, or no call can."""
    hurt = _hurt(timeline)
    if not hurt or not _told(timeline.turns):
        return
    least_ms = min(_least_ms(fault) for fault in hurt)
    inside = _told(turn for turn in timeline.turns for span in [_span(timeline, hurt)] if _within(turn, span))
    like = [turn for turn in inside if _ms(turn) >= least_ms]
    share = SHARE_MIN if len(hurt) >= len(plan.zones) else 0.0
    if len(inside) < SAMPLES_MIN:
        yield f"only {count(len(inside), 'round trip')} of calls while it held"
    elif len(like) < max(SAMPLES_MIN, share * len(inside)):
        yield f"{len(like)} of {count(len(inside), 'round trip')} of calls took {least_ms:g} ms or more"


def before(timeline: Timeline) -> Iterator[str]:
    """Whether calls were as slow before; nothing when they were not."""
    hurt = _hurt(timeline)
    if not hurt or timeline.baseline is None:
        return
    least_ms = min(_least_ms(fault) for fault in hurt)
    inside = _told(turn for turn in timeline.turns if _within(turn, timeline.baseline))
    like = [turn for turn in inside if _ms(turn) >= least_ms]
    if inside and len(like) > (1 - SHARE_MIN) * len(inside):
        yield f"{len(like)} of {count(len(inside), 'round trip')} of calls took {least_ms:g} ms already"


def told(timeline: Timeline) -> str:
    """What calls showed, for a reader; "" where they cannot."""
    hurt = _hurt(timeline)
    inside = _told(t for t in timeline.turns if hurt and _within(t, _span(timeline, hurt)))
    if not inside:
        return ""
    median_s = percentile([_ms(turn) / 1000 for turn in inside], 0.5)
    return f"calls' own media took {seconds(median_s)} to and fro"


def _hurt(timeline: Timeline) -> list[FaultWindow]:
    return [f for f in timeline.faults if f.fault == KIND and f.applied_s is not None and _least_ms(f)]


def _least_ms(fault: FaultWindow) -> float:
    found = threshold(fault.witness.rpartition("/")[2].partition(":")[2])
    return found.least_ms if found is not None and found.word == SLOWER else 0.0


def _span(timeline: Timeline, hurt: Sequence[FaultWindow]) -> Span:
    """While all of them held."""
    ends = [timeline.end_s if f.reverted_s is None else f.reverted_s for f in hurt]
    return Span(max(f.applied_s or f.requested_s for f in hurt), min(ends))


def _within(turn: Turn, span: Span) -> bool:
    return span.holds(turn.eos_s) and turn.eos_s + (turn.round_trip_s or 0.0) <= span.end_s


def _told(turns: Iterator[Turn] | Sequence[Turn]) -> list[Turn]:
    return [turn for turn in turns if turn.round_trip_s is not None]


def _ms(turn: Turn) -> float:
    return (turn.round_trip_s or 0.0) * 1000
