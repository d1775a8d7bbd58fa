"""Percentiles of Locust's own tables, to three digits.

Locust keeps times rounded to two, which is up to 5 % off: 1449 ms and 1351 ms would both be 1400, and a limit
of 1500 ms could not be read from its page. Three digits are within 0.5 %, and a few hundred keys more a
worker sends to its master.
"""

from __future__ import annotations


def three_digits(time_ms: float) -> int:
    """Milliseconds, whole ones below a second."""
    whole = round(time_ms)
    digits = len(str(abs(whole)))
    return whole if digits <= 3 else round(whole, 3 - digits)
