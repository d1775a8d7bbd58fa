"""Few runs say little, and exactly how little is known."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.small_samples import (
    at_least,
    least_seen,
    mean,
    miss_bound,
    more_often,
    power,
    slowdown,
    t_cdf,
    t_quantile,
)


@pytest.mark.parametrize(("runs", "bound"), [(1, 0.95), (4, 0.527), (5, 0.451), (10, 0.259), (59, 0.0495)])
def test_without_a_miss_the_bound_is_the_rule_of_the_nth_root(runs: int, bound: float) -> None:
    """1 - 0.05^(1/n)."""
    assert miss_bound(runs, runs) == pytest.approx(bound, abs=6e-4)
    assert miss_bound(runs, runs) == pytest.approx(1 - 0.05 ** (1 / runs), abs=1e-9)


@given(st.integers(1, 40), st.data())
def test_the_bound_holds_in_at_least_95_of_100(trials: int, data: st.DataObject) -> None:
    """At the bound itself, seeing so few misses or fewer has a probability of 5 %: Clopper and Pearson."""
    passed = data.draw(st.integers(1, trials))
    bound = miss_bound(passed, trials)
    assert 1 - at_least(trials - passed + 1, trials, bound) == pytest.approx(0.05, abs=1e-6)


def test_nothing_tried_and_nothing_passed_leave_everything_open() -> None:
    """No run, or no passed run, bounds nothing."""
    assert miss_bound(0, 0) == 1.0
    assert miss_bound(0, 3) == 1.0


def test_students_distribution_is_the_tables() -> None:
    """Two-sided 95 % points of any textbook."""
    table = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 10: 2.228, 30: 2.042}
    assert {n: round(t_quantile(0.975, n), 3) for n in table} == table


@given(st.floats(-50, 50), st.integers(1, 60))
def test_students_distribution_is_symmetric_and_grows(t: float, freedom: int) -> None:
    """Laws of any distribution around zero."""
    assert t_cdf(t, freedom) + t_cdf(-t, freedom) == pytest.approx(1.0, abs=1e-9)
    assert t_cdf(t, freedom) <= t_cdf(t + 1, freedom) + 1e-12


@pytest.mark.parametrize(("factor", "runs"), [(1.5, 3), (1.5, 5), (2.0, 4)])
def test_the_power_is_what_a_simulation_sees(factor: float, runs: int) -> None:
    """The same test, made 4,000 times on runs that really are slower."""
    dice, seen, times = random.Random(7), 0, 4000
    for _ in range(times):
        before = [dice.lognormvariate(2.0, 0.3) for _ in range(runs)]
        after = [factor * dice.lognormvariate(2.0, 0.3) for _ in range(runs)]
        found = slowdown(before, after, ())
        seen += found is not None and found.p_slower <= 0.05
    assert power(factor, 0.3, runs, runs) == pytest.approx(seen / times, abs=0.025)


def test_the_test_itself_errs_in_one_of_twenty() -> None:
    """Without a slowdown its power is its level."""
    assert power(1.0 + 1e-12, 0.3, 4, 4) == pytest.approx(0.05, abs=1e-3)


def test_one_run_has_no_spread() -> None:
    """No interval and no test from a single run."""
    alone = mean([10.0])
    assert alone is not None
    assert (alone.low_s, alone.high_s) == (None, None)
    assert slowdown([10.0], [20.0, 21.0], (1.5,)) is None
    assert mean([]) is None


def test_three_of_three_is_the_least_that_fisher_sees() -> None:
    """With three runs each, 1 in 20 is the smallest chance there is; with two after, none is small enough."""
    assert more_often(0, 3, 3, 3) == pytest.approx(0.05)
    assert least_seen(3, 3) == 3
    assert least_seen(3, 2) is None
