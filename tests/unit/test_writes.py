"""Notes in the EHR and turns in the store, record by record."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from drill.judge import judge
from drill.model import events as ev
from drill.model.verdicts import Status
from histories import Entries, digest, outage, plan, streams, turn, verdicts, without

PASS, UNKNOWN, FAIL = Status.PASS, Status.UNKNOWN, Status.FAIL
OURS = ("ehr_writes.lost", "ehr_writes.doubled", "ehr_writes.altered")


def records(change: Callable[[list[ev.EhrRecord]], list[ev.EhrRecord]], of: Entries | None = None) -> Entries:
    """A history whose EHR holds other records; the read-back counts what it really read."""
    entries = outage() if of is None else of
    found = change([e for _, _, e in entries if isinstance(e, ev.EhrRecord)])
    rest = without(entries, lambda e: isinstance(e, ev.EhrRecord))
    rest = without(rest, lambda e: isinstance(e, ev.ReadBackEnded) and e.source == "ehr")
    ended = ev.ReadBackEnded("ehr", ok=True, records=len(found), detail="")
    return [*rest, *(("readback", 97.5, r) for r in found), ("readback", 98.0, ended)]


def unsure(seq: int = 700) -> Entries:
    """A note whose acknowledgement never came."""
    return turn("c00", seq, 40.0, None, "note")


def note_of(seq: int, turn_id: str = "other") -> ev.EhrRecord:
    """A record with the content of a turn of call c00."""
    return ev.EhrRecord(turn_id, "synthetic-c00", digest("c00", seq, "note"), "DocumentReference/x")


def test_all_there_once_is_a_pass() -> None:
    """The reference outage."""
    found = verdicts(outage())
    assert {found[name].status for name in OURS} == {PASS}


def test_a_note_that_is_not_there_is_lost() -> None:
    """The sentence says how many of how many."""
    found = verdicts(records(lambda all_: all_[:-1]))["ehr_writes.lost"]
    assert (found.status, found.measured) == (FAIL, "1 note")
    assert found.because


def test_a_note_missing_before_its_time_is_up_is_unknown() -> None:
    """Read back 20 s after the revert, where 30 s are allowed."""
    early = [
        (s, 76.0 if isinstance(e, ev.ReadBackEnded) else t, e) for s, t, e in records(lambda all_: all_[:-1])
    ]
    assert verdicts(early)["ehr_writes.lost"].status is UNKNOWN


def test_the_same_note_twice_is_doubled() -> None:
    """Same turn, another resource."""
    found = verdicts(
        records(lambda all_: [*all_, dataclasses.replace(all_[0], resource="DocumentReference/x")])
    )
    assert found["ehr_writes.doubled"].status is FAIL
    assert found["ehr_writes.lost"].status is PASS


def test_the_same_note_under_another_identifier_is_doubled() -> None:
    """The digest names call and turn, whatever the identifier says."""
    found = verdicts(records(lambda all_: [*all_, dataclasses.replace(all_[0], turn_id="new")]))
    assert found["ehr_writes.doubled"].status is FAIL


def test_a_note_with_other_content_is_altered() -> None:
    """Another digest."""
    found = verdicts(records(lambda all_: [dataclasses.replace(all_[0], digest="0" * 16), *all_[1:]]))
    assert found["ehr_writes.altered"].status is FAIL


def test_a_note_in_somebody_elses_chart_is_altered() -> None:
    """Held against the patient who called, not against what the platform acknowledged."""
    found = verdicts(records(lambda all_: [dataclasses.replace(all_[0], patient="synthetic-x"), *all_[1:]]))
    assert found["ehr_writes.altered"].status is FAIL


def test_a_record_nobody_asked_for_is_a_fail() -> None:
    """A phantom."""
    phantom = ev.EhrRecord("ghost", "synthetic-c00", "f" * 16, "DocumentReference/x")
    assert verdicts(records(lambda all_: [*all_, phantom]))["ehr_writes.altered"].status is FAIL


def test_a_record_that_a_load_cut_short_does_not_hold_may_have_been_asked_for() -> None:
    """The load was killed and its last lines with it: no finding about the EHR; a note changed stays one."""
    ghost = ev.EhrRecord("ghost", "synthetic-c00", "f" * 16, "DocumentReference/x")
    for patient, status in ((None, UNKNOWN), ("synthetic-x", FAIL)):
        entries = records(
            lambda all_, p=patient: [
                dataclasses.replace(all_[0], patient=p or all_[0].patient),
                *all_[1:],
                ghost,
            ]
        )
        read = [
            dataclasses.replace(s, fault="load.jsonl:9: ends here") if s.name == "load" else s
            for s in streams(entries)
        ]
        assert {v.objective: v for v in judge(plan(), read)}["ehr_writes.altered"].status is status


def test_a_note_nobody_can_know_of_may_be_there_once_or_not() -> None:
    """No acknowledgement came: both are right."""
    entries = [*outage(), *unsure()]
    for there in ([], [note_of(700)]):
        found = verdicts(records(lambda all_, there=there: [*all_, *there], entries))
        assert {found[name].status for name in OURS} == {PASS}


def test_a_note_nobody_can_know_of_may_not_be_there_twice() -> None:
    """Exactly once at most."""
    entries = [*outage(), *unsure()]
    found = verdicts(records(lambda all_: [*all_, note_of(700, "i"), note_of(700, "j")], entries))
    assert found["ehr_writes.doubled"].status is FAIL


def test_a_failed_read_back_is_unknown() -> None:
    """Nothing read is not nothing there."""
    broken = without(outage(), lambda e: isinstance(e, ev.ReadBackEnded | ev.EhrRecord | ev.StoredTurn))
    broken += [
        ("readback", 98.0, ev.ReadBackEnded(s, ok=False, records=0, detail="refused"))
        for s in ("ehr", "store")
    ]
    found = verdicts(broken)
    assert {found[name].status for name in (*OURS, "turns.lost")} == {UNKNOWN}


def test_a_missing_read_back_is_unknown() -> None:
    """Silence is not PASS."""
    found = verdicts([e for e in outage() if e[0] != "readback"])
    assert {found[name].status for name in (*OURS, "turns.lost")} == {UNKNOWN}


def test_a_read_back_that_counts_otherwise_is_unknown() -> None:
    """It says how many it read; the journal must hold as many."""
    first = next(e for _, _, e in outage() if isinstance(e, ev.EhrRecord))
    short = without(outage(), lambda e: e == first)
    assert verdicts(short)["ehr_writes.lost"].status is UNKNOWN


def test_without_any_acknowledged_note_nothing_is_known() -> None:
    """No promise, no proof."""
    quiet = without(outage(), lambda e: getattr(e, "intent", "") == "note")
    found = verdicts(records(lambda _: [], quiet))
    assert {found[name].status for name in OURS} == {UNKNOWN}


def test_without_a_note_taken_during_the_fault_the_outage_was_not_tried() -> None:
    """All is well, but nothing had to survive anything."""
    gone = {e.turn_id for _, _, e in outage() if isinstance(e, ev.TurnEnded) and e.outcome == "degraded"}
    calm = without(
        outage(), lambda e: isinstance(e, ev.TurnEnded) and e.outcome == "degraded" and e.intent == "note"
    )
    calm = without(calm, lambda e: isinstance(e, ev.TurnInvoked) and f"id-{e.call}-{e.seq}" in gone)
    found = verdicts(records(lambda all_: [r for r in all_ if r.turn_id not in gone], calm))
    assert found["ehr_writes.lost"].status is UNKNOWN
    assert "not tried" in found["ehr_writes.lost"].sentence


def stored(change: Callable[[list[ev.StoredTurn]], list[ev.StoredTurn]]) -> Entries:
    """The reference outage with another store."""
    found = change([e for _, _, e in outage() if isinstance(e, ev.StoredTurn)])
    rest = without(outage(), lambda e: isinstance(e, ev.StoredTurn) or getattr(e, "source", "") == "store")
    ended = ev.ReadBackEnded("store", ok=True, records=len(found), detail="")
    return [*rest, *(("readback", 98.5, t) for t in found), ("readback", 99.0, ended)]


def test_an_acknowledged_turn_missing_in_the_store_is_lost() -> None:
    """It was acknowledged after its commit, so it has to be there."""
    assert verdicts(stored(lambda all_: all_[1:]))["turns.lost"].status is FAIL


def test_a_turn_more_in_the_store_is_no_loss() -> None:
    """Committed, but the acknowledgement never came."""
    extra = ev.StoredTurn("more", "c00", 700, "0" * 16)
    assert verdicts(stored(lambda all_: [*all_, extra]))["turns.lost"].status is PASS


def test_where_no_record_is_nothing_is_said_of_records() -> None:
    """All are lost; that none of them is doubled or altered is no finding."""
    found = verdicts(records(lambda _: []))
    assert {name: found[name].status for name in OURS} == dict(
        zip(OURS, (FAIL, UNKNOWN, UNKNOWN), strict=True)
    )
