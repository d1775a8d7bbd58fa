"""Time to recover: from the fault, to the start of the good window, as callers felt it."""

from __future__ import annotations

import dataclasses

import pytest

from drill.change_point import Answer, change_interval
from drill.model import events as ev
from drill.model.plan import RecoveryLimits
from drill.model.verdicts import Status
from drill.objectives.recovery import dialled, measure
from drill.recovery_estimate import Recovery, estimate
from drill.timeline import Away, Step
from histories import (
    APPLIED_S,
    UNWIND_S,
    call,
    ns,
    outage,
    plan,
    refused,
    timeline,
    turn,
    verdicts,
    without,
    zone_loss,
    zone_plan,
)

LIMITS = RecoveryLimits(1.5, 0.10, 0.05, 30.0, 20.0, 200.0)


def felt(*changes: tuple[float, int], end_s: float = 100.0, up: int = 100) -> Recovery:
    """An estimate on a share given as (second after the fault, calls in breach)."""
    steps = [Step(0.0, up, 0), *(Step(10.0 + at_s, up, breached) for at_s, breached in changes)]
    return estimate(steps, [], 10.0, 10.0 + end_s, LIMITS)


def test_recovery_is_the_start_of_the_good_window() -> None:
    """Not its end: 8 s, although the proof takes 30 s more."""
    assert felt((2.0, 90), (8.0, 0)).recovered_s == 8.0


def test_detection_is_the_start_of_the_first_suffering_that_lasts_a_second() -> None:
    """A blink of half a second is not it."""
    assert felt((1.0, 50), (1.5, 0), (3.0, 50), (9.0, 0)).detected_s == 3.0


def test_between_the_two_limits_callers_are_not_yet_well() -> None:
    """Hysteresis: above 10 % it begins, and only at 5 % it ends."""
    assert felt((2.0, 50), (6.0, 8), (12.0, 5)).recovered_s == 12.0


def test_a_false_recovery_does_not_count() -> None:
    """Well for 20 s is not well for 30 s; the second suffering is a relapse."""
    found = felt((2.0, 50), (5.0, 0), (25.0, 50), (30.0, 0))
    assert (found.recovered_s, found.flaps, found.sustained) == (30.0, 1, True)


def test_a_relapse_after_a_long_good_window_moves_recovery_behind_it() -> None:
    """Well for 40 s, then not: they had not recovered."""
    found = felt((2.0, 50), (5.0, 0), (45.0, 50), (50.0, 0))
    assert (found.recovered_s, found.flaps) == (50.0, 1)


def test_a_small_blip_after_the_good_window_is_not_a_relapse() -> None:
    """Above 5 % for a moment, never above 10 %: nobody would call that an outage."""
    assert felt((2.0, 50), (5.0, 0), (45.0, 8), (46.0, 0)).recovered_s == 5.0


def test_a_moment_without_calls_is_not_a_good_one() -> None:
    """Nobody to ask from 10 s to 12 s: the window begins after it."""
    steps = [Step(0.0, 100, 0), Step(12.0, 100, 50), Step(15.0, 100, 0), Step(20.0, 0, 0), Step(22.0, 100, 0)]
    assert estimate(steps, [], 10.0, 110.0, LIMITS).recovered_s == 12.0


def test_the_area_is_counted_in_call_seconds() -> None:
    """50 calls for 6 s."""
    assert felt((2.0, 50), (8.0, 0)).breached_call_s == pytest.approx(300.0)


def test_the_interval_holds_the_change_and_narrows_with_more_answers() -> None:
    """Late until 20 s, then in time."""

    def width(per_s: int) -> float:
        answers = [Answer(n / per_s, late=n / per_s < 20) for n in range(60 * per_s)]
        found = change_interval(answers, 0.0, 60.0)
        assert found is not None
        low_s, high_s = found
        assert low_s <= 20.0 <= high_s
        return high_s - low_s

    assert width(10) < width(1) <= 5.0


