"""The harness judges itself: every way in which a run cannot vouch for itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from drill.journal import Stream
from drill.judge import judge
from drill.model import events as ev
from drill.model.verdicts import Status, Verdict
from histories import (
    APPLIED_S,
    END_S,
    REVERTED_S,
    Entries,
    anchor,
    applied,
    call,
    changed,
    control,
    outage,
    plan,
    requested,
    streams,
    turn,
    verdicts,
    without,
)

PASS, UNKNOWN, FAIL = Status.PASS, Status.UNKNOWN, Status.FAIL


def with_streams(change: Callable[[tuple[Stream, ...]], tuple[Stream, ...]]) -> dict[str, Verdict]:
    """Verdicts on the reference outage read from other streams."""
    return {v.objective: v for v in judge(plan(), change(streams(outage())))}


def test_the_reference_outage_vouches_for_itself() -> None:
    """All integrity objectives PASS."""
    found = verdicts(outage())
    assert {n for n, v in found.items() if n.startswith("integrity.") and v.status is not PASS} == set()


def test_a_torn_stream_is_unknown_and_the_rest_is_still_judged() -> None:
    """Its writer died; what is before the damage counts."""

    def tear(all_: tuple[Stream, ...]) -> tuple[Stream, ...]:
        return tuple(
            dataclasses.replace(s, fault="x.jsonl:9: torn") if s.name == "probes" else s for s in all_
        )

    found = with_streams(tear)
    assert found["integrity.streams"].status is UNKNOWN
    assert found["breaker.opened"].status is PASS


def test_an_edited_stream_is_a_fail() -> None:
    """Somebody changed a line."""

    def edit(all_: tuple[Stream, ...]) -> tuple[Stream, ...]:
        return tuple(
            dataclasses.replace(s, fault="x.jsonl:9: changed", changed=s.name == "load") for s in all_
        )

    assert with_streams(edit)["integrity.streams"].status is FAIL


@pytest.mark.parametrize("name", ["control", "faults", "load", "probes"])
def test_a_missing_stream_is_unknown(name: str) -> None:
    """Not there is not well."""
    found = with_streams(lambda all_: tuple(s for s in all_ if s.name != name))
    assert found["integrity.streams"].status is UNKNOWN


def test_streams_of_two_runs_are_a_fail() -> None:
    """Evidence put together."""

    def mix(all_: tuple[Stream, ...]) -> tuple[Stream, ...]:
        head = dataclasses.replace(all_[0].events[0], event=ev.StreamOpened(all_[0].name, "another", 1))
        return (dataclasses.replace(all_[0], events=(head, *all_[0].events[1:])), *all_[1:])

    assert with_streams(mix)["integrity.streams"].status is FAIL


def test_another_plan_is_a_fail() -> None:
    """A limit was moved afterwards."""
    moved = plan(turns=dataclasses.replace(plan().objectives.turns, lost_max=5))
    assert verdicts(outage(), moved)["integrity.plan"].status is FAIL


def test_a_run_without_a_beginning_has_no_plan() -> None:
    """Nothing says what was run."""
    found = verdicts(without(outage(), lambda e: isinstance(e, ev.RunStarted)))
    assert found["integrity.plan"].status is UNKNOWN


def test_a_guard_that_said_no_is_unknown_when_nothing_was_touched() -> None:
    """A refused run."""
    refused = ev.GuardChecked("disk", ok=False, detail="full")
    entries = [("control", 0.4, refused), *(e for e in outage() if e[0] != "faults")]
    assert verdicts(entries)["integrity.guards"].status is UNKNOWN


def test_a_guard_that_said_no_before_a_fault_is_a_fail() -> None:
    """Somebody did it anyway."""
    refused = ev.GuardChecked("disk", ok=False, detail="full")
    assert verdicts([("control", 0.4, refused), *outage()])["integrity.guards"].status is FAIL


def test_no_guards_are_unknown() -> None:
    """Nobody asked."""
    found = verdicts(without(outage(), lambda e: isinstance(e, ev.GuardChecked)))
    assert found["integrity.guards"].status is UNKNOWN


@pytest.mark.parametrize(
    "spoiled",
    [
        pytest.param(lambda: [*outage(), *call("x", 12.0, 20.0, "dropped")], id="a dropped call"),
        pytest.param(
            lambda: [*outage(), *(e for n in range(9) for e in turn(f"c{n:02d}", 700, 12.0, 9.0))],
            id="breach",
        ),
        pytest.param(lambda: without(outage(), lambda e: getattr(e, "seq", 9) < 5), id="too few turns"),
        pytest.param(
            lambda: without(outage(), lambda e: getattr(e, "phase", "") == "baseline"), id="no baseline"
        ),
        pytest.param(lambda: changed(outage(), _open_early), id="breaker not closed"),
    ],
)
def test_a_baseline_that_was_not_met_is_unknown(spoiled: Callable[[], Entries]) -> None:
    """Nobody knows what the fault changed."""
    assert verdicts(spoiled())["integrity.baseline"].status is UNKNOWN


def _open_early(at_s: float, event: ev.Event) -> ev.Event:
    return (
        dataclasses.replace(event, state="open")
        if isinstance(event, ev.BreakerSample) and at_s < 20
        else event
    )


def test_a_sham_run_is_unknown_for_its_fault_and_its_witness() -> None:
    """Everything but the fault; nothing is left behind."""
    the_plan = plan(sham=True)
    sham = [
        e for e in outage() if e[0] not in ("faults", "control") and not isinstance(e[2], ev.WitnessSample)
    ]
    sham += [*control(the_plan), ("faults", 26.0, ev.ExperimentEnded("completed", deviated=False, detail=""))]
    found = verdicts(sham, the_plan)
    assert [found[f"integrity.{n}"].status for n in ("fault", "witness", "reverted")] == [
        UNKNOWN,
        UNKNOWN,
        PASS,
    ]


def test_a_fault_that_raised_is_unknown() -> None:
    """It was asked for and did not come."""
    raised = [e for e in outage() if e[0] != "faults"]
    raised += [requested(), ("faults", 26.3, ev.FaultFailed("f1", "no such proxy"))]
    found = verdicts(raised)
    assert found["integrity.fault"].status is UNKNOWN
    assert "no such proxy" in found["integrity.fault"].sentence
    assert found["integrity.reverted"].status is UNKNOWN


def test_one_of_two_faults_missing_is_unknown() -> None:
    """All that was asked for, or it is another drill."""
    assert verdicts([*outage(), requested("f2", 26.15)])["integrity.fault"].status is UNKNOWN


def test_a_fault_left_behind_is_a_fail() -> None:
    """Applied, never reverted."""
    found = verdicts(without(outage(), lambda e: isinstance(e, ev.FaultReverted)))
    assert found["integrity.reverted"].status is FAIL


def test_a_revert_that_failed_is_a_fail_and_says_why() -> None:
    """The platform did not take it back."""
    stuck = without(outage(), lambda e: isinstance(e, ev.FaultReverted))
    stuck.append(("faults", REVERTED_S, ev.FaultRevertFailed("f1", "500 from the proxy", "toolkit")))
    found = verdicts(stuck)["integrity.reverted"]
    assert found.status is FAIL
    assert "500 from the proxy" in found.sentence


def test_without_a_word_about_faults_nothing_was_proven_reverted() -> None:
    """Not a sham, and no fault stream."""
    assert verdicts([e for e in outage() if e[0] != "faults"])["integrity.reverted"].status is UNKNOWN


def witness(zone: str, outcome: str, from_s: float, to_s: float) -> Entries:
    """The reference outage with a zone's witness seeing something else for a while."""

    def change(at_s: float, event: ev.Event) -> ev.Event:
        mine = isinstance(event, ev.WitnessSample) and event.zone == zone and from_s <= at_s < to_s
        return ev.WitnessSample(zone, outcome, 5.0, "") if mine else event

    return changed(outage(), change)


