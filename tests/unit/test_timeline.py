"""From events to a timeline: what is joined, what is censored, what is counted."""

from __future__ import annotations

from drill.model import events as ev
from drill.timeline import Span
from histories import (
    APPLIED_S,
    END_S,
    REVERTED_S,
    UNWIND_S,
    applied,
    breaker_at,
    call,
    invoked,
    ns,
    outage,
    requested,
    reverted,
    sampled,
    timeline,
    turn,
    without,
)


def test_times_count_from_the_start_of_the_run_and_t0_is_the_fault() -> None:
    """Zero is `run.started`; t0 is the moment the fault was applied."""
    seen = timeline(outage())
    assert (seen.start_ns, seen.t0_s, seen.end_s) == (ns(0.0), APPLIED_S, END_S)
    assert seen.fault == Span(APPLIED_S, REVERTED_S)


def test_without_a_fault_t0_is_the_start_of_the_run() -> None:
    """A sham run has no fault window."""
    seen = timeline([entry for entry in outage() if entry[0] != "faults"])
    assert (seen.t0_s, seen.fault, seen.applied_s) == (0.0, None, None)


def test_utc_of_the_start_comes_from_the_clock_anchor() -> None:
    """The first anchor ties monotonic time to UTC."""
    assert timeline(outage()).start_utc_ns == 1_790_000_000_000_000_000
    assert timeline(without(outage(), lambda e: isinstance(e, ev.ClockAnchor))).start_utc_ns == 0


def test_an_answered_turn_is_in_breach_from_slo_to_first_audio() -> None:
    """[end of speech + SLO, first audio]."""
    seen = timeline([*call("x", 1.0, 30.0), *turn("x", 1, 5.0, waited_s=4.0)])
    assert [(b.start_s, b.end_s) for b in seen.breaches] == [(6.5 - 1.0, 9.0 - 1.0)]


def test_an_unanswered_turn_is_in_breach_until_its_call_ends() -> None:
    """Nobody answered, so the wait lasts to the hang-up."""
    seen = timeline([*call("x", 0.0, 30.0), *turn("x", 1, 5.0, waited_s=None)])
    assert [(b.start_s, b.end_s) for b in seen.breaches] == [(6.5, 30.0)]


def test_a_turn_whose_end_was_never_written_is_censored_not_forgotten() -> None:
    """Only `turn.invoked`: in breach until the evidence ends."""
    seen = timeline([*call("x", 0.0), invoked("x", 1, 5.0), *call("y", 0.0, 20.0)])
    assert seen.turns[0].outcome == "open"
    assert [(b.start_s, b.end_s) for b in seen.breaches] == [(6.5, 20.0)]


def test_two_late_turns_of_one_call_are_one_breach() -> None:
    """A call is in breach or not; barge-in does not make it two callers."""
    seen = timeline([*call("x", 0.0, 30.0), *turn("x", 1, 5.0, 5.0), *turn("x", 2, 6.0, 6.0)])
    assert [(b.start_s, b.end_s) for b in seen.breaches] == [(6.5, 12.0)]
    assert max(step.breached for step in seen.steps) == 1


def test_steps_tell_calls_up_and_calls_in_breach() -> None:
    """One step per change, the last one empty."""
    seen = timeline([*call("x", 0.0, 30.0), *call("y", 2.0, 20.0), *turn("x", 1, 5.0, 4.0)])
    assert [(s.t_s, s.up, s.breached) for s in seen.steps] == [
        (0.0, 1, 0), (2.0, 2, 0), (6.5, 2, 1), (9.0, 2, 0), (20.0, 1, 0), (30.0, 0, 0),
    ]  # fmt: skip


def test_evidence_ends_where_the_unwinding_begins() -> None:
    """After that the harness itself ends the calls."""
    assert timeline(outage()).evidence == Span(11.0, UNWIND_S)


def test_evidence_ends_with_the_last_word_of_a_load_that_died() -> None:
    """No seal, no words: nobody was asked any more."""
    dead = [e for e in outage() if e[0] != "load" or e[1] < 40.0]
    whole = timeline(dead)
    assert 39.0 < whole.evidence.end_s <= 40.0


def test_a_refused_call_was_never_up() -> None:
    """It is a call, and no live one."""
    refused = ("load", 1.0, ev.CallStarted("x", "p", ns(1.0), ok=False, detail="503"))
    seen = timeline([*call("y", 0.0, 5.0), refused])
    assert seen.calls[1].outcome == "refused"
    assert max(step.up for step in seen.steps) == 1


def test_counted_transitions_tell_what_happened_between_two_samples() -> None:
    """open > half_open > closed within one sampling interval, in the order of the law."""
    path = timeline(outage()).breaker("a")
    assert path.counted
    assert [(t.from_state, t.to_state) for t in path.transitions][-2:] == [
        ("open", "half_open"), ("half_open", "closed"),
    ]  # fmt: skip


def test_without_a_counter_transitions_are_what_the_samples_show() -> None:
    """Then half-open can be missed, and the path says that it was not counted."""
    bare = [("probes", t, _uncounted(t)) for t in (20.0, 28.2, 60.4)]
    path = timeline(bare).breaker("a")
    assert not path.counted
    assert [(t.from_state, t.to_state) for t in path.transitions] == [("closed", "open"), ("open", "closed")]


def _uncounted(t_s: float) -> ev.BreakerSample:
    return sampled("a", breaker_at("a", t_s).state)


def test_a_counter_that_falls_was_born_again() -> None:
    """A restarted agent counts from zero; what it counts since then is new."""
    first = sampled("a", "closed", moves='{"closed>open": 7}')
    second = sampled("a", "open", moves='{"closed>open": 1}')
    path = timeline([("probes", 1.0, first), ("probes", 1.2, second)]).breaker("a")
    assert len(path.transitions) == 1


def test_a_silent_zone_is_a_gap() -> None:
    """From 30 s to 40 s nothing readable from zone b."""

    def silent(entry: tuple[str, float, ev.Event]) -> bool:
        return isinstance(entry[2], ev.BreakerSample) and entry[2].zone == "b" and 30 < entry[1] < 40

    seen = timeline([entry for entry in outage() if not silent(entry)])
    assert [(g.source, g.zone) for g in seen.gaps] == [("breaker", "b")]
    assert seen.silent("breaker", "b", Span(35.0, 36.0))
    assert not seen.silent("breaker", "a", Span(35.0, 36.0))


def test_a_zone_that_never_spoke_is_one_long_gap() -> None:
    """Silence does not need a sample before and after it."""
    seen = timeline(without(outage(), lambda e: isinstance(e, ev.WitnessSample) and e.zone == "c"))
    assert [(g.source, g.zone, g.start_s, g.end_s) for g in seen.gaps] == [("witness", "c", 11.0, UNWIND_S)]


def test_outstanding_faults_come_last_first() -> None:
    """Unwinding goes backwards."""
    open_two = [requested("f1", 10.0), applied("f1", 11.0), requested("f2", 12.0), applied("f2", 13.0)]
    assert [f.fault_id for f in timeline(open_two).outstanding()] == ["f2", "f1"]
    assert [f.fault_id for f in timeline([*open_two, reverted("f2", 14.0)]).outstanding()] == ["f1"]


def test_nothing_at_all_folds_too() -> None:
    """An empty journal is a timeline without anything in it."""
    seen = timeline([])
    assert (seen.calls, seen.turns, seen.steps, seen.evidence) == ((), (), (), Span(0.0, 0.0))
