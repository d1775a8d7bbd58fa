"""Turns in the store: what callers were told was saved is there, once, as it was said, in its order.

RPO is told in turns, calls, patients and seconds. The seconds are the stretch of acknowledged talk with
something missing in it: from the oldest lost turn's acknowledgement to the next fault that was applied, or
to the newest lost turn's where that is later or no fault came after it.

The limit is for a clean tail: a turn lost below a surviving one fails whatever the limit.
"""

from __future__ import annotations

from collections.abc import Sequence

from drill.journal import Stream
from drill.model.plan import Plan, TurnLimits
from drill.model.units import seconds
from drill.model.verdicts import Status, Verdict
from drill.objectives.say import count, failed, held, passed, percent, unknown
from drill.objectives.stored_turns import Comparison, Told, compare
from drill.objectives.writes import ACKNOWLEDGED, cut_short, digest_of, last_readback, unreadable
from drill.timeline import ReadBack, Timeline, Turn

NOTHING_THERE = "The store holds no row of this drill, so there was nothing to look at."
LOST, HOLES, PHANTOM, DOUBLED, ALTERED, ORDER = NAMES = (
    "turns.lost", "turns.holes", "turns.phantom", "turns.doubled", "turns.altered", "turns.order",
)  # fmt: skip


def judge(plan: Plan, timeline: Timeline, streams: Sequence[Stream]) -> tuple[Verdict, ...]:
    """See the module."""
    limits = plan.objectives.turns
    if limits is None:
        return ()
    readback = last_readback(timeline, "store")
    why_not = unreadable(readback, "store", "turns", len(timeline.stored))
    if readback is None or why_not:
        because = [readback.id] if readback else []
        return tuple(unknown(name, why_not, because=because) for name in NAMES)
    turns, found = said(timeline), compared(timeline)
    phantom = _phantom(timeline, found, readback, cut_short(streams))
    if found.promised and not found.rows:
        nothing = [
            unknown(name, NOTHING_THERE, because=[readback.id]) for name in (HOLES, PHANTOM, DOUBLED, ALTERED)
        ]
        lost = _lost(timeline, limits, turns, found, readback)
        return lost, *nothing, _order(turns, found, readback)
    if not found.promised:
        return _none_promised(phantom, readback)
    return (
        _lost(timeline, limits, turns, found, readback),
        _holes(turns, found, readback),
        phantom,
        *_rows(timeline, turns, found, readback),
        _order(turns, found, readback),
    )


def said(timeline: Timeline) -> tuple[Turn, ...]:
    """The callers' turns that are, or may be, in the store."""
    return timeline.once(_said)


def _said(timeline: Timeline) -> tuple[Turn, ...]:
    kept = tuple(t for t in timeline.turns if t.ledger != "fail")
    return kept if len(kept) < len(timeline.turns) else timeline.turns  # of a million, no second row


def compared(timeline: Timeline) -> Comparison:
    """Those turns against the store's rows."""
    return timeline.once(_compared)


def _compared(timeline: Timeline) -> Comparison:
    return compare(map(told_by, said(timeline)), timeline.stored.events())


def told_by(turn: Turn) -> Told:
    """A turn as an entry of the ledger; what its caller never heard of it is reckoned."""
    promised = turn.ledger == "ok" and turn.outcome in ACKNOWLEDGED
    at_s = turn.ack_s if turn.ack_s is not None else turn.until_s
    return Told(turn.call, turn.seq, turn.turn_id, digest_of(turn), promised, at_s)


def _none_promised(phantom: Verdict, readback: ReadBack) -> tuple[Verdict, ...]:
    sentence = "No turn was acknowledged, so none could be missed."
    none = {name: unknown(name, sentence, because=[readback.id]) for name in NAMES}
    if phantom.status is not Status.PASS:
        none[PHANTOM] = phantom
    return tuple(none.values())


def _ids(turns: Sequence[Turn], places: Sequence[int]) -> list[str]:
    return [turns[n].id for n in places[:12]]


