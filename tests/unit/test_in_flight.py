"""Callers whose call broke off: back in a call, and how long they heard nothing."""

from __future__ import annotations

import math
from typing import Any

from drill.model import events as ev
from drill.model.plan import InFlightLimits
from drill.model.verdicts import Status, Verdict
from histories import Entries, Entry, call, outage, plan, turn, verdicts, without, zone_loss, zone_plan

PASS, UNKNOWN, FAIL = Status.PASS, Status.UNKNOWN, Status.FAIL
RESUMED, SILENCE = "in_flight.resumed", "in_flight.silence"


def judged(entries: Entries, limits: InFlightLimits | None = None, **changes: Any) -> dict[str, Verdict]:
    """All verdicts."""
    return verdicts(entries, zone_plan(in_flight=limits or InFlightLimits(0.9, 10.0, 20.0), **changes))


def gave_up(name: str, at_s: float) -> Entry:
    """A caller who dials no more."""
    return "load", at_s, ev.CallerGaveUp(name, 1, "")


def hit(name: str, back_s: float | None, good_s: float | None) -> Entries:
    """One more caller who is cut off at 26.17, with the last answer over at 25.0."""
    entries = [*call(name, 5.0, 26.17, "dropped"), *turn(name, 1, 23.9, 0.6)]
    if back_s is None:
        return [*entries, gave_up(name, 40.0)]
    again = ev.CallStarted(f"{name}.2", f"synthetic-{name}", 0, ok=True, detail="", redial_of=name, attempt=2)
    entries += [("load", back_s, again), ("load", 96.5, ev.CallEnded(f"{name}.2", "cut", ""))]
    return entries + (turn(f"{name}.2", 1, good_s - 0.6, 0.6) if good_s is not None else [])


def test_the_reference_callers_come_back() -> None:
    """All seven."""
    found = judged(zone_loss())
    assert (found[RESUMED].status, found[SILENCE].status) == (PASS, PASS)
    assert found[RESUMED].measured == "100.0 %"


def test_slow_redials_fail_the_share() -> None:
    """Back after 12 s, and 10 s is the limit."""
    assert judged(zone_loss(patience_s=12.0))[RESUMED].status is FAIL


def test_callers_who_gave_up_are_not_back_and_hear_nothing_without_end() -> None:
    """One of eight is more than one in ten and more than the p95 forgives."""
    found = judged([*zone_loss(), *hit("x", None, None)])
    assert (found[RESUMED].status, found[SILENCE].status) == (FAIL, FAIL)
    assert "1 gave up" in found[RESUMED].sentence
    assert found[SILENCE].measured == "no answer"


def test_silence_is_from_the_last_answer_to_the_first_good_one() -> None:
    """From 25.0 s to 60.0 s, though the call was back at 28 s."""
    found = judged([*zone_loss(), *hit("x", 28.0, 60.0)])
    assert (found[RESUMED].status, found[SILENCE].status) == (PASS, FAIL)
    assert found[SILENCE].measured == "35.0 s"
    assert (
        judged([*zone_loss(), *hit("x", 28.0, 60.0)], InFlightLimits(0.9, 10.0, 35.5))[SILENCE].status is PASS
    )


def test_a_good_answer_that_the_evidence_does_not_reach_is_unknown() -> None:
    """Back at 94 s, cut at the end: nobody can say when it would have come, if the limit is long."""
    patient = InFlightLimits(0.5, 80.0, 75.0)
    assert judged([*zone_loss(), *hit("x", 94.0, None)], patient)[SILENCE].status is UNKNOWN
    assert judged([*zone_loss(), *hit("x", 94.0, None)])[SILENCE].status is FAIL


def test_a_share_that_the_evidence_leaves_open_is_unknown() -> None:
    """The seven never come back within the evidence, and the limit is longer than that."""
    waiting = without(
        zone_loss(), lambda e: isinstance(e, ev.CallStarted) and e.attempt > 1 and e.call != "c00.2"
    )
    assert judged(waiting, InFlightLimits(0.9, math.inf, 20.0))[RESUMED].status is UNKNOWN
    assert judged(waiting)[RESUMED].status is FAIL


def flaps(name: str, times: int) -> Entries:
    """One more caller who is cut off at 26.17, then taken and dropped so many times, and gives up."""
    entries, before = hit(name, None, None)[:-1], name
    for attempt in range(2, times + 2):
        again = f"{name}.{attempt}"
        entries += call(again, 25.0 + attempt, 25.1 + attempt, "dropped", before, attempt)
        before = again
    return [*entries, gave_up(before, 40.0)]


def test_a_caller_who_is_taken_and_dropped_again_is_one_who_is_not_back() -> None:
    """Six breaks, of which five were followed by a call that was taken."""
    found = judged([*zone_loss(), *flaps("x", 5)])
    assert (found[RESUMED].status, found[RESUMED].measured) == (FAIL, "87.5 %")
    assert "7 of 8 callers" in found[RESUMED].sentence
    assert "1 gave up" in found[RESUMED].sentence
    assert found[SILENCE].status is FAIL


def test_a_caller_is_back_when_the_call_holds() -> None:
    """Taken and dropped at 27 s, and taken for good at 30 s: within 10 s, not within 3 s."""
    again = [
        *hit("x", None, None)[:-1],
        *call("x.2", 27.0, 27.1, "dropped", "x", 2),
        *call("x.3", 30.0, 96.5, "cut", "x.2", 3),
        *turn("x.3", 1, 33.0),
    ]
    assert "8 of 8 callers" in judged([*zone_loss(), *again])[RESUMED].sentence
    short = judged([*zone_loss(), *again], InFlightLimits(0.9, 3.0, 20.0))[RESUMED]
    assert "7 of 8 callers" in short.sentence


def test_a_call_in_which_nothing_is_answered_is_not_being_back() -> None:
    """It is up to the end, and the caller asks in vain."""
    mute = [*hit("x", 28.0, None), *turn("x.2", 1, 33.0, None, ended_s=96.5)]
    assert "7 of 8 callers" in judged([*zone_loss(), *mute])[RESUMED].sentence


def test_nobody_hit_is_unknown() -> None:
    """It was not tried."""
    found = verdicts(outage(), plan(in_flight=InFlightLimits(0.9, 10.0, 20.0)))
    assert (found[RESUMED].status, found[SILENCE].status) == (UNKNOWN, UNKNOWN)
    assert "not tried" in found[RESUMED].sentence


def test_a_call_dropped_after_the_revert_is_not_the_faults() -> None:
    """calls.dropped has it."""
    found = judged([*zone_loss(), *call("y", 5.0, 80.0, "dropped"), gave_up("y", 81.0)])
    assert found[RESUMED].status is PASS
