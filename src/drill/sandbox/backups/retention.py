"""What the retention policy lets go: all but the newest base backups, and log files older than those."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_TIMELINE_DIGITS = 8
_SEGMENT_DIGITS = 24


def expired(first_wals: Mapping[str, str], keep: int) -> list[str]:
    """Backups to delete: all but the newest `keep`. Keys are backup ids, which sort by time."""
    return sorted(first_wals)[:-keep]


def useless(names: Iterable[str], oldest_wal: str) -> list[str]:
    """Log files that no kept backup needs: older than the one that the oldest begins in, on any timeline."""
    least = oldest_wal[_TIMELINE_DIGITS:_SEGMENT_DIGITS]
    return [
        name
        for name in names
        if not name.endswith(".history") and name[_TIMELINE_DIGITS:_SEGMENT_DIGITS] < least
    ]
