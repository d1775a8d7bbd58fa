"""Notes in the EHR in time: by its own clock, where the read-back came too late to tell."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import pytest

from drill.model import events as ev
from drill.model.plan import WriteLimits
from drill.model.verdicts import Status, Verdict
from drill.probes.readback import _records
from drill.sandbox.ehr_records import Records
from histories import (
    CLOSED_S,
    ORIGIN_NS,
    REVERTED_S,
    UTC_NS,
    Entries,
    changed,
    outage,
    plan,
    verdicts,
    without,
)

PASS, UNKNOWN, FAIL = Status.PASS, Status.UNKNOWN, Status.FAIL
LATE = "ehr_writes.late"


def dated(late_s: float = 0.0, off_s: float = 0.0) -> Entries:
    """The reference outage, read back 41.8 s after the revert, with the EHR's own times: notes come when they
    are acknowledged, those of the outage once the breakers are closed and `late_s` later."""
    told = {e.turn_id: e for _, _, e in outage() if isinstance(e, ev.TurnEnded)}

    def date(_: float, event: ev.Event) -> ev.Event:
        if not isinstance(event, ev.EhrRecord):
            return event
        turn = told[event.turn_id]
        came_s = (turn.ack_ns - ORIGIN_NS) / 1e9
        if turn.outcome == "degraded":
            came_s = max(came_s, CLOSED_S + late_s)
        return dataclasses.replace(event, received_utc_ns=UTC_NS + round((came_s + off_s) * 1e9))

    return changed(outage(), date)


def read_at(entries: Entries, at_s: float) -> Entries:
    """The same, read back at another second."""
    return [(s, at_s if isinstance(e, ev.EhrRecord | ev.ReadBackEnded) else t, e) for s, t, e in entries]


def judged(entries: Entries, within_s: float = 30.0) -> Verdict:
    """The one verdict."""
    return verdicts(entries, plan(ehr_writes=WriteLimits(within_s, timed=True)))[LATE]


def test_notes_that_came_in_time_pass_by_the_ehrs_own_clock() -> None:
    """Four seconds after the revert, though it was read back after 41.8 s."""
    found = judged(dated())
    assert (found.status, found.measured) == (PASS, f"{CLOSED_S - REVERTED_S:.2f} s")
    assert "by its own clock" in found.sentence


def test_notes_that_came_late_fail() -> None:
    """All are there in the end, but not 30 s after the revert."""
    found = judged(dated(late_s=30.0))
    assert (found.status, found.measured) == (FAIL, "34.0 s")
    assert found.because


def test_a_note_of_after_the_revert_is_owed_from_its_acknowledgement_on() -> None:
    """Some were taken half a minute after the revert and came at once; the limit is five seconds."""
    assert judged(dated(), 5.0).status is PASS


def test_an_ehr_that_dates_nothing_and_is_read_too_late_is_unknown() -> None:
    """41.8 s after the revert nobody can say what was there after 30 s."""
    found = judged(outage())
    assert found.status is UNKNOWN
    assert "41.8 s after the revert" in found.sentence


def test_what_is_there_before_its_time_is_up_needs_no_clock() -> None:
    """Read back 20 s after the revert, where 30 s are allowed."""
    found = judged(read_at(outage(), REVERTED_S + 20.0))
    assert (found.status, found.measured) == (PASS, "20.0 s")


@pytest.mark.parametrize("off_s", [-60.0, 60.0])
def test_a_clock_that_cannot_be_right_is_not_believed(off_s: float) -> None:
    """Notes from before they were said, or from after they were read."""
    found = judged(dated(late_s=30.0, off_s=off_s))
    assert found.status is UNKNOWN
    assert "clock" in found.sentence


def test_no_note_of_the_outage_is_unknown() -> None:
    """Nothing had to be brought up."""
    full = changed(
        dated(),
        lambda _, e: dataclasses.replace(e, outcome="full") if isinstance(e, ev.TurnEnded) else e,
    )
    assert judged(full).status is UNKNOWN


def test_a_fault_that_was_not_reverted_makes_nothing_due() -> None:
    """The time runs from the revert."""
    held = without(dated(), lambda e: isinstance(e, ev.FaultReverted))
    assert judged(held).status is UNKNOWN


def test_a_plan_from_before_it_was_looked_at_does_not_ask() -> None:
    """Its run holds no times."""
    assert LATE not in verdicts(outage())


def test_the_sandboxs_ehr_dates_what_it_takes(tmp_path: Path) -> None:
    """By its own clock, whatever the sender says."""
    records = Records(tmp_path / "ehr.db")
    sent = {"resourceType": "DocumentReference", "meta": {"lastUpdated": "2000-01-01T00:00:00Z"}}
    before_ns = time.time_ns() - 1_000_000
    resource, _ = records.create(sent)
    records.close()
    (found,) = _records({"entry": [{"resource": resource}]})
    assert before_ns <= found.received_utc_ns <= time.time_ns()


@pytest.mark.parametrize(
    ("text", "utc_ns"),
    [
        ("2026-11-26T11:00:00.123Z", 1_795_690_800_123_000_000),
        ("2026-11-26T12:00:00+01:00", 1_795_690_800_000_000_000),
        ("2026-11-26T11:00:00", 0),
        ("soon", 0),
        ("", 0),
    ],
)
def test_the_ehrs_time_is_read_from_the_record(text: str, utc_ns: int) -> None:
    """A FHIR instant has a zone; anything else tells nothing."""
    resource = {"resourceType": "DocumentReference", "id": "x", "meta": {"lastUpdated": text}}
    (found,) = _records({"entry": [{"resource": resource}]})
    assert found.received_utc_ns == utc_ns
