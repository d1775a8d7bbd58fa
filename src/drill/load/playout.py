"""The speaker at the caller's ear: audio is played at the pace of time, not at the pace of its arrival.

playout_end = max(now, playout_end) + length of the audio. A mark is due when all audio before it has
been played, or at once when the agent clears the rest.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from drill.load.dialect import Mark

MOST_MARKS = 64


class Playout:
    """What is still to be heard, and the marks in it."""

    __slots__ = ("_marks", "ends_ns")

    def __init__(self) -> None:
        self.ends_ns = 0
        self._marks: deque[tuple[int, Mark]] = deque(maxlen=MOST_MARKS)

    def audio(self, length_ns: int, now_ns: int) -> None:
        """Queue so much."""
        self.ends_ns = max(now_ns, self.ends_ns) + length_ns

    def mark(self, mark: Mark, now_ns: int) -> None:
        """Remember to answer this mark; of too many, the oldest are forgotten."""
        self._marks.append((max(now_ns, self.ends_ns), mark))

    def clear(self, now_ns: int, *, returned: bool) -> None:
        """Forget the rest: its marks are due now, as lost ones unless the dialect has them `returned`."""
        self.ends_ns = now_ns
        self._marks = deque(
            ((min(due_ns, now_ns), replace(mark, lost=not returned and due_ns > now_ns))
             for due_ns, mark in self._marks),
            maxlen=MOST_MARKS,
        )  # fmt: skip

    def played(self, now_ns: int) -> list[Mark]:
        """Marks that have become due, in order; each is told once."""
        marks = []
        while self._marks and self._marks[0][0] <= now_ns:
            marks.append(self._marks.popleft()[1])
        return marks
