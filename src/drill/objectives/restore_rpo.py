"""What the restored copy lost of what callers were told was saved: the real recovery point.

The age of a backup says how much could be lost; here each acknowledged turn is looked for in the copy. What
is lost at the end is held against the limit. A turn that is missing below one that survives, one with other
content, one that nobody spoke, or one that is there twice is damage, whatever the limit.

Two callers' acknowledgements travel to us on ways of their own, so their order is not the log's to the
millisecond: across calls a turn lies below another only if it was acknowledged SKEW_S before it.
"""

from __future__ import annotations

from collections.abc import Sequence

from drill.model.plan import RestoreLimits
from drill.model.units import seconds
from drill.model.verdicts import Verdict
from drill.objectives import turns
from drill.objectives.say import count, failed, held, unknown
from drill.objectives.stored_turns import Comparison, Told, compare
from drill.timeline import Restored, Timeline

SKEW_S = 1.0


def judge(name: str, limits: RestoreLimits, found: Restored, timeline: Timeline) -> Verdict:
    """See the module."""
    limit = seconds(limits.rpo_s)
    if found.read is None or not found.read[0].ok:
        why = found.read[0].detail if found.read else "the copy did not come so far"
        say = failed if _lost_everything(found) else unknown
        because = [found.id, *([found.read[1]] if found.read else []), *(id_ for _, id_ in found.failures)]
        return say(name, f"The turns of the copy could not be read: {why}.", limit=limit, because=because)
    spoken, due = turns.said(timeline), _all_due(found, timeline)
    compared = compare(due, found.turns)
    because = [found.read[1], *(spoken[n].id for n in compared.lost[:11])]
    if not compared.promised:
        sentence = "No turn was acknowledged before the moment that should come back."
        return unknown(name, sentence, limit=limit, because=because)
    lost = [due[n] for n in compared.lost]
    back_s = _oldest_s(found, lost)
    wrong = damage(due, compared)
    calls = len({turn.call for turn in lost})
    lacks = f"{count(len(lost), 'turn')} of {count(calls, 'call')}, the oldest {seconds(back_s)} before it"
    there = "; ".join([f"the copy lacks {lacks if lost else 'none'}", *wrong])
    sentence = f"Of {count(compared.promised, 'turn')} acknowledged before the moment that should come back, "
    sentence += f"{there}; limit {limit}."
    measured = f"{count(len(lost), 'turn')}, {seconds(back_s)}"
    ok = not wrong and back_s <= limits.rpo_s
    return held(ok, name, sentence, measured=measured, limit=limit, because=because)


def lost_s(found: Restored, timeline: Timeline) -> float | None:
    """How long before the moment the oldest turn was acknowledged that the copy lacks, in seconds; None where
    its turns were not read, or none was promised."""
    if found.read is None or not found.read[0].ok:
        return None
    due = _all_due(found, timeline)
    compared = compare(due, found.turns)
    return _oldest_s(found, [due[n] for n in compared.lost]) if compared.promised else None


def _all_due(found: Restored, timeline: Timeline) -> list[Told]:
    return [_due(turns.told_by(turn), found.moment_s) for turn in turns.said(timeline)]


def _oldest_s(found: Restored, lost: Sequence[Told]) -> float:
    return found.moment_s - min((turn.ack_s for turn in lost), default=found.moment_s)


def _lost_everything(found: Restored) -> bool:
    """A backup that cannot be restored loses all that it should have kept."""
    return any(failure.fault == "backup" for failure, _ in found.failures)


def _due(turn: Told, moment_s: float) -> Told:
    """What was acknowledged after the moment may be there, and nobody was promised it."""
    if turn.ack_s <= moment_s:
        return turn
    return Told(turn.call, turn.seq, turn.turn_id, turn.digest, promised=False, ack_s=turn.ack_s)


def damage(due: Sequence[Told], found: Comparison) -> list[str]:
    """What no limit allows, in words."""
    lost = set(found.lost)
    last_s = max((t.ack_s for n, t in enumerate(due) if t.promised and n not in lost), default=0.0)
    in_call = set(found.holes_in_call)
    holes = [n for n in found.holes if n in in_call or due[n].ack_s < last_s - SKEW_S]
    kinds = (
        (len(holes), "lost turns were acknowledged before one that survives"),
        (len(found.altered), "rows differ from what their caller said"),
        (len(found.phantom), "rows are of turns that nobody spoke"),
        (len(found.doubled), "turns are there more than once"),
    )
    return [f"{number} {what}" for number, what in kinds if number]
