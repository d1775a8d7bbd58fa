"""Erlang's formulas against published tables."""

from __future__ import annotations

import pytest

from drill.erlang import binomial_quantile, erlang_b, erlang_c


@pytest.mark.parametrize(
    ("offered", "places", "blocked"),
    [
        (10.0, 10, 0.2146),
        (20.0, 30, 0.00846),
        (1.0, 1, 0.5),
        (5.0, 10, 0.0184),
        (0.0, 3, 0.0),
        (4.0, 0, 1.0),
    ],
)
def test_erlang_b_is_that_of_the_tables(offered: float, places: int, blocked: float) -> None:
    """To the digits that the tables give."""
    assert erlang_b(offered, places) == pytest.approx(blocked, abs=5e-5)


def test_erlang_b_of_a_thousand_places_neither_overflows_nor_cancels() -> None:
    """The factorials would."""
    assert erlang_b(971.0, 1000) == pytest.approx(0.01, abs=5e-4)


@pytest.mark.parametrize(
    ("offered", "places", "waiting"), [(10.0, 12, 0.4494), (2.0, 3, 0.4444), (5.0, 5, 1.0)]
)
def test_erlang_c_is_that_of_the_tables(offered: float, places: int, waiting: float) -> None:
    """And 1 where the queue grows without end."""
    assert erlang_c(offered, places) == pytest.approx(waiting, abs=5e-5)


def test_nothing_negative_is_offered() -> None:
    """An error of whoever asks."""
    with pytest.raises(ValueError, match="not negative"):
        erlang_b(-1.0, 3)


@pytest.mark.parametrize(
    ("trials", "chance", "most"),
    [(10, 0.5, 9), (20, 0.1, 7), (100, 0.01, 5), (8, 0.0, 0), (8, 1.0, 8), (0, 0.3, 0)],
)
def test_a_quantile_is_not_exceeded_but_by_one_series_in_a_thousand(
    trials: int, chance: float, most: int
) -> None:
    """By the tables of the binomial distribution."""
    assert binomial_quantile(trials, chance, 0.999) == most


def test_a_chance_is_a_chance() -> None:
    """Not above one."""
    with pytest.raises(ValueError, match="between"):
        binomial_quantile(5, 1.5, 0.999)
