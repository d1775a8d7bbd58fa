"""Stretches of log that are read side by side leave nothing out."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from drill.restore.proof.wal.continuity import parts


@given(st.integers(0, 50), st.integers(1, 300), st.integers(1, 40))
def test_parts_are_the_whole_stretch_in_order(start: int, length: int, workers: int) -> None:
    """Each begins where the one before ends, none is empty, and there is at most one more than readers."""
    found = parts(range(start, start + length), workers)
    assert (found[0].start, found[-1].stop) == (start, start + length)
    assert all(before.stop == after.start for before, after in pairwise(found))
    assert all(len(part) >= min(2, length) for part in found)
    assert len(found) <= workers + (workers > 1)