@pytest.mark.parametrize(
    ("outcome", "from_s", "to_s"),
    [
        ("ok", APPLIED_S, REVERTED_S),
        ("reset", APPLIED_S, REVERTED_S),
        ("timeout", 11.0, 26.0),
        ("timeout", 57.0, 96.0),
    ],
)
def test_a_witness_that_saw_something_else_is_unknown(outcome: str, from_s: float, to_s: float) -> None:
    """Not seen while it held, another fault, not well before, or not gone afterwards."""
    assert verdicts(witness("b", outcome, from_s, to_s))["integrity.witness"].status is UNKNOWN


def test_a_silent_witness_is_unknown() -> None:
    """A zone without a single request."""
    found = verdicts(without(outage(), lambda e: isinstance(e, ev.WitnessSample) and e.zone == "c"))
    assert found["integrity.witness"].status is UNKNOWN
    assert "zone c" in found["integrity.witness"].sentence


def test_a_truncated_answer_is_a_reset_seen_late() -> None:
    """The connection was cut after the first bytes."""

    def cut(at_s: float, event: ev.Event) -> ev.Event:
        if isinstance(event, ev.FaultRequested):
            return dataclasses.replace(event, witness="reset")
        during = isinstance(event, ev.WitnessSample) and event.outcome == "timeout"
        return dataclasses.replace(event, outcome="truncated" if at_s < 40 else "reset") if during else event

    assert verdicts(changed(outage(), cut))["integrity.witness"].status is PASS


