"""Moments, counts and machine texts in words for a reader; the same words each time."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import PurePosixPath

from drill.timeline import Timeline

TEXT_MAX = 4000
NOTHING = "\N{EN DASH}"  # where a table has no value


def minus(text: str) -> str:
    """A number with a real minus sign, as wide as the plus."""
    return text.replace("-", "\N{MINUS SIGN}")


def relative(timeline: Timeline, t_s: float) -> str:
    """A moment relative to the fault, to the millisecond."""
    return minus(f"{t_s - timeline.t0_s:+.3f} s")


def utc(timeline: Timeline, t_s: float) -> str:
    """The same moment in UTC, or "" when the run wrote down no clock."""
    if not timeline.start_utc_ns or not math.isfinite(t_s):
        return ""
    total_ms = (timeline.start_utc_ns + round(t_s * 1e9)) // 1_000_000
    try:
        moment = datetime.fromtimestamp(total_ms // 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return ""  # a clock that says the year 50000 says nothing
    return f"{moment:%Y-%m-%d %H:%M:%S}.{total_ms % 1000:03d} UTC"


def when(timeline: Timeline, t_s: float) -> str:
    """Relative, and in UTC where known."""
    absolute = utc(timeline, t_s)
    return relative(timeline, t_s) + (f" · {absolute}" if absolute else "")


def bounded(text: str) -> str:
    """A text short enough for a page; what was left out is said."""
    if len(text) <= TEXT_MAX:
        return text
    return f"{text[:TEXT_MAX]} … ({len(text) - TEXT_MAX} more characters in the journal)"


def pretty(text: str) -> str:
    """A JSON object with a line for each member; anything else as it is."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return bounded(text)
    if not isinstance(value, dict):
        return bounded(text)
    dump = json.JSONEncoder(sort_keys=True, ensure_ascii=False).encode
    members = (f"{name}: {dump(value[name])}" for name in sorted(value))
    return bounded("\n".join(members))


def short_path(path: str) -> str:
    """A file by its name and folder: where it lay on one machine says nothing to another."""
    return "/".join(PurePosixPath(path).parts[-2:])
