"""The load is judged by what was meant at each moment, its callers by when and how scattered they came."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import pytest

from drill.model import events as ev
from drill.model.plan import LoadPlan, Phases, Plan
from drill.model.verdicts import Status, Verdict
from drill.objectives import arrivals, under_load
from drill.report.platform import identity
from drill.traffic import PROFILES, planned
from drill.traffic.schedule import Demand, draw
from histories import (
    APPLIED_S,
    REVERTED_S,
    UNWIND_S,
    Entries,
    call,
    changed,
    drawn,
    ns,
    outage,
    plan,
    timeline,
    voice_plan,
    voice_run,
    without,
)

PASS, UNKNOWN = Status.PASS, Status.UNKNOWN
ZERO_S, RAMP_S = 1.0, 9.0
LATE = 400.0
FEW = 309  # a seed by which 8.5 calls of twelve are up in the baseline


def day(name: str, concurrency: int = 40, mean_s: float = 20.0) -> Plan:
    """A plan whose windows end when the reference run does."""
    load = LoadPlan("p.py", "e" * 64, concurrency, mean_s, name)
    return plan(load=load, phases=Phases(RAMP_S, 15.0, 30.0, UNWIND_S - ZERO_S - RAMP_S - 45.0))


def run(the_plan: Plan, thin: float = 0.0) -> Entries:
    """The reference run under calls drawn for a plan, less a share of them."""
    load, traffic = the_plan.load, planned(the_plan)
    demand = Demand(
        the_plan.seed,
        load.concurrency,
        load.mean_call_s,
        RAMP_S,
        UNWIND_S,
        200,
        load.arrivals,
        traffic.windows_s,
    )
    dice = random.Random(1)
    entries = [e for e in outage() if e[0] != "load"]
    times: list[tuple[float, float]] = []
    for number, each in enumerate(draw(demand).arrivals):
        start_s, end_s = ZERO_S + each.at_s, ZERO_S + each.at_s + each.duration_s
        if start_s < UNWIND_S and (number == 0 or dice.random() >= thin):
            cut = end_s > UNWIND_S + 0.5
            times.append((start_s, min(end_s, UNWIND_S + 0.5)))
            entries += call(f"x{number}", *times[-1], "cut" if cut else "completed")
    for second in range(2, int(UNWIND_S) + 1):
        up = sum(start_s <= second < end_s for start_s, end_s in times)
        entries.append(("load", float(second), ev.LoadSample(up, 1.5, 1.0, 0.2, 1000, 0)))
    return [*entries, drawn(the_plan)]


def judged(entries: Entries, the_plan: Plan) -> Verdict:
    """The verdict on the load."""
    return under_load.load(the_plan, timeline(entries, the_plan))


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("seed", range(8))
def test_a_day_as_it_was_drawn_is_the_load_that_was_meant(name: str, seed: int) -> None:
    """Though a morning begins with a quarter of its calls, and a night ends with a third."""
    the_plan = dataclasses.replace(day(name), seed=seed)
    found = judged(run(the_plan), the_plan)
    assert found.status is PASS, found.sentence
    assert (f"({name})" in found.limit) is (name != "flat")


@pytest.mark.parametrize("name", PROFILES)
def test_half_of_the_calls_missing_is_unknown(name: str) -> None:
    """Of any day."""
    found = judged(run(day(name), thin=0.5), day(name))
    assert found.status is UNKNOWN
    assert "calls were up" in found.sentence


def test_a_morning_is_not_judged_by_its_peak_nor_a_flat_day_by_a_morning() -> None:
    """The same calls under another name are not what was planned."""
    morning = run(day("clinic-morning"))
    assert judged(morning, day("clinic-morning")).status is PASS
    found = judged(morning, day("flat"))
    assert found.status is UNKNOWN
    assert "calls were up in the baseline" in found.sentence


def test_few_calls_by_chance_are_what_was_drawn_and_fewer_are_not() -> None:
    """Of twelve calls of a minute, one schedule in twenty has less than four fifths up in the baseline."""
    of = dataclasses.replace(day("flat", 12, 60.0), seed=FEW)
    whole = judged(run(of), of)
    assert whole.status is PASS, whole.sentence
    found = judged(run(of, thin=0.4), of)
    assert "calls were up in the baseline" in found.sentence


def test_the_reference_load_says_how_its_callers_were_scattered_only_where_there_are_enough() -> None:
    """Its twenty all came in the ramp."""
    assert "gaps" not in judged(outage(), plan()).sentence


def counted(entries: Entries) -> Entries:
    """The generator counts the calls that it holds."""
    starts = {e.call: at_s for _, at_s, e in entries if isinstance(e, ev.CallStarted) and e.ok}
    ends = {e.call: at_s for _, at_s, e in entries if isinstance(e, ev.CallEnded)}

    def told(at_s: float, event: ev.Event) -> ev.Event:
        if not isinstance(event, ev.LoadSample):
            return event
        up = sum(start_s <= at_s < ends[name] for name, start_s in starts.items())
        return dataclasses.replace(event, calls_up=up)

    return changed(entries, told)


def clocked(gap_s: float, batch: int = 1) -> Entries:
    """Short calls at even times, so many at once, all through the run; and the reference run's own."""
    entries = outage()
    for number in range(int(84 / gap_s)):
        for member in range(batch):
            start_s = 11.5 + number * gap_s + member * 0.001
            entries += call(f"k{number}x{member}", start_s, start_s + 0.4)
    return counted(entries)


