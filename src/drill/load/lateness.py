"""How late the generator itself was: a histogram cheap enough to ask for every frame.

Buckets grow by 5 % from 0.05 ms, so a percentile is at most 5 % above the truth.
"""

from __future__ import annotations

import bisect

_BOUNDS_MS = tuple(0.05 * 1.05**step for step in range(300))  # up to 110 s


class Lateness:
    """Counts of one interval."""

    __slots__ = ("_counts", "total")

    def __init__(self) -> None:
        self._counts = [0] * (len(_BOUNDS_MS) + 1)
        self.total = 0

    def add(self, late_ms: float, count: int) -> None:
        """So many frames left this late."""
        self._counts[bisect.bisect_left(_BOUNDS_MS, late_ms)] += count
        self.total += count

    def later_than(self, limit_ms: float) -> int:
        """How many were later than this, the limit's own bucket not counted."""
        return sum(self._counts[bisect.bisect_left(_BOUNDS_MS, limit_ms) + 1 :])

    def quantile_ms(self, share: float) -> float:
        """Upper bound of the bucket that holds this quantile; 0 when nothing was counted."""
        rank, seen = share * self.total, 0
        for bound_ms, count in zip((*_BOUNDS_MS, _BOUNDS_MS[-1]), self._counts, strict=True):
            seen += count
            if count and seen >= rank:
                return round(bound_ms, 3)
        return 0.0
