"""Notes in the EHR: what callers were told was saved is there, once, as it was said.

The ledger of the callers is held against the records of the EHR, one by one:

    acknowledged (ok)      exactly one record, same patient, same digest
    nobody can know (info) none or one
    surely not (fail)      none
    a record nobody asked for is a phantom

A note counts as doubled under another identifier too: the digest names its call and turn.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from drill.journal import Stream
from drill.model.plan import Plan, WriteLimits
from drill.model.units import seconds
from drill.model.verdicts import Verdict
from drill.objectives.say import count, failed, held, passed, unknown
from drill.timeline import ReadBack, Record, Timeline, Turn

LOST, DOUBLED, ALTERED = NAMES = ("ehr_writes.lost", "ehr_writes.doubled", "ehr_writes.altered")
ACKNOWLEDGED = ("full", "degraded")
NOTHING_THERE = "The EHR holds no record of this drill, so none could be there twice or differ."
NONE_PROMISED = "No caller was told that a note was saved, so none could be missed."


@dataclass(frozen=True, slots=True)
class Ledger:
    """The callers' notes, and the EHR's records that belong to each."""

    promised: tuple[Turn, ...]
    perhaps: dict[str, Turn]
    records: tuple[Record, ...]
    of: dict[str, tuple[Record, ...]]

    @property
    def phantoms(self) -> list[Record]:
        """Records that no caller asked for."""
        known = {r.id for found in self.of.values() for r in found}
        return [r for r in self.records if r.id not in known and r.digest not in self.perhaps]


def judge(plan: Plan, timeline: Timeline, streams: Sequence[Stream]) -> tuple[Verdict, ...]:
    """See the module."""
    limits = plan.objectives.ehr_writes
    if limits is None:
        return ()
    readback = last_readback(timeline, "ehr")
    why_not = unreadable(readback, "EHR", "records", len(timeline.records))
    if readback is None or why_not:
        because = [readback.id] if readback else []
        return tuple(unknown(name, why_not, because=because) for name in NAMES)
    ledger = keep(timeline)
    altered = _altered(timeline, ledger, readback, cut_short(streams))
    if not ledger.promised:
        none = unknown(LOST, NONE_PROMISED, because=[readback.id])
        kept = altered if ledger.phantoms else dataclasses.replace(none, objective=ALTERED)
        return none, dataclasses.replace(none, objective=DOUBLED), kept
    lost = _lost(timeline, ledger, limits, readback)
    if not ledger.records:
        return lost, *(unknown(name, NOTHING_THERE, because=[readback.id]) for name in (DOUBLED, ALTERED))
    return lost, _doubled(ledger, readback), altered


def cut_short(streams: Sequence[Stream]) -> str:
    """What is wrong with the callers' own record, which is the load's; "" when it is whole."""
    return "; ".join(s.fault for s in streams if s.fault and s.name.partition("-")[0] == "load")


def last_readback(timeline: Timeline, source: str) -> ReadBack | None:
    """The last word on a source."""
    return next((r for r in reversed(timeline.readbacks) if r.source == source), None)


def unreadable(readback: ReadBack | None, source: str, what: str, held: int) -> str:
    """Why a source's side is not known, of which the journal holds so much; "" when it is."""
    if readback is None or not readback.ok:
        return (
            f"The {source} could not be read back: {readback.detail if readback else 'it was never tried'}."
        )
    if readback.records != held:
        return f"The read-back counts {readback.records} {what}, the journal holds {held}."
    return ""


def keep(timeline: Timeline) -> Ledger:
    """Join notes and records, by turn id and by digest."""
    return timeline.once(_keep)


def _keep(timeline: Timeline) -> Ledger:
    notes = [t for t in timeline.turns if t.intent == "note"]
    promised = tuple(t for t in notes if t.ledger == "ok" and t.outcome in ACKNOWLEDGED)
    surely = {t.id for t in promised}
    perhaps = {digest_of(t): t for t in notes if t.id not in surely and t.ledger != "fail"}
    by_turn: defaultdict[str, list[Record]] = defaultdict(list)
    by_digest: defaultdict[str, list[Record]] = defaultdict(list)
    records = tuple(timeline.records)
    for record in records:
        by_turn[record.turn_id].append(record)
        by_digest[record.digest].append(record)
    of = {t.id: _each_once(by_turn.get(t.turn_id, []), by_digest.get(t.digest, [])) for t in promised}
    return Ledger(promised, perhaps, records, of)


