"""What callers had to bear."""

from __future__ import annotations

import math

import pytest

from drill.model import events as ev
from drill.model.plan import CallLimits
from drill.model.verdicts import Status
from drill.objectives.calls import phase_turns
from drill.objectives.percentile import percentile
from histories import Entries, call, changed, ns, outage, patient_of, plan, timeline, turn, verdicts, without

PASS, UNKNOWN, FAIL = Status.PASS, Status.UNKNOWN, Status.FAIL


def more(
    from_s: float, waited_s: float | None, intent: str = "chat", outcome: str = "full",
    ended_s: float | None = None,
) -> Entries:  # fmt: skip
    """The reference outage and twenty more turns, one per call."""
    return [
        *outage(),
        *(
            e
            for n in range(20)
            for e in turn(f"c{n:02d}", 800, from_s + n / 10, waited_s, intent, outcome, ended_s)
        ),
    ]


def test_the_reference_outage_passes_all() -> None:
    """Degraded, but nobody dropped, left alone or mixed up."""
    found = verdicts(outage())
    assert {v.status for name, v in found.items() if name.startswith("calls.")} == {PASS}


def test_a_hang_up_by_the_platform_is_a_dropped_call() -> None:
    """One is more than none."""
    found = verdicts([*outage(), *call("x", 20.0, 40.0, "dropped")])["calls.dropped"]
    assert (found.status, found.measured) == (FAIL, "1 call")


def test_a_refused_call_is_a_dropped_call() -> None:
    """The caller was not even let in."""
    refused = ev.CallStarted("x", patient_of("x"), ns(40.0), ok=False, detail="503")
    assert verdicts([*outage(), ("load", 40.0, refused)])["calls.dropped"].status is FAIL


def test_drops_within_the_limit_pass() -> None:
    """A drill may allow some."""
    limits = CallLimits(1, 1.5, 1.5, 0.99)
    found = verdicts([*outage(), *call("x", 20.0, 40.0, "dropped")], plan(calls=limits))
    assert found["calls.dropped"].status is PASS


def test_turns_never_answered_count_against_the_share() -> None:
    """20 of 424."""
    found = verdicts(more(40.0, None))["calls.answered"]
    assert (found.status, found.measured) == (FAIL, "95.3 %")


def test_a_turn_not_yet_due_when_the_run_ended_says_nothing() -> None:
    """Asked half a second before the calls were cut."""
    late = [e for n in range(20) for e in turn(f"c{n:02d}", 999, 95.5, None, ended_s=96.5)]
    assert verdicts([*outage(), *late])["calls.answered"].measured == "100.0 %"


def test_a_turn_overdue_when_the_run_ended_was_not_answered() -> None:
    """Asked eight seconds before the calls were cut."""
    late = [e for n in range(20) for e in turn(f"c{n:02d}", 999, 88.0, None, ended_s=96.5)]
    assert verdicts([*outage(), *late])["calls.answered"].status is FAIL


def test_a_sound_that_led_to_nothing_is_no_answer() -> None:
    """Twenty turns are told at once that it did not work, and never acknowledged."""
    found = verdicts(more(40.0, 0.6, outcome="unanswered", ended_s=57.0))["calls.answered"]
    assert (found.status, found.measured) == (FAIL, "95.3 %")
    assert "20 never" in found.sentence


def test_an_answer_that_its_caller_spoke_into_is_left_aside() -> None:
    """What it would have become nobody knows."""
    into = [e for n in range(20) for e in turn(f"c{n:02d}", 801, 44.0 + n / 10, barge_ms=200.0)]
    found = verdicts([*more(40.0, 0.6, outcome="unanswered", ended_s=57.0), *into])["calls.answered"]
    assert (found.status, found.measured) == (PASS, "100.0 %")


def test_an_answer_that_the_end_of_the_run_cut_off_is_left_aside() -> None:
    """It had begun in time."""
    late = [e for n in range(20) for e in turn(f"c{n:02d}", 999, 92.0, 0.6, "chat", "unanswered", 96.5)]
    found = verdicts([*outage(), *late])["calls.answered"]
    assert (found.status, found.measured) == (PASS, "100.0 %")


