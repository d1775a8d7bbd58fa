"""What callers heard, held against what they may hear."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from drill.judge import headline, judge, objective_names
from drill.model import events as ev
from drill.model.plan import HeardLimits, Plan, VoiceLimits, to_json
from drill.model.verdicts import Status, Verdict
from drill.objectives import heard_samples
from drill.objectives.heard_windows import BASELINE, FAULT, RECOVERED, begun_in, ended_in, mostly_in, windows
from drill.plan import plan_from_json
from histories import (
    APPLIED_S,
    CLEAN,
    HURT,
    REVERTED_S,
    UNWIND_S,
    Entries,
    Sound,
    call,
    changed,
    heard,
    outage,
    plan,
    streams,
    timeline,
    turn,
    verdicts,
    voice_plan,
    voice_run,
    without,
)

PASS, UNKNOWN, FAIL = Status.PASS, Status.UNKNOWN, Status.FAIL
NAMES = (
    "voice.greeting", "voice.turns", "voice.barge_in", "voice.missed", "voice.gaps", "voice.talk_over",
    "voice.setup", "voice.drops", "voice.jitter", "voice.late", "voice.mos",
)  # fmt: skip
# One way of sounding bad for each verdict: beyond CLEAN, within HURT; then beyond both.
HEARD = (
    ("voice.greeting", {"greeting_ms": 2000.0}, {"greeting_ms": 4000.0}),
    ("voice.turns", {"waited_s": 1.9}, {"waited_s": 3.3}),
    ("voice.barge_in", {"barge_ms": 900.0}, {"barge_ms": 2500.0}),
    ("voice.gaps", {"gap_ms": 600.0}, {"gap_ms": 1500.0}),
    ("voice.talk_over", {"talk_over_ms": 700.0}, {"talk_over_ms": 2000.0}),
    ("voice.jitter", {"jitter_ms": 60.0}, {"jitter_ms": 200.0}),
    ("voice.late", {"late_share": 0.05}, {"late_share": 0.3}),
    ("voice.mos", {"mark_ms": 600.0, "waited_s": 0.7}, {"mark_ms": 800.0, "waited_s": 0.95}),
)


def judged(entries: Entries, the_plan: Plan | None = None) -> dict[str, Verdict]:
    """Only what is said of the voice."""
    found = verdicts(entries, the_plan or voice_plan())
    return {name: v for name, v in found.items() if name.startswith("voice.")}


def only(**limits: Any) -> Plan:
    """A plan with these limits while all is well, and none in the fault."""
    return voice_plan(voice=VoiceLimits(HeardLimits(**limits), HeardLimits()))


def sounding(**changes: Any) -> Sound:
    """The reference sound but for this."""
    return dataclasses.replace(Sound(), **changes)


def test_the_reference_passes_all() -> None:
    """Eleven verdicts, each with its numbers of three windows and the events that prove it."""
    found = judged(voice_run())
    assert tuple(found) == NAMES
    for name, verdict in found.items():
        assert verdict.status is PASS, verdict
        assert verdict.because, name
        for phase in (BASELINE, FAULT, RECOVERED):
            assert f"{phase} " in verdict.sentence, name
            assert f"{phase} " in verdict.measured, name
        assert "in the fault" in verdict.limit, name


@pytest.mark.parametrize(("name", "worse", "_"), HEARD)
def test_the_fault_has_limits_of_its_own(name: str, worse: dict[str, Any], _: dict[str, Any]) -> None:
    """What callers may not hear on a good day is allowed while the fault holds."""
    found = judged(voice_run(fault=sounding(**worse)))
    assert found[name].status is PASS, found[name]


@pytest.mark.parametrize(("name", "_", "bad"), HEARD)
def test_what_is_beyond_the_limit_of_the_fault_fails(
    name: str, _: dict[str, Any], bad: dict[str, Any]
) -> None:
    """And nothing else does."""
    found = judged(voice_run(fault=sounding(**bad)))
    also = ["voice.mos"] if name == "voice.late" else []  # the estimate knows what is late
    assert [v.objective for v in found.values() if v.status is FAIL] == [name, *also]
    assert found[name].because


@pytest.mark.parametrize("when", ["clean", "after"])
@pytest.mark.parametrize(("name", "worse", "_"), HEARD)
def test_what_is_beyond_the_clean_limit_fails_before_the_fault_and_after_it(
    when: str, name: str, worse: dict[str, Any], _: dict[str, Any]
) -> None:
    """Each window for itself: a good baseline does not make up for a bad recovery, nor the other way."""
    sounds = {"clean": Sound(), "after": Sound()} | {when: sounding(**worse)}
    assert judged(voice_run(**sounds))[name].status is FAIL


def test_a_drill_of_voices_that_holds_is_headed_by_what_callers_waited() -> None:
    """Not by the number of its objectives."""
    held = judge(voice_plan(), streams(voice_run()))
    assert "PASS: Turn latency: baseline p50" in headline(voice_plan(), [v for v in held if v.status is PASS])


def test_a_window_without_a_limit_is_told_and_not_judged() -> None:
    """Only the clean limit was asked for; the fault's figure is there all the same."""
    found = judged(voice_run(fault=sounding(greeting_ms=9000.0)), only(greeting_p95_s=1.0))
    assert list(found) == ["voice.greeting"]
    greeting = found["voice.greeting"]
    assert greeting.status is PASS
    assert "fault p95 9.00 s of" in greeting.sentence
    assert "fault" not in greeting.measured
    assert greeting.limit == "p95 1.00 s"


