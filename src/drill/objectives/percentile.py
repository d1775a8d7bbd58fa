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


def percentiles(values: Sequence[float]) -> tuple[float, float, float]:
    """p50, p95 and p99."""
    in_order = sorted(values)  # and to sort that again costs next to nothing
    return percentile(in_order, 0.5), percentile(in_order, 0.95), percentile(in_order, 0.99)
