"""Shapes that keep their promises: never above 1, an area that is that of the line, and back again."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.traffic import FLAT, PROFILES, Profile

EACH = pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES.keys())


@EACH
def test_a_shape_is_one_from_0_to_1_with_its_highest_at_1(profile: Profile) -> None:
    """So that `concurrency` is the most that is ever meant, and no rate is ever zero."""
    fractions, shares = zip(*profile.knots, strict=True)
    assert fractions[0] == 0.0
    assert fractions[-1] == 1.0
    assert list(fractions) == sorted(set(fractions))
    assert max(shares) == 1.0
    assert min(shares) > 0.0
    assert profile.source


@EACH
@given(st.floats(0.0, 1.6))
def test_the_area_is_that_below_the_line(profile: Profile, at: float) -> None:
    """The closed form against a sum of 4,000 slices."""
    slices = math.fsum(profile.share((n + 0.5) * at / 4000) for n in range(4000)) * at / 4000
    assert profile.area(at) == pytest.approx(slices, abs=2e-4)


@EACH
@given(st.floats(0.0, 3.0))
def test_the_fraction_of_an_area_is_where_it_came_from(profile: Profile, at: float) -> None:
    """Up to rounding, within the windows and after them."""
    assert profile.fraction(profile.area(at)) == pytest.approx(at, abs=1e-9)


@EACH
def test_knots_are_met(profile: Profile) -> None:
    """Each knot, and the last share for ever."""
    assert [profile.share(at) for at, _ in profile.knots] == pytest.approx(
        [share for _, share in profile.knots]
    )
    assert profile.share(7.0) == profile.knots[-1][1]


def test_a_day_is_a_fixed_factor_of_its_seed() -> None:
    """Gamma with mean 1 and 15 % spread, cut at two of them, over its highest; others have none."""
    flu = PROFILES["flu-season-peak"]
    days = [flu.day(seed) for seed in range(4000)]
    assert days == [flu.day(seed) for seed in range(4000)]
    assert 0.7 / 1.3 <= min(days) < max(days) <= 1.0
    factors = [day * 1.3 for day in days]
    assert statistics.mean(factors) == pytest.approx(1.0, abs=0.02)
    assert statistics.stdev(factors) == pytest.approx(0.15, abs=0.02)
    assert {profile.day(5) for profile in PROFILES.values() if profile is not flu} == {1.0}


def test_the_shapes_are_what_their_names_say() -> None:
    """A steep rise, a crowd that stays, an ebb with long calls."""
    morning, flu, night = (PROFILES[n] for n in ("clinic-morning", "flu-season-peak", "quiet-night"))
    assert morning.share(0.22) / morning.share(0.12) == 4.0
    assert min(flu.share(n / 100) for n in range(25, 101)) == pytest.approx(0.85)
    assert night.share(0.6) < night.share(0.0) / 2
    assert (FLAT.length, morning.length, night.length) == (1.0, 1.0, 2.0)