def test_only_the_fault_may_be_judged() -> None:
    """The other way round."""
    asked = voice_plan(voice=VoiceLimits(HeardLimits(), HeardLimits(greeting_p95_s=3.0)))
    found = judged(voice_run(clean=sounding(greeting_ms=9000.0)), asked)
    assert [(v.objective, v.status, v.limit) for v in found.values()] == [
        ("voice.greeting", PASS, "in the fault p95 3.00 s")
    ]


def test_what_nobody_asked_about_has_no_verdict() -> None:
    """Neither in a drill of other things nor for a key that is not there."""
    assert not judged(outage(), plan())
    assert [n for n in objective_names(only(mos_min=4.0).objectives) if n.startswith("voice")] == [
        "voice.mos"
    ]


def test_names_are_known_before_the_run() -> None:
    """Collected by pytest, then judged: the same names in the same order."""
    the_plan = voice_plan()
    names = objective_names(the_plan.objectives)
    assert names == tuple(v.objective for v in judge(the_plan, streams(voice_run())))


def test_a_plan_with_limits_on_voice_is_read_back() -> None:
    """None and number alike."""
    the_plan = only(greeting_p95_s=1.0)
    assert plan_from_json(to_json(the_plan)) == the_plan


def test_nothing_told_of_what_calls_sounded_like_is_unknown() -> None:
    """A load that writes no CallHeard proves no good sound: not by its gaps of 0, nor by its silence."""
    found = judged(without(voice_run(), lambda e: isinstance(e, ev.CallHeard)))
    known = {"voice.turns", "voice.missed", "voice.setup", "voice.drops"}
    assert {name for name, v in found.items() if v.status is PASS} == known
    assert {v.status for name, v in found.items() if name not in known} == {UNKNOWN}


def test_dead_air_is_no_good_sound() -> None:
    """Nothing late, a fine transport: of calls in which the agent was never heard."""
    found = judged(voice_run(fault=sounding(greeting_ms=-1.0, waited_s=None, outcome="abandoned")))
    for name in ("voice.late", "voice.mos"):
        assert found[name].status is UNKNOWN, found[name]
        assert "of the 20 that it takes" in found[name].sentence
    for name in ("voice.greeting", "voice.turns", "voice.missed", "voice.drops"):
        assert found[name].status is FAIL, found[name]
    assert "fault p95 no answer" in found["voice.greeting"].sentence


def test_too_few_calls_are_unknown() -> None:
    """Ten greetings in the baseline; the window that has enough is told."""
    early = {f"v{n:03d}" for n in range(20, 45)}
    few = without(voice_run(), lambda e: isinstance(e, ev.CallHeard) and e.call in early)
    found = judged(few)["voice.greeting"]
    assert found.status is UNKNOWN
    assert "baseline has only" in found.sentence
    assert "recovered p95 400 ms" in found.sentence


