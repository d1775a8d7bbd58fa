"""Laws of the digests of bags of rows: what they do not mind, and what they must not miss."""

from __future__ import annotations

import hashlib
import random

from hypothesis import given
from hypothesis import strategies as st

from drill.restore.proof.sums import Sums, differing, sums_of

HASH = st.integers(-(2**63), 2**63 - 1)
ROWS = st.lists(st.tuples(HASH, HASH), max_size=30)


@given(ROWS, st.randoms(use_true_random=False))
def test_order_does_not_matter(rows: list[tuple[int, int]], chance: random.Random) -> None:
    """Any shuffle."""
    shuffled = list(rows)
    chance.shuffle(shuffled)
    assert sums_of(shuffled) == sums_of(rows)


@given(ROWS, st.integers(0, 30))
def test_parts_add_up_to_the_whole(rows: list[tuple[int, int]], cut: int) -> None:
    """Wherever it is cut."""
    assert sums_of(rows[:cut]) + sums_of(rows[cut:]) == sums_of(rows)


@given(ROWS, st.tuples(HASH, HASH))
def test_a_pair_that_is_there_twice_is_seen(rows: list[tuple[int, int]], row: tuple[int, int]) -> None:
    """XOR would not see it."""
    assert sums_of([*rows, row, row]) != sums_of(rows)


@given(ROWS, st.integers(0, 29), st.tuples(HASH, HASH))
def test_another_row_in_the_place_of_one_is_seen(
    rows: list[tuple[int, int]], place: int, row: tuple[int, int]
) -> None:
    """The count is the same."""
    if place < len(rows) and rows[place] != row:
        assert sums_of([*rows[:place], row, *rows[place + 1 :]]) != sums_of(rows)


@given(st.dictionaries(st.integers(0, 9), ROWS.map(sums_of), max_size=9))
def test_a_side_does_not_differ_from_itself(side: dict[int, Sums]) -> None:
    """And an empty bucket is no bucket."""
    assert differing(side, {**side, 99: Sums()}) == []


@given(ROWS.filter(bool))
def test_a_bucket_that_only_one_side_has_differs(rows: list[tuple[int, int]]) -> None:
    """Either side."""
    assert differing({7: sums_of(rows)}, {}) == differing({}, {7: sums_of(rows)}) == [7]


def of_record(columns: list[int]) -> int:
    """PostgreSQL's hash of a row out of its columns' (src/backend/utils/adt/rowtypes.c): a polynomial."""
    result = 0
    for column in columns:
        result = (31 * result + column) % 2**64
    return result


def mixed(value: int) -> int:
    """Any hash of its eight bytes."""
    return int.from_bytes(hashlib.blake2b(value.to_bytes(8, "big"), digest_size=8).digest(), "big")


COLUMNS = st.lists(st.integers(0, 2**64 - 1), min_size=2, max_size=5)


@given(COLUMNS, COLUMNS, st.integers(0, 1))
def test_values_that_two_rows_trade_are_seen_once_the_hash_is_mixed(
    a: list[int], b: list[int], place: int
) -> None:
    """A bare polynomial's sum cannot see them: modulo 2^64 it is the same."""
    if len(a) != len(b) or a[place] == b[place] or a[:place] + a[place + 1 :] == b[:place] + b[place + 1 :]:
        return
    c, d = list(a), list(b)
    c[place], d[place] = b[place], a[place]
    assert (of_record(a) + of_record(b)) % 2**64 == (of_record(c) + of_record(d)) % 2**64
    assert mixed(of_record(a)) + mixed(of_record(b)) != mixed(of_record(c)) + mixed(of_record(d))
