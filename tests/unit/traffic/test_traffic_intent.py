"""What is meant, against what is drawn."""

from __future__ import annotations

import dataclasses
import math
import statistics
from itertools import pairwise

import pytest

from drill.traffic import PROFILES, Traffic
from drill.traffic.schedule import Demand, Schedule, draw

DEMAND = Demand(
    seed=0, concurrency=60, mean_call_s=20.0, ramp_s=5.0, seconds=180.0, patients=200, windows_s=150.0
)
NAMES = pytest.mark.parametrize("name", PROFILES)
RUNS = 30


def schedules(name: str) -> list[Schedule]:
    """One of each of so many seeds."""
    return [draw(dataclasses.replace(DEMAND, seed=seed, arrivals=name)) for seed in range(RUNS)]


@NAMES
def test_as_many_calls_are_drawn_as_the_integrated_rate_says(name: str) -> None:
    """Within four standard deviations of a Poisson number, in each stretch of the run and over all seeds."""
    drawn = schedules(name)
    for start_s, end_s in ((5.0, 30.0), (30.0, 60.0), (60.0, 120.0), (120.0, 180.0), (5.0, 180.0)):
        meant = sum(
            s.demand.traffic.expected_calls(end_s) - s.demand.traffic.expected_calls(start_s) for s in drawn
        )
        came = sum(
            start_s <= call.at_s < end_s for s in drawn for call in s.arrivals[s.demand.traffic.warm_calls :]
        )
        assert abs(came - meant) < 4 * math.sqrt(meant)


@NAMES
def test_as_many_calls_are_up_as_is_expected(name: str) -> None:
    """The closed expectation against schedules drawn without it, at any time of the run."""
    drawn = schedules(name)
    for at_s in (5.0, 15.0, 40.0, 60.0, 75.0, 100.0, 130.0, 150.0, 175.0):
        up = sum(c.at_s <= at_s < c.at_s + c.duration_s for s in drawn for c in s.arrivals)
        meant = sum(s.demand.traffic.expected_up(at_s) for s in drawn)
        assert abs(up - meant) < 4 * math.sqrt(meant)


@NAMES
def test_on_its_own_clock_every_profile_is_poisson(name: str) -> None:
    """Random time change: the integrated rate between arrivals is exponential with mean 1."""
    schedule = draw(dataclasses.replace(DEMAND, seed=3, arrivals=name, seconds=6000.0, windows_s=6000.0))
    traffic = schedule.demand.traffic
    passed = [traffic.expected_calls(call.at_s) for call in schedule.arrivals[traffic.warm_calls :]]
    gaps = sorted(b - a for a, b in pairwise(passed))
    assert len(gaps) > 1000
    apart = max(abs((n + 0.5) / len(gaps) - (1 - math.exp(-gap))) for n, gap in enumerate(gaps))
    assert apart < 1.95 / math.sqrt(len(gaps))  # Kolmogorov's bound at one in a thousand
    assert abs(statistics.stdev(gaps) / statistics.mean(gaps) - 1) < 4 / math.sqrt(len(gaps))


@NAMES
def test_never_are_more_calls_meant_than_asked(name: str) -> None:
    """Whatever the day: `concurrency` is the most, and so is `most_per_s`."""
    for seed in range(20 if PROFILES[name].day_cv else 1):
        traffic = Traffic(name, 60, 20.0, 5.0, 150.0, seed)
        times = [5.0 + 4 * n for n in range(50)]
        assert max(map(traffic.expected_up, times)) <= 60 * 1.01 + 0.5  # one whole call at the start, at most
        assert max(map(traffic.rate_per_s, times)) <= traffic.most_per_s + 1e-9


@NAMES
def test_times_of_the_clock_are_monotone(name: str) -> None:
    """A later moment of the clock is a later moment of the run."""
    traffic = Traffic(name, 60, 20.0, 5.0, 150.0, 1)
    times = [traffic.when(5.0 + n / 10) for n in range(3000)]
    assert times == sorted(times)
    assert times[0] == 5.0


def test_a_flat_day_is_the_number_asked_for() -> None:
    """To the last digit, so that what is judged is what the plan says."""
    flat = Traffic("flat", 40, 60.0, 10.0, 100.0, 1)
    assert {flat.expected_up(t) for t in (10.0, 50.0, 500.0)} == {40.0}
    assert flat.expected_mean(10.0, 90.0) == 40.0
    assert flat.when(17.123456789) == 17.123456789
    assert flat.most_per_s == 4.0


def test_in_the_ramp_calls_come_up_one_by_one() -> None:
    """From none to the warm ones."""
    traffic = Traffic("clinic-morning", 40, 60.0, 10.0, 100.0, 1)
    assert [traffic.expected_up(t) for t in (-1.0, 0.0, 5.0)] == [0.0, 0.0, 5.0]
    assert traffic.expected_up(10.0) == pytest.approx(10.0)
    assert traffic.expected_mean(50.0, 50.0) == traffic.expected_up(50.0)


def test_a_name_that_is_none_is_no_profile() -> None:
    """Files are checked when they are read; this is for who forgets."""
    with pytest.raises(KeyError):
        _ = Traffic("rush", 40, 60.0, 10.0, 100.0, 1).profile