def test_a_failure_is_said_though_another_window_is_unknown() -> None:
    """FAIL beats UNKNOWN."""
    nothing_after = [e for e in voice_run(fault=sounding(greeting_ms=9000.0)) if e[1] < REVERTED_S + 1
                     or not isinstance(e[2], ev.CallHeard)]  # fmt: skip
    found = judged(nothing_after)["voice.greeting"]
    assert found.status is FAIL
    assert "recovered has only 0 calls" in found.sentence


def test_without_a_fault_what_is_asked_of_it_is_unknown() -> None:
    """Nothing bit, so nobody heard anything in the fault, or after it."""
    found = judged([e for e in voice_run() if e[0] != "faults"])
    assert {v.status for v in found.values()} == {UNKNOWN}
    assert "fault was not reached; recovered was not reached" in found["voice.greeting"].sentence


def test_the_turns_limit_holds_for_median_and_p95() -> None:
    """A p50 beyond its limit fails though the p95 holds."""
    found = judged(voice_run(), only(turn_p50_s=0.5, turn_p95_s=2.0))["voice.turns"]
    assert (found.status, found.limit) == (FAIL, "p50 500 ms and p95 2.00 s")
    assert "baseline p50 600 ms, p95 600 ms of" in found.sentence


def test_turns_never_answered_are_a_share() -> None:
    """20 of some 100 in the fault."""
    mute = [e for n in range(40) for e in turn(f"v{100 + n % 20}", 50 + n, 45.0, None, ended_s=58.0)]
    found = judged([*voice_run(), *mute])["voice.missed"]
    assert found.status is FAIL
    assert "baseline 0.0 % of" in found.sentence
    assert found.because


def test_turns_open_when_the_fault_came_were_missed_in_the_fault() -> None:
    """Asked up to a second before it; what was answered by then is nobody's."""
    mute = [e for n in range(20) for e in turn(f"v{40 + n:03d}", 50 + n, 25.1 + n / 20, None, ended_s=40.0)]
    (before,), (during,) = (
        re.findall(rf"{phase} ([\d.]+) % of", judged([*voice_run(), *mute])["voice.missed"].sentence)
        for phase in ("baseline", "fault")
    )
    assert float(before) == 0 < float(during)


def test_refused_calls_were_not_set_up() -> None:
    """Also those that dial again count: each attempt for itself."""
    found = judged(voice_run(fault=sounding(outcome="refused")))
    assert found["voice.setup"].status is FAIL
    assert found["voice.drops"].status is not FAIL


def test_calls_that_break_off_between_request_and_read_back_are_the_faults() -> None:
    """A fault bites before it is said to be applied."""
    broken = [e for n in range(12) for e in call(f"x{n}", 15.0, APPLIED_S - 0.05, "dropped")]
    found = judged([*voice_run(), *broken])["voice.drops"]
    assert "baseline 0.0 % of" in found.sentence
    assert "fault 10.7 %" in found.sentence
    assert found.status is FAIL


def test_a_call_that_broke_off_before_callers_were_well_is_the_faults() -> None:
    """After the revert, while nobody is answered yet: no window is without an owner."""
    late = [e for n in range(20) for e in turn(f"v{120 + n}", 70, REVERTED_S - 1.0, 9.0)]
    run = [*voice_run(), *late, *(e for n in range(30) for e in call(f"x{n}", 40.0, 60.0, "dropped"))]
    line = timeline(run, voice_plan())
    _, fault, recovered = windows(voice_plan(), line)
    assert fault.span
    assert recovered.span
    assert fault.span.end_s == recovered.span.start_s > 60.0
    assert judged(run)["voice.drops"].status is FAIL


def test_a_greeting_not_due_when_the_call_ended_says_nothing() -> None:
    """Cut by the end of the run, or hung up by a caller in a hurry, before the limit was over."""
    entries = voice_run()
    for n in range(12):
        entries += call(f"x{n}", UNWIND_S - 0.5, UNWIND_S + 0.5, "cut")
        entries.append(heard(f"x{n}", UNWIND_S + 0.5, sounding(greeting_ms=-1.0)))
    assert judged(entries)["voice.greeting"].status is PASS


