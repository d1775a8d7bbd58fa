"""Percentiles of waiting times, among them those without end."""

from __future__ import annotations

import math
from collections.abc import Sequence

# A p95 of fewer turns is one caller's luck.
TURNS_MIN = 20


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank: the smallest value that at least this share of all does not exceed."""
    if not values:
        raise ValueError("no values, no percentile")
    return sorted(values)[max(0, math.ceil(share * len(values) - 1e-9) - 1)]
