"""Durations and ratios as people write them, one unit inside: seconds and fractions.

A bare number is refused where a unit matters: "30" may be seconds to its writer and
milliseconds to its reader, and a drill's limit is no place to find out.
"""

from __future__ import annotations

import re

NS_PER_S = 1_000_000_000
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_RATIO = re.compile(r"(\d+(?:\.\d+)?)\s*%")


def parse_duration_s(text: object) -> float:
    """`"90s"`, `"1500ms"`, `"30m"` in seconds; ValueError says what to write instead."""
    match = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} is not a duration; write a number with a unit, such as 30s, 1500ms or 5m")
    return float(match[1]) * _SECONDS[match[2]]


def parse_ratio(text: object) -> float:
    """`"5%"` as 0.05; a bare fraction between 0 and 1 is understood too."""
    if isinstance(text, str) and (match := _RATIO.fullmatch(text.strip())):
        value = float(match[1]) / 100
    elif isinstance(text, int | float) and not isinstance(text, bool):
        value = float(text)
    else:
        raise ValueError(f"{text!r} is not a share; write a percentage such as 5%")
    if not 0 <= value <= 1:
        raise ValueError(f"{text!r} is outside 0 % to 100 %; write a percentage such as 5%")
    return value


def seconds(value_s: float) -> str:
    """A duration for a reader: three significant figures at most, the unit always there."""
    if value_s < 1:
        return f"{value_s * 1000:.0f} ms"
    return f"{value_s:.2f} s" if value_s < 10 else f"{value_s:.1f} s"