def test_the_transport_is_told_as_an_estimate() -> None:
    """In every sentence, measure and limit; and an agent who thinks long changes nothing."""
    run = voice_run(clean=sounding(waited_s=0.9), fault=sounding(mark_ms=600.0, waited_s=2.9))
    found = judged(run)["voice.mos"]
    assert found.status is PASS
    assert "fault p5 3.96 (estimated), medium of" in found.sentence
    assert "baseline p5 4.41 (estimated), best of" in found.sentence
    assert "estimated" in found.limit
    assert found.limit.startswith("p5 at least 4.00 (estimated), in the fault")
    unknown = judged(voice_run(sounding(mark_ms=-1.0), sounding(mark_ms=-1.0)))["voice.mos"]
    assert unknown.status is UNKNOWN
    assert "Estimated" in unknown.sentence


def test_a_round_trip_that_holds_the_agents_time_is_none() -> None:
    """An agent that answers no mark is heard of again with its next answer: that is no transport."""
    late = sounding(mark_ms=2600.0)
    line = timeline(voice_run(late), voice_plan())
    assert {h.round_trip_s for h in line.heard if h.end_s < APPLIED_S} == {None}
    mos = judged(voice_run(late, late))["voice.mos"]
    assert mos.status is UNKNOWN
    assert "has only 0 known round trips (38 more not known), of the 20 that it takes" in mos.sentence
    same = timeline(voice_run(sounding(mark_ms=600.0)), voice_plan())
    assert same.heard[0].round_trip_s is None
    mute = timeline(voice_run(sounding(waited_s=None)), voice_plan())
    assert mute.heard[0].round_trip_s is None


def test_pings_tell_the_round_trip_whatever_marks_say() -> None:
    """They hold nobody's thinking: an agent that answers no mark has a transport all the same."""
    late = sounding(mark_ms=2600.0, ping_ms=600.0)
    line = timeline(voice_run(late), voice_plan())
    assert {heard.round_trip_s for heard in line.heard if heard.end_s < APPLIED_S} == {0.6}
    assert judged(voice_run(late, late))["voice.mos"].measured.startswith("baseline p5 3.96 (estimated)")


def test_calls_belong_to_the_window_of_which_they_can_tell() -> None:
    """Over before the fault, begun after it, or mostly within."""
    line = timeline(voice_run(), voice_plan())
    baseline, fault, recovered = windows(voice_plan(), line)
    assert {h.end_s < APPLIED_S for h in mostly_in(line, baseline)} == {True}
    assert {h.start_s >= REVERTED_S for h in ended_in(line, recovered)} == {True}
    assert mostly_in(line, recovered) == begun_in(line, recovered)
    inside = mostly_in(line, fault)
    assert min(h.start_s for h in inside) == pytest.approx(21.4, abs=0.5)
    assert max(h.start_s for h in inside) == pytest.approx(51.2, abs=0.5)
    assert {APPLIED_S - 0.2 <= h.end_s < REVERTED_S for h in ended_in(line, fault)} == {True}


def test_a_call_through_the_whole_fault_belongs_to_it() -> None:
    """However long it lasted before and after."""
    run = [*voice_run(), *call("long", 2.0, 95.0), heard("long", 95.0)]
    line = timeline(run, voice_plan())
    fault = windows(voice_plan(), line)[1]
    assert "long" in {h.call for h in mostly_in(line, fault)}


def test_talk_over_is_a_share_of_time_not_of_calls() -> None:
    """One long call weighs as much as its length."""
    line = timeline([*call("a", 12.0, 13.0), *call("b", 12.0, 21.0),
                     heard("a", 13.0, sounding(talk_over_ms=500.0)),
                     heard("b", 21.0, sounding(talk_over_ms=0.0)), *voice_run()], voice_plan())  # fmt: skip
    baseline = windows(voice_plan(), line)[0]
    found = {s.id: s for s in heard_samples.talk_over(line, baseline)}
    assert min((s.value, s.weight) for s in found.values()) == (0.0, 9.0)
    assert max((s.value, s.weight) for s in found.values()) == (0.5, 1.0)


