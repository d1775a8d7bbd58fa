"""The speaker at the caller's ear: audio is played at the pace of time, not at the pace of its arrival.

playout_end = max(now, playout_end) + length of the audio. A mark is due when all audio before it has
been played, or at once when the agent clears the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from drill.load.dialect import Mark

MOST_MARKS = 64
NEVER_NS = 1 << 63


class Playout:
    """What is to be heard until `ends_ns`, and the marks in it, of which the first is due at `next_ns`."""

    __slots__ = ("_marks", "ends_ns", "next_ns")

    def __init__(self) -> None:
        self.ends_ns, self.next_ns = 0, NEVER_NS
        self._marks: tuple[tuple[int, Mark], ...] = ()

    def audio(self, length_ns: int, now_ns: int) -> None:
        """Queue so much."""
        self.ends_ns = max(now_ns, self.ends_ns) + length_ns

    def mark(self, mark: Mark, now_ns: int) -> None:
        """Remember to answer this mark; of too many, the oldest are forgotten."""
        self._remember([*self._marks, (max(now_ns, self.ends_ns), mark)][-MOST_MARKS:])

    def clear(self, now_ns: int, *, returned: bool) -> None:
        """Forget the rest: its marks are due now, as lost ones unless the dialect has them `returned`."""
        self.ends_ns = now_ns
        self._remember([
            (min(due_ns, now_ns), replace(mark, lost=not returned and due_ns > now_ns))
            for due_ns, mark in self._marks
        ])  # fmt: skip

    def played(self, now_ns: int) -> list[Mark]:
        """Marks that have become due, in order; each is told once."""
        due = [mark for due_ns, mark in self._marks if due_ns <= now_ns]
        self._remember(self._marks[len(due) :])
        return due

    def _remember(self, marks: Sequence[tuple[int, Mark]]) -> None:
        """In the order in which they are due: time in the buffer never runs backwards. A tuple is small, and
        every call has one, which is nearly always empty."""
        self._marks = tuple(marks)
        self.next_ns = marks[0][0] if marks else NEVER_NS
