"""From events to a timeline: what is joined, what is censored, what is counted."""

from __future__ import annotations

import dataclasses

import pytest

import histories
from drill.journal import Stream, merge
from drill.model import events as ev
from drill.model.recording import Merged, Recording
from drill.timeline import Span, Timeline, fold
from histories import (
    APPLIED_S,
    END_S,
    REVERTED_S,
    UNWIND_S,
    applied,
    breaker_at,
    call,
    edge,
    gave_up,
    invoked,
    ns,
    outage,
    refused,
    requested,
    reverted,
    sampled,
    timeline,
    turn,
    without,
    zone_loss,
    zone_plan,
)


def as_read(stream: Stream) -> Stream:
    """As a reader of a journal gives it: by columns."""
    events = Recording(stream.name)
    for recorded in stream.events:
        events.append(recorded.t_ns, recorded.event)
    return dataclasses.replace(stream, events=events)


@pytest.mark.parametrize("history", ["outage", "zone_loss", "voice_run"])
def test_a_timeline_is_the_same_by_columns_as_by_events(history: str) -> None:
    """A run that was read back is folded by columns, any other list of events one by one."""
    found = histories.streams(getattr(histories, history)())
    columns, listed = merge(map(as_read, found)), merge(found)
    assert isinstance(columns, Merged) and not isinstance(listed, Merged)
    assert fold(columns, histories.plan()) == fold(listed, histories.plan())


def test_what_is_found_once_is_found_anew_in_another_timeline() -> None:
    """A timeline that was changed does not answer with what was true of the one before."""
    asked: list[int] = []

    def turns(line: Timeline, times: int) -> int:
        asked.append(times)
        return len(line.turns) * times

    seen = timeline(outage())
    assert [seen.once(turns, 2), seen.once(turns, 2), seen.once(turns, 3)] == [2 * len(seen.turns)] * 2 + [
        3 * len(seen.turns)
    ]
    assert asked == [2, 3]
    assert dataclasses.replace(seen, turns=()).once(turns, 2) == 0
    assert seen == timeline(outage())


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


def waits(*parts: list[tuple[str, float, ev.Event]]) -> list[tuple[str, float, float, str, int]]:
    """Who was away from when to when, and how it ended, in a run from 0 s to 100 s."""
    other = call("other", 0.0, 100.0)
    seen = timeline([*other, *(entry for part in parts for entry in part)])
    return [(a.call, round(a.start_s, 3), round(a.end_s, 3), a.ending, a.attempts) for a in seen.away]


def test_a_dropped_caller_is_away_until_the_redial_is_answered() -> None:
    """Over every refused attempt in between; the chain is one wait."""
    found = waits(
        call("x", 1.0, 10.0, "dropped"),
        [refused("x.2", 12.0, "x", 2), refused("x.3", 15.0, "x.2", 3)],
        call("x.4", 18.0, 90.0, "completed", "x.3", 4),
    )
    assert found == [("x", 10.0, 18.0, "back", 3)]


def test_a_caller_who_hangs_up_on_silence_is_away_from_then_on() -> None:
    """Until the call ended its unanswered turn was in breach; nothing is counted twice."""
    talk = [
        *turn("x", 1, 5.0, None),
        *call("x", 1.0, 10.0, "abandoned"),
        *call("x.2", 13.0, 90.0, "completed", "x", 2),
    ]
    assert waits(talk) == [("x", 10.0, 13.0, "back", 1)]
    seen = timeline([*talk, *call("other", 0.0, 100.0)])
    assert [(s.t_s, s.up, s.breached) for s in seen.steps if 5 < s.t_s <= 13] == [
        (6.5, 2, 1), (10.0, 2, 1), (13.0, 2, 0),
    ]  # fmt: skip
    assert not seen.turns[0].undecided(1.5)


def test_a_silence_ended_by_the_caller_is_no_undecided_turn() -> None:
    """The caller's hang-up is an end like any other, however soon it came."""
    seen = timeline([*call("x", 0.0, 5.5, "abandoned"), *turn("x", 1, 5.0, None)])
    assert not seen.turns[0].undecided(1.5)


def test_a_refused_first_attempt_is_a_wait_from_its_intended_time() -> None:
    """That the refusal took a while is part of the wait."""
    found = waits([refused("x", 10.0, after_s=2.0)], call("x.2", 15.0, 90.0, "completed", "x", 2))
    assert found == [("x", 10.0, 15.0, "back", 1)]


def test_whoever_gives_up_waits_no_longer() -> None:
    """The last attempt may come a while before that."""
    found = waits(call("x", 1.0, 10.0, "dropped"), [refused("x.2", 12.0, "x", 2), gave_up("x.2", 14.0, 2)])
    assert found == [("x", 10.0, 14.0, "gave_up", 1)]


def test_an_attempt_that_hangs_is_a_wait_until_the_evidence_ends() -> None:
    """This load tells of redials, so a caller of whom it tells nothing is still waiting."""
    told = [*call("y", 1.0, 5.0, "dropped"), *call("y.2", 7.0, 90.0, "completed", "y", 2)]
    assert ("x", 80.0, 100.0, "open", 0) in waits(told, call("x", 1.0, 80.0, "dropped"))


