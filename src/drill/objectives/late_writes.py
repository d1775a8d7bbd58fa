"""Notes in the EHR in time: what callers were told was saved is there soon after the EHR is back.

    due = the revert, or the acknowledgement where that came later, + `within`

When a note came the EHR itself tells, by `meta.lastUpdated` of its record. Its clock is held against ours by
what has to be so: no note came before it was said, nor after it was read back. A note that was there when the
EHR was read back in time was in time, whatever any clock says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drill.model.plan import Objectives, Plan
from drill.model.units import seconds
from drill.model.verdicts import Verdict
from drill.objectives.say import count, failed, passed, unknown
from drill.objectives.writes import NONE_PROMISED, keep, last_readback, taken_meanwhile, unreadable
from drill.timeline import ReadBack, Record, Timeline, Turn

(LATE,) = NAMES = ("ehr_writes.late",)
CLOCK_S = 1.0  # a FHIR instant may be told to the second


@dataclass(frozen=True, slots=True)
class Arrival:
    """A note that is there: since when it was owed, and when it came (None: not told)."""

    turn: Turn
    owed_s: float
    came_s: float | None

    @property
    def waited_s(self) -> float:
        """0 for what came before it was owed; only where it was told."""
        return max(0.0, (self.came_s or 0.0) - self.owed_s)

    def off(self, read_s: float) -> bool:
        """Dated before it was said, or after it was read back."""
        return self.came_s is not None and not (self.turn.eos_s - CLOCK_S <= self.came_s <= read_s + CLOCK_S)


def asks(objectives: Objectives) -> bool:
    """Whether a plan says that it is judged when notes came."""
    return objectives.ehr_writes is not None and objectives.ehr_writes.timed


def judge(plan: Plan, timeline: Timeline) -> tuple[Verdict, ...]:
    """See the module."""
    limits = plan.objectives.ehr_writes
    if limits is None or not limits.timed:
        return ()
    readback, limit = last_readback(timeline, "ehr"), seconds(limits.within_s)
    why_not = unreadable(readback, "EHR", "records", len(timeline.records))
    if readback is None or why_not:
        return (unknown(LATE, why_not, limit=limit, because=[readback.id] if readback else []),)
    return (_judged(timeline, readback, limits.within_s),)


def _judged(timeline: Timeline, readback: ReadBack, within_s: float) -> Verdict:
    ledger, limit = keep(timeline), seconds(within_s)
    if not ledger.promised:
        return unknown(LATE, NONE_PROMISED, limit=limit, because=[readback.id])
    if timeline.reverted_s is None:
        return unknown(LATE, "No fault was reverted, so no note was due.", limit=limit, because=[readback.id])
    meanwhile = {turn.id for turn in taken_meanwhile(timeline, ledger)}
    if not meanwhile:
        sentence = "No note was taken while the EHR was away, so none had to be brought up."
        return unknown(LATE, sentence, limit=limit, because=[readback.id])
    found = [_arrival(t, ledger.of[t.id], timeline.reverted_s) for t in ledger.promised if ledger.of[t.id]]
    if not any(a.turn.id in meanwhile for a in found):
        sentence = f"Of {count(len(meanwhile), 'note')} taken while the EHR was away none is in it."
        return unknown(LATE, sentence, limit=limit, because=[readback.id])
    # What was there when it was read back in time needs no clock.
    doubtful = [a for a in found if readback.t_s > a.owed_s + within_s]
    read, because = _read(timeline, readback), [readback.id, *(a.turn.id for a in doubtful)]
    if off := [a for a in doubtful if a.off(readback.t_s)]:
        sentence = (
            f"The EHR's clock cannot be believed: it dates {count(len(off), 'note')} before it was said or "
            f"after it was read. They were {read}; limit {limit}."
        )
        return unknown(LATE, sentence, limit=limit, because=because)
    if late := [a for a in doubtful if a.waited_s > within_s]:
        return _late(late, len(found), limit)
    if silent := [a for a in doubtful if a.came_s is None]:
        sentence = (
            f"When {count(len(silent), 'note')} came is not known: the EHR gives them no meta.lastUpdated, "
            f"and they were {read}; limit {limit}."
        )
        return unknown(LATE, sentence, limit=limit, because=because)
    return _in_time(timeline, [a for a in found if a.turn.id in meanwhile], readback, limit)


def _arrival(turn: Turn, records: Sequence[Record], reverted_s: float) -> Arrival:
    """By the first of its records; by none where one does not tell."""
    came = [r.received_s for r in records]
    told = [at_s for at_s in came if at_s is not None]
    acknowledged_s = turn.ack_s if turn.ack_s is not None else turn.until_s
    return Arrival(turn, max(reverted_s, acknowledged_s), min(told) if len(told) == len(came) else None)


def _read(timeline: Timeline, readback: ReadBack) -> str:
    return f"read back {seconds(readback.t_s - (timeline.reverted_s or 0.0))} after the revert"


def _late(late: Sequence[Arrival], total: int, limit: str) -> Verdict:
    worst = max(late, key=lambda a: a.waited_s)
    measured = seconds(worst.waited_s)
    sentence = (
        f"{count(len(late), 'note')} of {total} came late into the EHR, one of them {measured} after the "
        f"revert and its acknowledgement, by the EHR's own clock; limit {limit}."
    )
    because = [a.turn.id for a in sorted(late, key=lambda a: -a.waited_s)]
    return failed(LATE, sentence, measured=measured, limit=limit, because=because)


def _in_time(timeline: Timeline, meanwhile: Sequence[Arrival], readback: ReadBack, limit: str) -> Verdict:
    notes = f"The {count(len(meanwhile), 'note')} taken while the EHR was away were"
    if any(a.came_s is None or a.off(readback.t_s) for a in meanwhile):
        measured = seconds(readback.t_s - (timeline.reverted_s or 0.0))
        sentence = f"{notes} in it when they were {_read(timeline, readback)}; limit {limit}."
    else:
        measured = seconds(max((a.waited_s for a in meanwhile), default=0.0))
        sentence = f"{notes} in it {measured} after the revert, by its own clock; limit {limit}."
    return passed(LATE, sentence, measured=measured, limit=limit, because=[readback.id])
