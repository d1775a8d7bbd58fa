"""Turns in the store: every one that a caller saw acknowledged is there, as it was acknowledged."""

from __future__ import annotations

from drill.model.plan import Plan
from drill.model.verdicts import Verdict
from drill.objectives.say import count, held, unknown
from drill.objectives.writes import ACKNOWLEDGED, last_readback
from drill.timeline import Timeline

(LOST,) = NAMES = ("turns.lost",)


def judge(plan: Plan, timeline: Timeline) -> tuple[Verdict, ...]:
    """See the module."""
    limits = plan.objectives.turns
    if limits is None:
        return ()
    limit = f"at most {limits.lost_max}"
    readback = last_readback(timeline, "store")
    if readback is None or not readback.ok:
        why = readback.detail if readback else "it was never tried"
        because = [readback.id] if readback else []
        return (unknown(LOST, f"The store could not be read back: {why}.", limit=limit, because=because),)
    if readback.records != len(timeline.stored):
        sentence = f"The read-back counts {readback.records} turns, the journal holds {len(timeline.stored)}."
        return (unknown(LOST, sentence, limit=limit, because=[readback.id]),)
    promised = [t for t in timeline.turns if t.ledger == "ok" and t.outcome in ACKNOWLEDGED]
    if not promised:
        sentence = "No turn was acknowledged, so none could be missed."
        return (unknown(LOST, sentence, limit=limit, because=[readback.id]),)
    digests = {s.turn_id: s.digest for s in timeline.stored}
    missing = [t for t in promised if t.turn_id not in digests]
    other = [t for t in promised if t.turn_id in digests and digests[t.turn_id] != t.digest]
    lost, total = len(missing) + len(other), len(promised)
    sentence = (
        f"{count(lost, 'turn')} of {total} acknowledged ones not in the store as acknowledged "
        f"({len(missing)} missing, {len(other)} with other content); limit {limit}."
    )
    because = [t.id for t in (*missing, *other)] or [readback.id]
    ok, measured = lost <= limits.lost_max, count(lost, "turn")
    return (held(ok, LOST, sentence, measured=measured, limit=limit, because=because),)