def _each_once(some: list[Record], others: list[Record]) -> tuple[Record, ...]:
    return tuple(some if some == others else {r.id: r for r in [*some, *others]}.values())


def digest_of(turn: Turn) -> str:
    """A turn's digest; a caller who was never answered can compute it as well. A key is taken as chat."""
    if turn.digest:
        return turn.digest
    intent = "chat" if turn.intent == "dtmf" else turn.intent
    return hashlib.sha256(f"{turn.call}|{turn.seq}|{intent}".encode()).hexdigest()[:16]


def _lost(timeline: Timeline, ledger: Ledger, limits: WriteLimits, readback: ReadBack) -> Verdict:
    lost = [t for t in ledger.promised if not ledger.of[t.id]]
    measured, total = count(len(lost), "note"), len(ledger.promised)
    waited_s = readback.t_s - (timeline.reverted_s or 0.0)
    when = (
        f"read back {seconds(waited_s)} after the revert" if timeline.reverted_s is not None else "read back"
    )
    if lost:
        sentence = f"{measured} of {total} that callers were told were saved are not in the EHR, {when}."
        say = failed if waited_s >= limits.within_s or timeline.reverted_s is None else unknown
        return say(LOST, sentence, measured=measured, limit="none", because=[t.id for t in lost])
    degraded = taken_meanwhile(timeline, ledger)
    if not degraded:
        sentence = (
            f"All {total} acknowledged notes are in the EHR, but none of them was taken while the EHR "
            "was away: whether a note survives the outage was not tried."
        )
        return unknown(LOST, sentence, measured=measured, limit="none", because=[readback.id])
    sentence = (
        f"All {total} acknowledged notes are in the EHR, {when}; {len(degraded)} of them were taken while "
        "it was away."
    )
    because = [readback.id, *(t.id for t in degraded)]
    return passed(LOST, sentence, measured=measured, limit="none", because=because)


def taken_meanwhile(timeline: Timeline, ledger: Ledger) -> list[Turn]:
    """Acknowledged notes that the platform took while the EHR was away."""
    fault = timeline.fault
    return [t for t in ledger.promised if t.outcome == "degraded" and fault and fault.holds(t.eos_s)]


def _doubled(ledger: Ledger, readback: ReadBack) -> Verdict:
    doubled = {t.id: ledger.of[t.id] for t in ledger.promised if len(ledger.of[t.id]) > 1}
    times = Counter(r.digest for r in ledger.records if r.digest in ledger.perhaps)
    again = {digest for digest, number in times.items() if number > 1}
    number, total = len(doubled) + len(again), len(ledger.promised) + len(ledger.perhaps)
    measured = count(number, "note")
    if number:
        records = [r.id for found in doubled.values() for r in found]
        records += [r.id for r in ledger.records if r.digest in again]
        sentence = f"{measured} of {total} are in the EHR more than once."
        return failed(DOUBLED, sentence, measured=measured, limit="none", because=records)
    sentence = f"None of the {len(ledger.promised)} acknowledged notes is in the EHR twice."
    return passed(DOUBLED, sentence, measured=measured, limit="none", because=[readback.id])


def _altered(timeline: Timeline, ledger: Ledger, readback: ReadBack, cut: str) -> Verdict:
    patients = {call.call: call.patient for call in timeline.calls}
    altered = [
        record
        for turn in ledger.promised
        for record in ledger.of[turn.id]
        if record.digest != turn.digest or record.patient != (patients.get(turn.call) or turn.patient)
    ]
    phantoms = ledger.phantoms
    because = _ids([*altered, *phantoms]) or [readback.id]
    measured = count(len(altered) + len(phantoms), "record")
    if phantoms and cut and not altered:
        sentence = (
            f"{count(len(phantoms), 'record')} in the EHR may have been asked for: the callers' record does "
            f"not hold it, and that record is not whole: {cut}."
        )
        return unknown(ALTERED, sentence, measured=measured, limit="none", because=because)
    sentence = f"All {len(ledger.records)} records in the EHR are what a caller said, of that caller."
    if altered or phantoms:
        sentence = (
            f"In the EHR are {count(len(altered), 'note')} other than was said, in patient or content, and "
            f"{count(len(phantoms), 'record')} that nobody asked for."
        )
    return held(
        not (altered or phantoms), ALTERED, sentence, measured=measured, limit="none", because=because
    )


def _ids(records: Sequence[Record]) -> list[str]:
    return [r.id for r in records]