def load_says(from_s: float, **values: float) -> Entries:
    """The reference outage with another word of the load about itself, from a second on."""
    return changed(
        outage(),
        lambda t, e: dataclasses.replace(e, **values) if isinstance(e, ev.LoadSample) and t >= from_s else e,
    )


def test_what_the_host_took_is_told_and_excuses_nothing() -> None:
    """Beside a load that kept its time, and beside one that did not."""
    told = "The host of the load's machine took 30.0 % of its processors meanwhile."
    assert "host" not in verdicts(load_says(0.0, stolen_share=0.04))["integrity.load"].sentence
    well = verdicts(load_says(0.0, stolen_share=0.3))["integrity.load"]
    late = verdicts(load_says(0.0, stolen_share=0.3, late_frames=40))["integrity.load"]
    assert (well.status, late.status) == (PASS, UNKNOWN)
    assert well.sentence.endswith(told)
    assert late.sentence.endswith(told)


@pytest.mark.parametrize(
    "spoiled",
    [
        pytest.param(lambda: load_says(50.0, late_frames=40), id="late"),
        pytest.param(lambda: load_says(50.0, cpu_share=0.97), id="busy"),
        pytest.param(
            lambda: [e for e in outage() if not (isinstance(e[2], ev.LoadSample) and 40 < e[1] < 45)],
            id="gap",
        ),
        pytest.param(lambda: without(outage(), lambda e: isinstance(e, ev.LoadSample)), id="silent"),
        pytest.param(lambda: without(outage(), lambda e: getattr(e, "call", "") > "c12"), id="too few calls"),
    ],
)
def test_a_load_that_was_not_what_was_planned_is_unknown(spoiled: Callable[[], Entries]) -> None:
    """Late, busy, silent, dead or thin."""
    assert verdicts(spoiled())["integrity.load"].status is UNKNOWN


def test_a_late_second_now_and_then_is_the_machines() -> None:
    """A whole tenth of the frames of two seconds, far below 1 % of all."""
    assert verdicts(load_says(95.0, late_frames=100))["integrity.load"].status is PASS


@pytest.mark.parametrize(
    "spoiled",
    [
        pytest.param(
            lambda: without(outage(), lambda e: isinstance(e, ev.ChildEnded) and e.child == "load"),
            id="no end",
        ),
        pytest.param(
            lambda: without(outage(), lambda e: isinstance(e, ev.ChildStarted | ev.ChildEnded)), id="nobody"
        ),
        pytest.param(
            lambda: changed(
                outage(),
                lambda _, e: (
                    dataclasses.replace(e, expected=False, returncode=-9)
                    if isinstance(e, ev.ChildEnded)
                    else e
                ),
            ),
            id="killed",
        ),
    ],
)
def test_helpers_that_did_not_last_are_unknown(spoiled: Callable[[], Entries]) -> None:
    """A helper died, or nobody knows."""
    assert verdicts(spoiled())["integrity.children"].status is UNKNOWN


def test_a_clock_that_jumped_is_unknown() -> None:
    """60 ms between two readings."""
    assert (
        verdicts([*outage(), ("control", 50.0, anchor(50.0, 60_000_000))])["integrity.clock"].status
        is UNKNOWN
    )