def test_somebody_elses_record_is_no_answer() -> None:
    """The limit is for what was answered in full or degraded."""
    found = verdicts(more(40.0, 0.6, "lookup", "wrong_patient"))["calls.answered"]
    assert found.status is FAIL
    assert "20 with somebody else's record" in found.sentence


def test_too_few_turns_are_unknown() -> None:
    """A p95 of a handful is one caller's luck."""
    few = verdicts(without(outage(), lambda e: getattr(e, "seq", 0) > 1))
    for name in ("calls.latency", "calls.no_cascade", "calls.right_patient"):
        assert few[name].status is UNKNOWN, name


def test_slow_turns_after_recovery_fail() -> None:
    """p95 of the recovered phase is held against the limit."""
    slow = [e for n in range(20) for e in turn(f"c{n:02d}", 800, 80.0 + n / 2, 1.9)]
    found = verdicts([*outage(), *slow])["calls.latency"]
    assert found.status is FAIL
    assert "recovered: p50 600 ms, p95 1.90 s" in found.sentence


def test_slow_turns_during_the_fault_are_recoverys_to_judge() -> None:
    """They are told in the sentence and do not fail the latency."""
    assert verdicts(more(40.0, 1.9))["calls.latency"].status is PASS


def test_turns_open_when_the_fault_came_are_the_faults() -> None:
    """Twenty were asked 0.4 to 1.4 s before it, and nobody answered them: no word against the baseline."""
    asked = [e for n in range(20) for e in turn(f"c{n:02d}", 800, 24.8 + n / 20, None)]
    found = verdicts([*outage(), *asked])["calls.latency"]
    assert found.status is PASS
    assert "baseline: p50 600 ms, p95 600 ms" in found.sentence
    assert "fault: p50 600 ms, p95 no answer" in found.sentence


def test_turns_overdue_when_the_fault_came_are_the_baselines() -> None:
    """Twenty were asked two to three seconds before it: an answer was due by then."""
    asked = [e for n in range(20) for e in turn(f"c{n:02d}", 800, 23.1 + n / 20, None)]
    found = verdicts([*outage(), *asked])["calls.latency"]
    assert found.status is FAIL
    assert "baseline: p50 600 ms, p95 no answer" in found.sentence


def test_quick_answers_shortly_before_the_fault_flatter_nobody() -> None:
    """Their slow neighbours would be the fault's: they count neither before it nor in it."""
    quick = [e for n in range(20) for e in turn(f"c{n:02d}", 800, 25.0 + n / 50, 0.1)]
    turns = phase_turns(plan(), timeline([*outage(), *quick]))
    assert {t.seq for t in (*turns["baseline"], *turns["fault"])}.isdisjoint({800})


def test_chat_that_waits_for_the_ehr_is_a_cascade() -> None:
    """Turns that need no EHR, slow while it was away."""
    assert verdicts(more(40.0, 3.0))["calls.no_cascade"].status is FAIL


def test_one_wrong_patient_is_a_fail() -> None:
    """However fast the answer was."""
    wrong = turn("c00", 800, 40.0, 0.6, "lookup", "wrong_patient")
    found = verdicts([*outage(), *wrong])["calls.right_patient"]
    assert (found.status, found.measured) == (FAIL, "1 turn")
    assert found.because


def test_records_never_used_prove_nothing_about_patients() -> None:
    """All answers degraded: no record was told to anybody."""

    def degrade(_: float, event: ev.Event) -> ev.Event:
        if isinstance(event, ev.TurnEnded):
            import dataclasses

            return dataclasses.replace(event, outcome="degraded")
        return event

    assert verdicts(changed(outage(), degrade))["calls.right_patient"].status is UNKNOWN


@pytest.mark.parametrize(("share", "value"), [(0.5, 2.0), (0.75, 3.0), (0.95, math.inf), (1.0, math.inf)])
def test_percentiles_take_the_nearest_rank(share: float, value: float) -> None:
    """An answer that never came is the slowest of all."""
    assert percentile([3.0, 1.0, math.inf, 2.0], share) == value


def test_keys_need_no_ehr() -> None:
    """A pressed key is a turn, and none that waits for the EHR."""
    found = verdicts(more(40.0, 3.0, intent="dtmf"))
    assert found["calls.no_cascade"].status is FAIL
    assert found["breaker.failed_fast"].status is PASS
