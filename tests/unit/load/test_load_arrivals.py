"""The schedule is the experiment: it must be the same each time, and open."""

from __future__ import annotations

import statistics
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drill.model.errors import DefinitionError
from drill.traffic import PROFILES
from drill.traffic.schedule import Demand, Schedule, draw, from_json, to_json

DEMAND = Demand(seed=7, concurrency=40, mean_call_s=60.0, ramp_s=10.0, seconds=120.0, patients=200)


def up_at(schedule: Schedule, at_s: float) -> int:
    """Calls that are up at an instant."""
    return sum(call.at_s <= at_s < call.at_s + call.duration_s for call in schedule.arrivals)


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60), st.floats(1, 600), st.floats(0.5, 30))
def test_the_same_demand_gives_the_same_bytes(seed: int, calls: int, mean_s: float, ramp_s: float) -> None:
    """Nothing but the demand decides, and what is written reads back as itself."""
    demand = Demand(seed, calls, mean_s, ramp_s, 40.0, 200)
    text = to_json(draw(demand))
    assert to_json(draw(demand)) == text
    assert from_json(text, "schedule.json") == draw(demand)


@pytest.mark.parametrize(
    ("demand", "digest"),
    [
        (DEMAND, "0fa2f7a6491c459c2ce9b627dea679f811082f2829e2d71b1140b7304e17d3a2"),
        (
            Demand(11, 13, 7.5, 3.0, 90.0, 50),
            "22bcfaaefa45f6dc7ca24b996720eaaa1ba18b55adb2e848a00fee24a6327a36",
        ),
    ],
)
def test_a_flat_day_is_what_it_was_before_there_were_others(demand: Demand, digest: str) -> None:
    """Old runs can be repeated: the same seed still gives the same callers, to the byte."""
    assert draw(demand).digest == digest


@pytest.mark.parametrize("name", PROFILES)
def test_every_time_of_day_is_one_schedule_of_its_seed(name: str) -> None:
    """Written, read back, in order, and another one than that of any other time of day."""
    demand = replace(DEMAND, arrivals=name, windows_s=100.0)
    schedule = draw(demand)
    assert schedule == draw(demand) == from_json(to_json(schedule), "schedule.json")
    times = [call.at_s for call in schedule.arrivals]
    assert times == sorted(times)
    others = {draw(replace(demand, arrivals=other)).digest for other in PROFILES if other != name}
    assert schedule.digest not in others


def test_after_the_windows_the_last_rate_stays() -> None:
    """A load outlasts the drill that it belongs to, and never runs dry."""
    demand = replace(DEMAND, arrivals="clinic-morning", windows_s=100.0, seconds=20_100.0)
    late = [call for call in draw(demand).arrivals if call.at_s >= 100.0]
    assert abs(len(late) - 20_000 * 0.5 * 40 / 60) < 4 * (20_000 / 3) ** 0.5


def test_calls_of_a_night_are_twice_as_long() -> None:
    """And half as many come."""
    demand = replace(DEMAND, arrivals="quiet-night", windows_s=100.0, seconds=20_000.0)
    lengths = [call.duration_s for call in draw(demand).arrivals if call.at_s > DEMAND.ramp_s]
    assert 115 < statistics.mean(lengths) < 125


def test_a_schedule_of_no_known_day_is_refused() -> None:
    """Another version drew it, or nobody did."""
    text = to_json(draw(replace(DEMAND, arrivals="quiet-night"))).replace("quiet-night", "quiet-knight")
    with pytest.raises(DefinitionError, match=r"schedule\.json.*quiet-knight.*delete it"):
        from_json(text, "schedule.json")


def test_another_seed_gives_other_callers() -> None:
    """The digest tells schedules apart."""
    assert draw(DEMAND).digest != draw(replace(DEMAND, seed=8)).digest


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_all_calls_are_up_when_the_ramp_ends(seed: int) -> None:
    """The warm start has no calls that end before the measuring begins, and none after."""
    assert up_at(draw(replace(DEMAND, seed=seed)), DEMAND.ramp_s - 0.01) == DEMAND.concurrency


def test_arrivals_are_as_scattered_as_poisson() -> None:
    """Variance over mean of counts per 10 s is 1 for independent callers, not for batches or clocks."""
    demand = replace(DEMAND, seconds=20_010.0)
    counts = [0] * 2000
    for call in draw(demand).arrivals[demand.concurrency :]:
        counts[int((call.at_s - demand.ramp_s) // 10)] += 1
    assert 0.85 < statistics.variance(counts) / statistics.mean(counts) < 1.15


def test_as_many_calls_are_up_as_asked_from_the_first_second_to_the_last() -> None:
    """Little's law with residual durations at the start: no dip, no hump."""
    schedules = [draw(replace(DEMAND, seed=seed, concurrency=100, seconds=200.0)) for seed in range(30)]
    for at_s in (11, 30, 60, 120, 190):
        assert 95 < statistics.mean(up_at(schedule, at_s) for schedule in schedules) < 105


def test_callers_at_one_time_are_different_patients() -> None:
    """Two calls of one patient would hide that the platform mixed them up."""
    calls = draw(DEMAND).arrivals
    for call in calls:
        others = [other for other in calls if other.at_s <= call.at_s < other.at_s + other.duration_s]
        assert len({other.patient for other in others}) == len(others)


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"demand":{},"arrivals":[]}', to_json(draw(DEMAND)).replace('"seed":7', '"seed":8')[:-3]],
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    """The message names the file and what to do."""
    with pytest.raises(DefinitionError, match=r"schedule\.json.*delete it"):
        from_json(text, "schedule.json")


def test_a_schedule_edited_in_its_layout_is_refused() -> None:
    """Canonical text or nothing: the digest is of the text."""
    with pytest.raises(DefinitionError, match="edited"):
        from_json(to_json(draw(DEMAND)).replace(",\n", ", \n"), "schedule.json")
