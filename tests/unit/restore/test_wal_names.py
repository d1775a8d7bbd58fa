"""Names of segments, and which of them lead from one position to another along timelines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.restore.proof.wal.names import (
    Span,
    lsn_text,
    parse_history,
    parse_lsn,
    segment_name,
    segment_number,
    segments_of,
)

MB16 = 16 << 20


@given(st.integers(0, 2**64 - 1))
def test_a_position_reads_as_it_is_written(lsn: int) -> None:
    """Both ways."""
    assert parse_lsn(lsn_text(lsn)) == lsn


@given(st.integers(1, 2**32 - 1), st.integers(0, 2**31), st.sampled_from([1 << 20, MB16, 64 << 20, 1 << 30]))
def test_a_segments_number_is_in_its_name(timeline: int, number: int, size_bytes: int) -> None:
    """Whatever the segments' size."""
    assert segment_number(segment_name(timeline, number, size_bytes), size_bytes) == (timeline, number)


def test_a_segment_after_4_gib_begins_a_new_middle_part() -> None:
    """As PostgreSQL names it."""
    assert segment_name(1, 256, MB16) == "000000010000000100000000"


@pytest.mark.parametrize("text", ["", "0/", "0/G", "1-2", "0/123456789"])
def test_what_is_no_position_is_refused(text: str) -> None:
    """With what one looks like."""
    with pytest.raises(ValueError, match="0/3C28038"):
        parse_lsn(text)


def test_a_history_gives_each_timeline_the_stretch_that_counts() -> None:
    """From the first ancestor on."""
    text = "1\t0/3000000\tno recovery target specified\n\n2\t0/5000100\tbefore 2026-01-01\n"
    assert parse_history(3, text) == (
        Span(1, 0, 0x3000000), Span(2, 0x3000000, 0x5000100), Span(3, 0x5000100, None),
    )  # fmt: skip


@pytest.mark.parametrize("text", ["x 0/1\n", "1\n", "4\t0/1\tx\n", "1\t0/9\tx\n2\t0/5\tx\n"])
def test_a_history_that_leads_nowhere_is_refused(text: str) -> None:
    """Garbage, a descendant as ancestor, positions that go back."""
    with pytest.raises(ValueError):  # each has its own words
        parse_history(3, text)


def test_the_segment_in_which_a_timeline_begins_is_the_childs() -> None:
    """It holds the parent's last stretch as well."""
    spans = parse_history(2, f"1\t{lsn_text(5 * MB16 + 100)}\tx\n")
    assert segments_of(spans, 4 * MB16 + 40, 7 * MB16, MB16) == (
        segment_name(1, 4, MB16), segment_name(2, 5, MB16), segment_name(2, 6, MB16),
    )  # fmt: skip


def test_a_position_that_ends_a_segment_asks_for_none_behind_it() -> None:
    """[start, end) and no more."""
    assert segments_of((Span(1, 0, None),), 0, MB16, MB16) == (segment_name(1, 0, MB16),)