def test_where_nothing_was_late_there_is_no_interval() -> None:
    """Nothing says when it stopped; all the time there is would be no 95 % of anything."""
    assert change_interval([], 3.0, 9.0) is None
    assert change_interval([Answer(4.0, late=False), Answer(5.0, late=False)], 3.0, 9.0) is None


def test_a_caller_who_was_cut_off_says_when_the_platform_failed_them_and_when_it_took_them_again() -> None:
    """The pause between the two is the caller's own; who was never taken again says only the first."""
    back = Away(10.0, 13.0, call="a", back="b", ending="back", attempts=2, id="load:1", failed_s=11.5)
    gone = Away(10.0, 40.0, call="c", back="", ending="gave_up", attempts=6, id="load:2", failed_s=38.0)
    assert list(dialled([back, gone], 90.0)) == [
        Answer(11.5, late=True), Answer(13.0, late=False), Answer(38.0, late=True),
    ]  # fmt: skip


@pytest.mark.parametrize(("refusals", "failed_s"), [([], 40.0), ([41.0, 42.0], 42.05)])
def test_the_platform_failed_a_caller_last_when_it_broke_off_or_refused(
    refusals: list[float], failed_s: float
) -> None:
    """Not when the caller was back: until then they only paused."""
    names = ["x", *(f"x.{n}" for n, _ in enumerate(refusals, start=2))]
    tried = [
        refused(f"x.{n}", at_s, before, n)
        for n, (at_s, before) in enumerate(zip(refusals, names, strict=False), start=2)
    ]
    again = call("back", 44.0, UNWIND_S + 0.5, "cut", names[-1], len(names) + 1)
    found = timeline([*outage(), *call("x", 5.0, 40.0, "dropped"), *tried, *again])
    ((start_s, last_s, end_s),) = [(a.start_s, a.failed_s, a.end_s) for a in found.away]
    assert (start_s, last_s, end_s) == pytest.approx((40.0, failed_s, 44.0))


def test_callers_who_were_cut_off_narrow_the_interval_where_no_answer_is_late() -> None:
    """A zone is killed: its seven callers are cut off at once, and everybody else is answered in time."""
    loss = zone_loss(patience_s=1.4)
    found = measure(timeline(loss, zone_plan()), dataclasses.replace(LIMITS, turn_slo_s=60.0))
    assert found is not None
    assert found.low_s is not None
    assert found.high_s is not None
    assert found.low_s <= found.recovered_s <= found.high_s < found.recovered_s + 3.0


def test_the_reference_outage_recovers_in_time() -> None:
    """4.2 s after the fault, said in the sentence with its interval and with who noticed when."""
    found = verdicts(outage())["recovery.time_to_recover"]
    assert (found.status, found.measured) == (Status.PASS, "4.20 s")
    assert "95 % interval" in found.sentence
    assert "first breaker open after 1.80 s" in found.sentence


def test_too_slow_is_a_fail() -> None:
    """The same run against a limit of 3 s."""
    limits = RecoveryLimits(1.5, 0.10, 0.05, 30.0, 3.0, 200.0)
    assert verdicts(outage(), plan(recovery=limits))["recovery.time_to_recover"].status is Status.FAIL


def test_an_interval_that_reaches_beyond_the_limit_is_no_proof() -> None:
    """Well again after 4.2 s, but single callers were answered late for some seconds more."""
    stray = [e for n in range(4) for e in turn(f"c{n:02d}", 900 + n, 30.5 + n, 2.0)]
    limits = RecoveryLimits(1.5, 0.10, 0.05, 30.0, 4.5, 200.0)
    assert verdicts(outage(), plan(recovery=limits))["recovery.time_to_recover"].status is Status.PASS
    found = verdicts([*outage(), *stray], plan(recovery=limits))["recovery.time_to_recover"]
    assert (found.status, found.measured) == (Status.UNKNOWN, "4.20 s")
    assert found.sentence.endswith("The interval reaches beyond the limit.")


def test_never_is_a_fail() -> None:
    """Every call waits from 30 s on for an answer that never comes."""
    forever = [e for number in range(20) for e in turn(f"c{number:02d}", 999, 30.0, None, ended_s=96.4)]
    found = verdicts([*outage(), *forever])["recovery.time_to_recover"]
    assert found.status is Status.FAIL
    assert "still not well" in found.sentence


