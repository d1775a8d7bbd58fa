"""The speaker at the caller's ear: audio is played at the pace of time, not at the pace of its arrival.

playout_end = max(now, playout_end) + bytes / 8 ms. A mark is due when all audio before it has
been played, or at once when the agent clears the rest.
"""

from __future__ import annotations

from collections import deque

_NS_PER_BYTE = 125_000  # 8000 bytes a second
MOST_MARKS = 64


class Playout:
    """What is still to be heard, and the marks in it."""

    __slots__ = ("_marks", "ends_ns")

    def __init__(self) -> None:
        self.ends_ns = 0
        self._marks: deque[tuple[int, str]] = deque(maxlen=MOST_MARKS)

    def audio(self, length: int, now_ns: int) -> None:
        """Queue so many bytes."""
        self.ends_ns = max(now_ns, self.ends_ns) + length * _NS_PER_BYTE

    def mark(self, name: str, now_ns: int) -> None:
        """Remember to answer this mark; of too many, the oldest are forgotten."""
        self._marks.append((max(now_ns, self.ends_ns), name))

    def clear(self, now_ns: int) -> None:
        """Forget the rest: its marks are due now."""
        self.ends_ns = now_ns
        self._marks = deque(((now_ns, name) for _, name in self._marks), maxlen=MOST_MARKS)

    def played(self, now_ns: int) -> list[str]:
        """Marks that have become due, in order; each is told once."""
        names = []
        while self._marks and self._marks[0][0] <= now_ns:
            names.append(self._marks.popleft()[1])
        return names
