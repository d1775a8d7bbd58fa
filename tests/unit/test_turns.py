"""The verdicts on stored turns: none lost below a surviving one, none made up, twice, or out of order."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from drill.judge import judge
from drill.load.script import digest as script_digest
from drill.model import events as ev
from drill.model.plan import TurnLimits
from drill.model.units import seconds
from drill.model.verdicts import Status, Verdict
from drill.objectives.turns import NAMES
from histories import APPLIED_S, Entries, Entry, ns, streams, turn, verdicts, without, zone_loss, zone_plan

PASS, UNKNOWN, FAIL = Status.PASS, Status.UNKNOWN, Status.FAIL


def judged(entries: Entries, lost_max: int = 0) -> dict[str, Verdict]:
    """All verdicts of a drill that lost a zone."""
    return verdicts(entries, zone_plan(turns=TurnLimits(lost_max)))


def acknowledged(entries: Entries) -> list[ev.TurnEnded]:
    """In the order of acknowledgement."""
    told = [e for _, _, e in entries if isinstance(e, ev.TurnEnded) and e.ledger == "ok"]
    return sorted(told, key=lambda e: e.ack_ns)


def with_store(change: Callable[[list[ev.StoredTurn]], list[ev.StoredTurn]]) -> Entries:
    """The reference loss with another store."""
    whole = zone_loss()
    found = change([e for _, _, e in whole if isinstance(e, ev.StoredTurn)])
    rest = without(whole, lambda e: isinstance(e, ev.StoredTurn) or getattr(e, "source", "") == "store")
    ended: Entry = ("readback", 99.0, ev.ReadBackEnded("store", ok=True, records=len(found), detail=""))
    return [*rest, *(("readback", 98.5, row) for row in found), ended]


def losing(*turn_ids: str) -> Entries:
    """The store lacks these turns."""
    return with_store(lambda rows: [row for row in rows if row.turn_id not in turn_ids])


def test_the_reference_loss_keeps_every_turn() -> None:
    """All six are a PASS."""
    found = judged(zone_loss())
    assert {found[name].status for name in NAMES} == {PASS}


def test_a_lost_turn_is_told_in_turns_calls_patients_and_seconds() -> None:
    """Two turns of two calls, up to as long before the fault as they were acknowledged."""
    before = [e for e in acknowledged(zone_loss()) if e.ack_ns < ns(26.1)]
    first, last = before[-2], before[-1]
    found = judged(losing(first.turn_id, last.turn_id))["turns.lost"]
    assert found.status is FAIL
    assert "2 turns of" in found.sentence
    assert "2 calls and 2 patients" in found.sentence
    assert found.measured == f"2 turns, {seconds(APPLIED_S - (first.ack_ns - ns(0)) / 1e9)}"


def test_a_hole_fails_whatever_the_limit() -> None:
    """The limit is kept, the hole is not forgiven."""
    found = judged(losing(acknowledged(zone_loss())[50].turn_id), lost_max=100)
    assert found["turns.lost"].status is PASS
    assert found["turns.holes"].status is FAIL


def test_a_clean_tail_within_the_limit_passes() -> None:
    """Nothing acknowledged later survives."""
    tail = [e.turn_id for e in acknowledged(zone_loss())[-3:]]
    found = judged(losing(*tail), lost_max=3)
    assert (found["turns.lost"].status, found["turns.holes"].status) == (PASS, PASS)
    assert "clean tail" in found["turns.holes"].sentence
    assert judged(losing(*tail), lost_max=2)["turns.lost"].status is FAIL


def test_a_turn_that_callers_were_told_was_not_saved_must_not_be_there() -> None:
    """Its row is a phantom."""
    entries = zone_loss()
    seen = acknowledged(entries)[50]

    def refuse(event: ev.Event) -> ev.Event:
        return dataclasses.replace(event, ledger="fail") if event == seen else event

    found = judged([(stream, at_s, refuse(event)) for stream, at_s, event in entries])
    assert (found["turns.phantom"].status, found["turns.lost"].status) == (FAIL, PASS)


def test_a_turn_in_doubt_that_is_there_is_recovered() -> None:
    """Its caller was cut off, and it was saved all the same: fine, and told."""
    entries = zone_loss()
    doubtful = next(e for _, _, e in entries if isinstance(e, ev.TurnEnded) and e.outcome == "dropped")
    _, ended = turn(doubtful.call, doubtful.seq, 26.0, intent=doubtful.intent)
    event = ended[2]
    assert isinstance(event, ev.TurnEnded)
    saved = ev.StoredTurn("new", event.call, event.seq, event.digest, position=10_000)
    found = judged(with_store(lambda rows: [*rows, saved]))
    assert {found[name].status for name in NAMES} == {PASS}
    assert "1 of 2 that nobody could know of are there" in found["turns.lost"].sentence


def test_a_key_that_nobody_answered_is_known_by_its_content_as_the_agent_takes_it() -> None:
    """The agent stores a key as chat, and so does the caller's own digest."""
    entries = zone_loss()
    pressed = next(e for _, _, e in entries if isinstance(e, ev.TurnEnded) and e.outcome == "dropped")
    lone = ev.TurnEnded(pressed.call, 77, "dtmf", ns(26.0), 0, 0, "dropped", "info", "", "", "")
    saved = ev.StoredTurn("new", pressed.call, 77, script_digest(pressed.call, 77, "dtmf"), position=10_000)
    kept = with_store(lambda rows: [*rows, saved])
    found = judged(
        [*kept, ("load", 26.3, ev.TurnInvoked(pressed.call, 77, "dtmf", ns(26.0))), ("load", 26.4, lone)]
    )
    assert found["turns.phantom"].status is PASS


