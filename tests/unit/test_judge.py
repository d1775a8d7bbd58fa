"""The judge: three answers, fixed names, the worst wins, a crash is no PASS."""

from __future__ import annotations

import dataclasses
import gc
import random
import time

import pytest

from drill.journal import Stream
from drill.judge import (
    headline,
    judge,
    objective_names,
    overall,
    ranked,
    verdicts_from_json,
    verdicts_to_json,
)
from drill.model import events as ev
from drill.model.errors import JournalError
from drill.model.plan import CallLimits, Objectives
from drill.model.verdicts import Status, Verdict
from drill.objectives import calls
from histories import END_S, Entries, call, outage, plan, streams, turn, verdicts, without


def test_names_are_known_before_the_run() -> None:
    """Collected by pytest, then judged: the same names in the same order, once each."""
    names = objective_names(plan().objectives)
    assert names == tuple(v.objective for v in judge(plan(), streams(outage())))
    assert len(set(names)) == len(names)


def test_integrity_is_judged_though_nothing_was_asked() -> None:
    """No drill file can leave it out."""
    nothing = plan(recovery=None, breaker=None, calls=None, ehr_writes=None, turns=None)
    found = verdicts(outage(), nothing)
    assert found
    assert all(name.startswith("integrity.") for name in found)


def test_an_empty_run_has_every_verdict_and_no_pass() -> None:
    """Nothing seen is UNKNOWN all over."""
    found = judge(plan(), (Stream("control", (), "", "control.jsonl: empty"),))
    assert {v.status for v in found} == {Status.UNKNOWN}
    assert tuple(v.objective for v in found) == objective_names(plan().objectives)


def test_a_judge_that_crashes_is_unknown_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its error is the sentence."""

    def crash(_: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(calls, "settled_turns", crash)
    found = verdicts(outage())
    assert found["calls.latency"].status is Status.UNKNOWN
    assert "ZeroDivisionError: by nothing" in found["calls.latency"].sentence
    assert found["integrity.witness"].status is Status.PASS


def test_overall_is_the_worst_and_nothing_is_unknown() -> None:
    """FAIL beats UNKNOWN beats PASS."""
    good, unsure, bad = (Verdict("x", status, "") for status in Status)
    assert overall([good, unsure, bad]) is Status.FAIL
    assert overall([good, unsure]) is Status.UNKNOWN
    assert overall([]) is Status.UNKNOWN


def test_the_reference_outage_is_a_pass_and_says_when_callers_were_well() -> None:
    """One sentence."""
    found = judge(plan(), streams(outage()))
    assert overall(found) is Status.PASS
    assert "PASS" in headline(plan(), found)
    assert "4.20 s" in headline(plan(), found)


def test_the_headline_names_lost_notes_before_everything_else() -> None:
    """A dropped call and a lost note: the note is said first."""
    broken: Entries = [*outage(), *call("x", 40.0, 50.0, "dropped")]
    broken += turn("c00", 700, 40.0, 0.6, "note", "degraded")
    assert "FAIL: ehr_writes.lost" in headline(plan(), judge(plan(), streams(broken)))


def test_a_fail_is_said_before_an_unknown() -> None:
    """Calls dropped is known; the EHR could not be read."""
    broken = [e for e in outage() if e[0] != "readback"] + call("x", 40.0, 50.0, "dropped")
    assert "FAIL: calls.dropped" in headline(plan(), judge(plan(), streams(broken)))


@pytest.mark.parametrize(
    ("because", "first"), [((), "integrity.ended"), (("faults:3",), "integrity.reverted")]
)
def test_a_fault_that_may_still_be_on_is_said_first_and_one_that_never_was_last(
    because: tuple[str, ...], first: str
) -> None:
    """Whose run was cut short hears why, and not that nothing was there to be reverted."""
    names = ("integrity.ended", "integrity.fault", "integrity.baseline", "integrity.streams")
    found = [Verdict(name, Status.UNKNOWN, "") for name in names]
    reverted = Verdict("integrity.reverted", Status.UNKNOWN, "", because=because)
    told = [verdict.objective for verdict in ranked([reverted, *found])]
    assert told[0] == first
    assert told[-1] in ("integrity.streams", "integrity.reverted")


def test_verdicts_survive_json_byte_for_byte() -> None:
    """The same run gives the same bytes."""
    found = judge(plan(), streams(outage()))
    text = verdicts_to_json(found)
    assert verdicts_from_json(text) == found
    assert (
        verdicts_to_json(verdicts_from_json(text))
        == text
        == verdicts_to_json(judge(plan(), streams(outage())))
    )


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"verdicts": [{}]}', '{"verdicts": [{"status": "GREAT"}]}']
)
def test_other_json_is_no_list_of_verdicts(text: str) -> None:
    """One error, not a traceback."""
    with pytest.raises(JournalError):
        verdicts_from_json(text)


def test_citations_are_bounded_and_exist() -> None:
    """At most twelve, and each is an event of the run."""
    read = streams(outage())
    known = {r.id for s in read for r in s.events}
    for verdict in judge(plan(), read):
        assert len(verdict.because) <= 12
        assert set(verdict.because) <= known


@pytest.mark.parametrize(
    "kind", sorted({type(e).__name__ for _, _, e in outage()} - {"HealthSample", "ScheduleWritten"})
)
def test_no_kind_of_event_can_be_left_out_for_a_green(kind: str) -> None:
    """Missing evidence is never PASS, whichever it is."""
    entries = without(outage(), lambda e: type(e).__name__ == kind)
    assert overall(judge(plan(), streams(entries))) is not Status.PASS


@pytest.mark.parametrize("kept_s", range(5, int(END_S), 5))
def test_no_prefix_of_a_run_is_green(kept_s: int) -> None:
    """Cut off anywhere, it is not a PASS and not a crash of the judge."""
    found = judge(plan(), streams(e for e in outage() if e[1] <= kept_s))
    assert overall(found) is not Status.PASS
    assert not any("judge itself failed" in v.sentence for v in found)


def judging_s(events: int) -> float:
    """Processor time that judging so long a run takes, as a stored run is judged: nothing is collected."""
    many: Entries = list(outage())
    while len(many) < events:
        name = f"x{len(many)}"
        eos = random.Random(len(many)).uniform(11.0, 90.0)
        many += [*call(name, 10.0, 95.0), *turn(name, 1, eos), *turn(name, 2, eos + 1.0, None)]
    read = streams(many)
    gc.disable()
    try:
        return min(_timed(read) for _ in range(2))
    finally:
        gc.enable()


def _timed(read: tuple[Stream, ...]) -> float:
    began = time.process_time()
    judge(plan(calls=CallLimits(0, 1.5, 1.5, 0.99)), read)
    return time.process_time() - began


def test_eight_times_the_events_are_judged_in_less_than_twenty_times_the_time() -> None:
    """A long run is judged while one waits: nothing in it grows with the square, which would be 64 times."""
    assert judging_s(40_000) < 20 * judging_s(5_000)


def test_objectives_left_out_have_no_verdicts() -> None:
    """A drill without a store does not answer for its turns."""
    objectives: Objectives = dataclasses.replace(plan().objectives, turns=None)
    assert "turns.lost" not in objective_names(objectives)
    assert ev.TurnEnded.kind == "turn.ended"