def test_a_load_that_knows_no_redial_leaves_nobody_waiting() -> None:
    """Older journals: nothing tells that anybody waited."""
    assert waits(call("x", 1.0, 80.0, "dropped"), [refused("z", 20.0)]) == []


def test_a_return_after_the_evidence_is_none() -> None:
    """What ends after the unwinding began is open."""
    seen = timeline([
        *zone_loss(patience_s=80.0),
    ], zone_plan())  # fmt: skip
    assert {(a.ending, a.end_s) for a in seen.away} == {("open", UNWIND_S)}


def test_a_caller_dropped_twice_is_away_twice() -> None:
    """Each wait has its own beginning; they never overlap a call that is up."""
    found = waits(
        call("x", 1.0, 10.0, "dropped"), call("x.2", 12.0, 30.0, "dropped", "x", 2),
        call("x.3", 34.0, 90.0, "completed", "x.2", 3),
    )  # fmt: skip
    assert found == [("x", 10.0, 12.0, "back", 1), ("x.2", 30.0, 34.0, "back", 1)]


def test_redials_that_name_each_other_do_not_go_round_for_ever() -> None:
    """A journal may hold nonsense; the fold ends all the same."""
    round_ = [refused("p", 10.0, "x", 2), refused("p", 11.0, "p", 3), refused("q", 12.0, "q", 2)]
    assert waits(call("x", 1.0, 9.0, "dropped"), round_) == [("x", 9.0, 100.0, "open", 1)]


def test_an_outage_that_hangs_up_on_everybody_is_felt_by_everybody() -> None:
    """All callers away: as many up as before, all in breach."""
    seen = timeline(
        [
            entry
            for n in range(5)
            for entry in [
                *call(f"c{n}", 0.0, 10.0, "dropped"), *call(f"c{n}.2", 20.0, 60.0, "completed", f"c{n}", 2)
            ]
        ]
    )  # fmt: skip
    assert [(s.t_s, s.up, s.breached) for s in seen.steps] == [
        (0.0, 5, 0),
        (10.0, 5, 5),
        (20.0, 5, 0),
        (60.0, 0, 0),
    ]


def test_the_lost_zone_folds_into_points_by_kind() -> None:
    """Every new kind of sample is there, and the store's order too."""
    seen = timeline(zone_loss(), zone_plan())
    assert {d.way for d in seen.doors} == {"direct", "link", "wal"}
    assert next(d.t_s for d in seen.doors if (d.zone, d.way, d.outcome) == ("a", "direct", "refused")) > 26.0
    assert {e.zone for e in seen.edges if not e.healthy} == {"a"}
    assert {m.zone for m in seen.members if not m.ok} == {"a"}
    assert {m.zone for m in seen.members if m.role == "primary"} == {"a", "b"}
    assert {s.zone_state for s in seen.services} == {"up", "down"}
    assert min(s.position for s in seen.stored) == 1
    assert {(a.call, a.back, a.attempts) for a in seen.away} >= {("c00", "c00.3", 2), ("c03", "c03.2", 1)}
    assert {a.ending for a in seen.away} == {"back"}


def test_a_door_is_timed_by_when_it_was_asked() -> None:
    """And over when its latency has passed."""
    seen = timeline([("probes", 30.0, ev.DoorSample("a", "direct", "timeout", 800.0, ""))])
    assert seen.doors[0].answered_s - seen.doors[0].t_s == 0.8


def test_a_dead_member_is_no_silence_and_an_edge_that_cannot_be_read_is() -> None:
    """The probe of the member spoke; of the edge nothing is known."""
    assert {g.source for g in timeline(zone_loss(), zone_plan()).gaps} == {"breaker"}

    def blind(t_s: float, event: ev.Event) -> ev.Event:
        lost = isinstance(event, ev.EdgeSample) and 30 < t_s < 40
        return edge(event.zone, ok=False) if lost and isinstance(event, ev.EdgeSample) else event

    unread = [(stream, t, blind(t, event)) for stream, t, event in zone_loss()]
    assert timeline(unread, zone_plan()).silent("edge", "b", Span(35.0, 36.0))


def test_sources_that_the_plan_counts_on_are_silent_when_they_never_spoke() -> None:
    """Members by the plan's members; door, edge and services by its objectives; and only then."""
    seen = timeline(outage(), zone_plan())
    sources = {g.source for g in seen.gaps}
    assert sources == {"door.direct", "edge", "member", "service"}
    assert timeline(outage()).gaps == ()


def test_a_way_that_was_watched_is_missed_where_it_stops() -> None:
    """A link nobody asked for any more from 40 s on."""

    def stops(entry: tuple[str, float, ev.Event]) -> bool:
        event = entry[2]
        return isinstance(event, ev.DoorSample) and (event.way, event.zone) == ("link", "c") and entry[1] > 40

    seen = timeline([entry for entry in zone_loss() if not stops(entry)], zone_plan())
    assert seen.silent("door.link", "c", Span(50.0, 51.0))
    assert not seen.silent("door.link", "b", Span(50.0, 51.0))