@pytest.mark.parametrize(
    ("objective", "change"),
    [
        ("turns.phantom", lambda rows: [*rows, ev.StoredTurn("x", "nobody", 1, "0" * 16, 9999)]),
        ("turns.doubled", lambda rows: [*rows, dataclasses.replace(rows[0], turn_id="x")]),
        ("turns.altered", lambda rows: [dataclasses.replace(rows[0], digest="0" * 16), *rows[1:]]),
        ("turns.order", lambda rows: [dataclasses.replace(rows[0], position=9999), *rows[1:]]),
    ],
)
def test_each_fault_of_the_store_has_its_verdict(
    objective: str, change: Callable[[list[ev.StoredTurn]], list[ev.StoredTurn]]
) -> None:
    """That one and no other of the six."""
    found = judged(with_store(change))
    assert {name for name in NAMES if found[name].status is FAIL} == {objective}


def test_an_order_that_the_store_does_not_tell_is_unknown() -> None:
    """And the sentence says how to tell it."""
    found = judged(with_store(lambda rows: [dataclasses.replace(row, position=0) for row in rows]))
    assert found["turns.order"].status is UNKNOWN
    assert "fifth column" in found["turns.order"].sentence


@pytest.mark.parametrize(
    "spoil",
    [
        lambda e: isinstance(e, ev.StoredTurn) and e.position == 7,
        lambda e: isinstance(e, ev.ReadBackEnded),
        lambda e: isinstance(e, ev.TurnEnded | ev.StoredTurn | ev.ReadBackEnded),
    ],
)
def test_a_store_that_is_not_known_is_unknown(spoil: Callable[[ev.Event], bool]) -> None:
    """Rows missing in the journal, no read-back, nothing at all."""
    found = judged(without(zone_loss(), spoil))
    assert {found[name].status for name in NAMES} == {UNKNOWN}


def test_nothing_acknowledged_is_unknown_but_a_phantom_stays_one() -> None:
    """An empty ledger proves no loss; a row that nobody asked for is there."""
    silent = without(zone_loss(), lambda e: isinstance(e, ev.TurnEnded | ev.TurnInvoked))
    found = judged(silent)
    assert found["turns.lost"].status is UNKNOWN
    assert found["turns.phantom"].status is FAIL


def test_rows_that_a_record_cut_short_does_not_hold_may_be_of_turns_that_were_spoken() -> None:
    """The load was killed and its last lines with it: no finding about the store."""
    first = next(e for _, _, e in zone_loss() if isinstance(e, ev.TurnInvoked)).call
    known = without(zone_loss(), lambda e: isinstance(e, ev.TurnEnded | ev.TurnInvoked) and e.call == first)
    the_plan = zone_plan(turns=TurnLimits(0))
    for fault, status in (("", FAIL), ("load.jsonl:9: ends here", UNKNOWN)):
        read = [dataclasses.replace(s, fault=fault) if s.name == "load" else s for s in streams(known)]
        found = {each.objective: each for each in judge(the_plan, read)}
        assert found["turns.phantom"].status is status


def test_an_acknowledgement_is_not_taken_back_by_a_second_end() -> None:
    """The load says later that nobody can know of a turn that was acknowledged and is lost."""
    gone = acknowledged(zone_loss())[-1]
    unsaid = dataclasses.replace(
        gone, ack_ns=0, outcome="unanswered", ledger="info", turn_id="", patient="", digest=""
    )
    found = judged([*losing(gone.turn_id), ("load", 99.0, unsaid)])["turns.lost"]
    assert (found.status, found.measured.partition(",")[0]) == (FAIL, "1 turn")


def test_where_no_row_is_nothing_is_said_of_rows() -> None:
    """All are lost; a clean tail, and no row made up, doubled or altered, is no finding then."""
    found = judged(with_store(lambda _: []))
    assert found["turns.lost"].status is FAIL
    assert {v.status for name, v in found.items() if name in NAMES and name != "turns.lost"} == {UNKNOWN}