def scattered(entries: Entries) -> tuple[str, list[str]]:
    """What is told of the gaps."""
    return arrivals.scattered(timeline(entries, plan()))


def test_callers_who_come_like_a_clock_or_in_batches_are_not_by_chance() -> None:
    """Both are off the schedule."""
    told, wrong = scattered(clocked(0.25))
    assert wrong == [f"{told}, where chance gives 1.00 +- 0.07"]
    assert "vary by 0.0" in told
    told, wrong = scattered(clocked(2.0, batch=10))
    assert len(wrong) == 1
    assert "vary by 3." in told or "vary by 2." in told


def test_a_few_gaps_are_told_and_not_judged() -> None:
    """Twenty of them may look like anything."""
    told, wrong = scattered(clocked(2.0))
    assert " gaps between callers vary by " in told
    assert wrong == []
    assert scattered(clocked(12.0)) == ("", [])


def test_callers_by_chance_are_by_chance() -> None:
    """Twenty seeds of an open process, none refused; the sentence of the verdict tells the figure."""
    for seed in range(20):
        the_plan = dataclasses.replace(day("flat", 80, 20.0), seed=seed)
        found = judged(run(the_plan), the_plan)
        assert found.status is PASS, found.sentence
        assert "gaps between callers" in found.sentence


def test_redials_are_no_arrivals() -> None:
    """They come when the platform let go of the callers, all at once."""
    entries = clocked(2.0)
    for number in range(300):
        start_s = 70.0 + number * 0.0001
        entries += call(f"r{number}", start_s, start_s + 0.2, redial_of="c01", attempt=2)
    assert scattered(entries) == scattered(clocked(2.0))


def test_callers_held_back_while_the_fault_is_on_are_the_platforms() -> None:
    """A frozen zone lets go of a hundred at once; neither they nor their lateness are the load's."""
    entries = outage()
    for number in range(200):
        started = ev.CallStarted(f"h{number}", "p", ns(APPLIED_S + number * 0.1), ok=True, detail="")
        entries.append(("load", REVERTED_S + 0.1, started))
        entries.append(("load", REVERTED_S + 9.0, ev.CallEnded(f"h{number}", "completed", "")))
    assert judged(counted(entries), plan()).status is PASS


@pytest.mark.parametrize(("number", "status"), [(1, PASS), (2, UNKNOWN)])
def test_calls_behind_their_time_before_the_fault_are_unknown(number: int, status: Status) -> None:
    """One is the machine's; two of some twenty are more than one in a hundred."""
    entries = outage()
    for each in range(number):
        started = ev.CallStarted(f"b{each}", "p", ns(14.0), ok=True, detail="")
        entries += [
            ("load", 14.3 + each / 10, started),
            ("load", 16.0, ev.CallEnded(f"b{each}", "completed", "")),
        ]
    found = judged(entries, plan())
    assert found.status is status
    assert ("came more than 0.25 s after their time" in found.sentence) is (status is UNKNOWN)