def test_what_is_told_of_a_call_that_nobody_began_is_left_out() -> None:
    """It has no place in time; told twice it counts once."""
    run = [*voice_run(), heard("ghost", 20.0), heard("v000", 11.5, sounding(greeting_ms=9.0))]
    line = timeline(run, voice_plan())
    assert "ghost" not in {h.call for h in line.heard}
    first = next(h for h in line.heard if h.call == "v000")
    assert first.greeting_s == 0.4
    assert len({h.call for h in line.heard}) == len(line.heard)


def test_what_never_was_is_none_in_the_timeline() -> None:
    """Below zero stands for it in the journal."""
    line = timeline(voice_run(sounding(greeting_ms=-1.0, mark_ms=-1.0)), voice_plan())
    assert line.heard[0].greeting_s is None
    assert line.heard[0].round_trip_s is None
    first, second = (t for t in line.turns if t.call == "v010")
    assert (first.barge_stop_s, second.barge_stop_s, second.longest_gap_s) == (None, 0.2, 0.02)


def test_older_journals_have_nobody_interrupted_and_no_gaps() -> None:
    """The fields are optional in the event and in the turn."""
    line = timeline(outage())
    assert {(t.barge_stop_s, t.longest_gap_s) for t in line.turns} == {(None, 0.0)}
    assert line.heard == ()


def test_the_limits_of_the_reference_are_no_stricter_in_the_fault() -> None:
    """As the drill file's own check has it."""
    for name in HeardLimits.__slots__:
        loose = getattr(HURT, name) <= getattr(CLEAN, name)
        assert loose is name.endswith("_min"), name


def test_a_sound_that_is_no_number_is_no_pass() -> None:
    """Whatever wrote it."""
    broken = changed(voice_run(), lambda _, e: dataclasses.replace(e, jitter_ms=float("nan"))
                     if isinstance(e, ev.CallHeard) else e)  # fmt: skip
    assert judged(broken)["voice.jitter"].status is not PASS


def hit_calls(entries: Entries, share: int, **changes: Any) -> Entries:
    """Of every so many calls one sounds otherwise."""
    return changed(
        entries,
        lambda _, e: (
            dataclasses.replace(e, **changes)
            if isinstance(e, ev.CallHeard) and int(e.call[1:]) % share == 0
            else e
        ),
    )


def test_calls_whose_round_trip_should_be_known_and_is_not_are_no_good_ones() -> None:
    """One in five fell out: the fifth percentile of all may be anything; of one in fifty it may not."""
    found = judged(hit_calls(voice_run(), 5, mark_ms=-1.0))["voice.mos"]
    assert found.status is UNKNOWN
    assert "more not known" in found.sentence
    assert judged(hit_calls(voice_run(), 50, mark_ms=-1.0))["voice.mos"].status is PASS


@pytest.mark.parametrize("name", ["voice.jitter", "voice.late", "voice.mos"])
def test_calls_that_were_never_heard_are_no_good_ones(name: str) -> None:
    """One in five was mute, so there is nothing of it to measure."""
    found = judged(hit_calls(voice_run(), 5, greeting_ms=-1.0))[name]
    assert found.status is UNKNOWN
    assert "more not known" in found.sentence


def test_a_limit_that_is_broken_by_what_is_known_fails_all_the_same() -> None:
    """Whatever the others were."""
    late = hit_calls(voice_run(fault=sounding(late_share=0.3)), 5, greeting_ms=-1.0)
    assert judged(late)["voice.late"].status is FAIL


def test_a_call_in_which_nothing_was_asked_has_no_round_trip_to_be_known() -> None:
    """A ping goes out with a question."""
    few = {f"v{number:03d}" for number in range(0, 300, 5)}
    entries = hit_calls(voice_run(), 5, mark_ms=-1.0)
    entries = without(entries, lambda e: isinstance(e, ev.TurnInvoked | ev.TurnEnded) and e.call in few)
    found = judged(entries)["voice.mos"]
    assert found.status is PASS
    assert "not known" not in found.sentence