def _lost(
    timeline: Timeline, limits: TurnLimits, turns: Sequence[Turn], found: Comparison, readback: ReadBack
) -> Verdict:
    limit, measured = f"at most {limits.lost_max}", count(len(found.lost), "turn")
    sentence = f"None of {count(found.promised, 'acknowledged turn')} is missing in the store"
    if found.lost:
        lost = [turns[n] for n in found.lost]
        calls, patients = {t.call for t in lost}, {t.patient for t in lost}
        reach = seconds(rpo_s(timeline, lost))
        measured = f"{measured}, {reach}"
        sentence = (
            f"{count(len(lost), 'turn')} of {found.promised} acknowledged ones are not in the store: of "
            f"{count(len(calls), 'call')} and {count(len(patients), 'patient')}, acknowledged up to "
            f"{reach} before the loss"
        )
    if found.recovered:
        sentence += f"; {len(found.recovered)} of {found.perhaps} that nobody could know of are there"
    because = _ids(turns, found.lost) or [readback.id]
    ok = len(found.lost) <= limits.lost_max
    return held(ok, LOST, f"{sentence}; limit {limit}.", measured=measured, limit=limit, because=because)


def rpo_s(timeline: Timeline, lost: Sequence[Turn]) -> float:
    """How far back the loss reaches; see the module. 0 when nothing was lost."""
    acks = [told_by(t).ack_s for t in lost]
    if not acks:
        return 0.0
    after = [f.applied_s for f in timeline.faults if f.applied_s is not None and f.applied_s >= min(acks)]
    return max([max(acks), *([min(after)] if after else [])]) - min(acks)


def _holes(turns: Sequence[Turn], found: Comparison, readback: ReadBack) -> Verdict:
    measured = count(len(found.holes), "turn")
    if found.holes:
        sentence = (
            f"{len(found.holes)} of {count(len(found.lost), 'lost turn')} were acknowledged before one that "
            f"survives, {len(found.holes_in_call)} of them in the same call: what is lost is no clean tail."
        )
        first = found.holes_in_call or found.holes
        return failed(HOLES, sentence, measured=measured, limit="none", because=_ids(turns, first))
    sentence = (
        "Nothing acknowledged after the first lost turn survives: what is lost is a clean tail."
        if found.lost
        else f"None of {found.promised} acknowledged turns is missing below one that survives."
    )
    return passed(HOLES, sentence, measured=measured, limit="none", because=[readback.id])


def _rows(
    timeline: Timeline, turns: Sequence[Turn], found: Comparison, readback: ReadBack
) -> tuple[Verdict, Verdict]:
    """What is in the store twice, or not as it was said."""
    doubled, altered = count(len(found.doubled), "turn"), count(len(found.altered), "row")
    because = _ids(turns, found.doubled) or [readback.id]
    sentence = f"{doubled} of {found.promised + found.perhaps} are in the store more than once."
    twice = held(not found.doubled, DOUBLED, sentence, measured=doubled, limit="none", because=because)
    because = [timeline.stored[n].id for n in found.altered[:12]] or [readback.id]
    sentence = f"{altered} of {found.rows} in the store differ from what the caller of that turn said."
    other = held(not found.altered, ALTERED, sentence, measured=altered, limit="none", because=because)
    return twice, other


def _phantom(timeline: Timeline, found: Comparison, readback: ReadBack, cut: str) -> Verdict:
    measured = count(len(found.phantom), "row")
    because = [timeline.stored[n].id for n in found.phantom[:12]] or [readback.id]
    sentence = (
        f"{measured} of {found.rows} in the store are of turns that no caller spoke, or that callers were "
        "told were not saved."
    )
    if found.phantom and cut:
        sentence = (
            f"{measured} of {found.rows} in the store are of turns that the callers' record does not "
            f"hold, and that record is not whole: {cut}."
        )
        return unknown(PHANTOM, sentence, measured=measured, limit="none", because=because)
    return held(not found.phantom, PHANTOM, sentence, measured=measured, limit="none", because=because)


def _order(turns: Sequence[Turn], found: Comparison, readback: ReadBack) -> Verdict:
    measured = count(len(found.disordered), "turn")
    if found.disordered:
        sentence = f"{measured} were saved before one that the same call spoke earlier."
        because = _ids(turns, found.disordered)
        return failed(ORDER, sentence, measured=measured, limit="none", because=because)
    if found.unplaced or not found.rows:
        share = percent(found.unplaced / found.rows) if found.rows else "none"
        sentence = (
            f"The store does not tell in which order it saved its turns ({share} without a position): let "
            "the target's query of turns return a fifth column that grows with each one saved."
        )
        return unknown(ORDER, sentence, limit="none", because=[readback.id])
    sentence = f"The {found.rows} turns were saved call by call in the order in which they were spoken."
    return passed(ORDER, sentence, measured=measured, limit="none", because=[readback.id])