@pytest.mark.parametrize(("until_s", "status"), [(53.0, PASS), (60.0, UNKNOWN)])
def test_a_generator_that_starts_calls_late_is_unknown(until_s: float, status: Status) -> None:
    """By its own word, more than one second in twenty."""

    def tardy(at_s: float, event: ev.Event) -> ev.Event:
        late = isinstance(event, ev.LoadSample) and 50.0 <= at_s < until_s
        return dataclasses.replace(event, arrival_lateness_ms_max=LATE) if late else event

    found = judged(changed(outage(), tardy), plan())
    assert found.status is status
    assert ("started calls more than 0.25 s late" in found.sentence) is (status is UNKNOWN)


def test_a_report_names_the_time_of_day() -> None:
    """And the length of its calls, which a night doubles."""
    the_plan = day("quiet-night")
    facts = {fact.label: fact.value for fact in identity(the_plan, timeline(outage(), the_plan), ())}
    assert facts["Calls planned"] == "40 at once, 40.0 s each on average, at the peak of quiet-night"


def test_no_new_caller_while_the_fault_is_on_is_unknown() -> None:
    """A closed loop waits for its victim, and hides the outage."""
    the_plan = day("flat")
    gone = {
        e.call
        for _, at_s, e in run(the_plan)
        if isinstance(e, ev.CallStarted) and APPLIED_S <= at_s < REVERTED_S
    }
    entries = [e for e in run(the_plan) if getattr(e[2], "call", "") not in gone]
    found = judged(counted(entries), the_plan)
    assert found.status is UNKNOWN
    assert "that the schedule has did not come in the phase 'fault'" in found.sentence


def test_another_schedule_than_the_plans_is_unknown() -> None:
    """By its seed, by its callers, or by its digest."""
    for change, told in (
        ({"seed": 999}, "drawn with seed 999 for 20 calls, and the plan says seed 7 and 20"),
        ({"concurrency": 1}, "drawn with seed 7 for 1 call, and the plan says seed 7 and 20"),
        ({"digest": "f" * 64}, "its schedule ffffffffffff is not the plan's"),
    ):
        found = judged(_drawn_otherwise(change), plan())
        assert found.status is UNKNOWN
        assert told in found.sentence


def _drawn_otherwise(change: dict[str, Any]) -> Entries:
    def told(_at_s: float, event: ev.Event) -> ev.Event:
        return dataclasses.replace(event, **change) if isinstance(event, ev.ScheduleWritten) else event

    return changed(outage(), told)


def test_a_load_that_names_no_schedule_is_unknown() -> None:
    """Nobody knows what it followed."""
    found = judged(without(outage(), lambda e: isinstance(e, ev.ScheduleWritten)), plan())
    assert found.status is UNKNOWN
    assert "nothing tells which schedule" in found.sentence


def test_a_load_stream_that_makes_calls_and_tells_nothing_of_itself_is_unknown() -> None:
    """The other's word is not its own."""
    entries: Entries = []
    for stream, at_s, event in outage():
        second = stream == "load" and getattr(event, "call", "") >= "c10"
        entries.append(("load-2" if second else stream, at_s, event))
    assert [gap.zone for gap in timeline(entries).gaps if gap.source == "load"] == ["load-2"]
    found = judged(entries, plan())
    assert found.status is UNKNOWN
    assert "it was silent for 85.0 s" in found.sentence


def test_no_frame_at_all_is_unknown() -> None:
    """None of none is late, and nobody spoke."""
    found = judged(_sampled(frames=0), plan())
    assert found.status is UNKNOWN
    assert "load tells of no frame that it sent" in found.sentence


def test_a_generator_that_counts_other_calls_than_it_wrote_down_is_unknown() -> None:
    """One of both is wrong."""
    found = judged(_sampled(calls_up=0), plan())
    assert found.status is UNKNOWN
    assert "load counted 0.0 calls up, and by its own events 20.0 were" in found.sentence


def _sampled(**change: int) -> Entries:
    def told(_at_s: float, event: ev.Event) -> ev.Event:
        return dataclasses.replace(event, **change) if isinstance(event, ev.LoadSample) else event

    return changed(outage(), told)


def test_calls_of_which_nobody_told_what_they_sounded_like_are_unknown_where_voice_is_asked() -> None:
    """The worst ones might be among them."""
    calls = [e.call for _, _, e in voice_run() if isinstance(e, ev.CallHeard)][::20]
    entries = without(voice_run(), lambda e: isinstance(e, ev.CallHeard) and e.call in calls)
    found = judged(entries, voice_plan())
    assert found.status is UNKNOWN
    assert f"of {len(calls)} of 238 calls nobody told what they sounded like" in found.sentence