def test_saying_sorry_at_once_for_ever_is_not_being_well() -> None:
    """Every call hears a sound after 0.6 s, and after 15 s gives up on what it asked."""
    sorry = [
        e
        for number in range(20)
        for n in range(4)
        for e in turn(f"c{number:02d}", 900 + n, 30.0 + 16 * n, 0.6, "chat", "unanswered", 45.0 + 16 * n)
    ]
    assert verdicts([*outage(), *sorry])["recovery.time_to_recover"].status is Status.FAIL


def test_too_little_evidence_afterwards_is_unknown() -> None:
    """The load died 10 s after callers were well again."""
    short = [e for e in outage() if e[0] != "load" or e[1] < 40.0]
    assert verdicts(short)["recovery.time_to_recover"].status is Status.UNKNOWN


def test_too_few_calls_are_unknown() -> None:
    """Two callers are no share of callers."""
    few = without(outage(), lambda e: getattr(e, "call", "c00") not in ("c00", "c01"))
    found = verdicts(few)
    assert {found[n].status for n in found if n.startswith("recovery.")} == {Status.UNKNOWN}


def test_no_fault_is_unknown() -> None:
    """Nothing to recover from."""
    sham = verdicts([e for e in outage() if e[0] != "faults"])
    assert sham["recovery.time_to_recover"].status is Status.UNKNOWN


def _unfelt() -> list[tuple[str, float, ev.Event]]:
    late = {
        (e.call, e.seq)
        for _, _, e in outage()
        if isinstance(e, ev.TurnEnded) and e.first_audio_ns - e.eos_ns > 1e9
    }
    return [
        e
        for e in outage()
        if not (isinstance(e[2], ev.TurnEnded | ev.TurnInvoked) and (e[2].call, e[2].seq) in late)
    ]


def test_callers_who_never_felt_it_are_a_pass_when_the_witness_did() -> None:
    """TTR 0, since somebody saw the fault."""
    found = verdicts(_unfelt())["recovery.time_to_recover"]
    assert (found.status, found.measured) == (Status.PASS, "0 ms")


def test_nobody_left_in_a_call_is_not_nobody_who_felt_it() -> None:
    """All are hung up on as the fault bites, nobody dials again, and others come 14.5 s later."""
    entries = without(_unfelt(), lambda e: isinstance(e, ev.CallStarted | ev.CallEnded))
    entries = without(entries, lambda e: 26.5 < (getattr(e, "eos_ns", 0) - ns(0.0)) / 1e9 < 41.5)
    for number in range(20):
        entries += call(f"c{number:02d}", 1.5, 26.5, "dropped")
        entries += call(f"d{number:02d}", 41.0, UNWIND_S + 0.5, "cut")
    found = verdicts(entries)["recovery.time_to_recover"]
    assert found.status is Status.UNKNOWN
    assert "14.5 s nobody was in a call" in found.sentence


def test_callers_who_never_felt_it_are_unknown_when_nobody_saw_the_fault() -> None:
    """Perhaps there was no fault at all."""
    blind = [e for e in _unfelt() if not isinstance(e[2], ev.WitnessSample)]
    assert verdicts(blind)["recovery.time_to_recover"].status is Status.UNKNOWN


def test_breached_call_seconds_have_a_limit() -> None:
    """12 call-seconds against 5."""
    limits = RecoveryLimits(1.5, 0.10, 0.05, 30.0, 20.0, 5.0)
    found = verdicts(outage(), plan(recovery=limits))["recovery.breached_call_seconds"]
    assert (found.status, found.measured) == (Status.FAIL, "12.0 call-seconds")


def test_recovery_counts_from_the_fault_not_from_the_alarm() -> None:
    """The clock starts when the fault is applied."""
    found = measure(timeline(outage()), LIMITS)
    assert found is not None
    assert found.recovered_s == pytest.approx(30.4 - APPLIED_S, abs=0.2)