def test_an_aborted_run_is_unknown_and_says_why() -> None:
    """What was seen until then is judged, but the run as a whole is not."""
    found = verdicts([*outage(), ("control", 60.0, ev.Aborted("stopped by SIGINT"))])["integrity.ended"]
    assert found.status is UNKNOWN
    assert "SIGINT" in found.sentence


def test_a_run_without_an_end_is_unknown() -> None:
    """The conductor died."""
    cut = [e for e in outage() if not (e[0] == "control" and e[1] == END_S)]
    assert verdicts(cut)["integrity.ended"].status is UNKNOWN


def test_two_faults_are_seen_from_the_later_one_on() -> None:
    """One fault per link: the window in which all of them held."""
    two = [
        *outage(),
        requested("f2", 26.3),
        applied("f2", 28.5),
        ("faults", 56.0, ev.FaultReverted("f2", "{}", "toolkit")),
    ]
    assert verdicts(two)["integrity.witness"].status is PASS


@pytest.mark.parametrize(("seen", "status"), [(0, UNKNOWN), (2, UNKNOWN), (3, PASS)])
def test_a_fault_beside_another_has_to_be_seen_as_itself(seen: int, status: Status) -> None:
    """What one of two did is no proof of the other."""
    own = [("probes", 40.0 + n, ev.WitnessSample("a", "http_5xx", 5.0, "")) for n in range(seen)]
    end = ("faults", 56.0, ev.FaultReverted("f2", "{}", "toolkit"))
    found = verdicts([*outage(), requested("f2", 26.3, "http_5xx"), applied("f2", 28.5), end, *own])
    assert found["integrity.witness"].status is status


def test_a_turn_that_is_ended_twice_is_a_contradiction() -> None:
    """Whichever line is right."""
    again = [e for e in outage() if isinstance(e[2], ev.TurnEnded)][:1]
    found = verdicts([*outage(), *again])["integrity.streams"]
    assert (found.status, found.measured) == (UNKNOWN, "1 turn")
    assert "contradicts itself" in found.sentence


def test_a_guard_that_answered_after_the_fault_was_asked_for_is_unknown() -> None:
    """It guarded nothing."""
    late = [(s, 70.0 if isinstance(e, ev.GuardChecked) else t, e) for s, t, e in outage()]
    found = verdicts(late)["integrity.guards"]
    assert found.status is UNKNOWN
    assert found.sentence == "1 guard answered up to 43.9 s after the first fault was asked for."


def test_a_helper_that_ended_with_a_code_of_failure_is_unknown_though_it_was_asked_to() -> None:
    """A generator that fails while it quits was not a whole generator."""

    def failing(_at_s: float, event: ev.Event) -> ev.Event:
        load = isinstance(event, ev.ChildEnded) and event.child == "load"
        return dataclasses.replace(event, returncode=4) if load else event

    found = verdicts(changed(outage(), failing))["integrity.children"]
    assert found.status is UNKNOWN
    assert found.sentence == "Helper processes did not last: load ended with code 4."


@pytest.mark.parametrize("name", ["reaper", "load", "probes", "toolkit"])
def test_a_helper_that_the_record_does_not_name_is_unknown(name: str) -> None:
    """No drill can be without it."""
    found = verdicts(without(outage(), lambda e: getattr(e, "child", "") == name))["integrity.children"]
    assert found.status is UNKNOWN
    assert found.sentence == f"The record names no {name} process."


def test_a_fault_without_a_reaper_that_stood_by_is_unknown() -> None:
    """Nobody would have undone it."""
    found = verdicts(without(outage(), lambda e: isinstance(e, ev.LeaseOpened)))["integrity.children"]
    assert found.status is UNKNOWN
    assert "nothing tells that a reaper stood by" in found.sentence


def test_a_witness_that_was_silent_for_nearly_all_of_the_fault_is_unknown() -> None:
    """Three requests right after the settling do not speak for half a minute."""
    silent = [e for e in outage() if not (isinstance(e[2], ev.WitnessSample) and 29.0 <= e[1] < REVERTED_S)]
    found = verdicts(silent)["integrity.witness"]
    assert (found.status, "zone a was not asked for 27.7 s" in found.sentence) == (UNKNOWN, True)
