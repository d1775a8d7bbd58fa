"""Patience: what a caller's seed decides, and what it never exceeds."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.load import redial
from drill.load.redial import USUAL, Patience, ends_ns, pause_s, script_seed

S = 1_000_000_000
PINNED_S = [1.182, 0.983, 1.28, 0.787, 0.616]
seeds = st.integers(0, 2**48 - 1)


@given(seeds, st.integers(1, 5), st.floats(0.0, 26.0))
def test_a_pause_is_the_seeds_and_within_its_bounds(seed: int, calls: int, tried_s: float) -> None:
    """The same whatever time has passed, as long as there is patience left."""
    drawn_s = pause_s(USUAL, seed, calls, 0.0)
    assert drawn_s is not None
    assert USUAL.shortest_s <= drawn_s <= USUAL.longest_s
    assert pause_s(USUAL, seed, calls, tried_s) == drawn_s


def test_pauses_are_as_long_as_people_take() -> None:
    """Median one second; log-sd 0.4: two thirds lie between 0.67 and 1.5 s. Of one caller they differ."""
    drawn = [pause_s(USUAL, seed, 1, 0.0) or 0.0 for seed in range(2000)]
    assert statistics.median(drawn) == pytest.approx(1.0, abs=0.05)
    assert sum(0.67 < one < 1.49 for one in drawn) / len(drawn) == pytest.approx(0.68, abs=0.04)
    assert len({pause_s(USUAL, 7, calls, 0.0) for calls in range(1, 6)}) == 5


@given(seeds, st.floats(0.0, 100.0), st.integers(1, 20))
def test_nobody_is_patient_without_end(seed: int, tried_s: float, calls: int) -> None:
    """Six calls in all, and none that would be dialled more than 30 s after the break."""
    drawn_s = pause_s(USUAL, seed, calls, tried_s)
    if calls >= USUAL.calls_max or tried_s > USUAL.trying_s - USUAL.shortest_s:
        assert drawn_s is None
    assert drawn_s is None or tried_s + drawn_s <= USUAL.trying_s


def test_a_pause_never_changes_from_one_version_to_the_next() -> None:
    """A journal of last year is replayed with the same callers."""
    assert [pause_s(USUAL, 20260921, calls, 0.0) for calls in range(1, 6)] == PINNED_S


def test_other_people_have_other_patience() -> None:
    """All of it is a value."""
    assert pause_s(Patience(calls_max=1), 1, 1, 0.0) is None
    assert pause_s(Patience(shortest_s=9.0, longest_s=9.0), 1, 1, 0.0) == 9.0


@given(seeds, st.integers(2, 6))
def test_a_redialled_call_has_a_script_of_its_own(seed: int, attempt: int) -> None:
    """The first call's is the arrival's, as it was before anybody dialled again."""
    assert script_seed(seed, 1) == seed
    assert script_seed(seed, attempt) not in {script_seed(seed, other) for other in range(1, attempt)}


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(2, 6))
def test_a_redialled_call_ends_when_the_first_would_have_but_says_something(
    meant_ns: int, up_ns: int, attempt: int
) -> None:
    """Eight seconds hold the key and a sentence."""
    assert ends_ns(meant_ns, up_ns, 1) == meant_ns
    assert ends_ns(meant_ns, up_ns, attempt) == max(meant_ns, up_ns + round(redial.REDIALLED_S * S))
