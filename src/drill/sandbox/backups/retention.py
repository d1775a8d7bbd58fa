"""What the retention policy lets go: all but the newest base backups, and log files that none of those needs.

What is on hold stays whatever its age, with the log files that it needs itself. The newest are counted with
those that are on hold among them, as Barman does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

Span = tuple[str, str]
_TIMELINE_DIGITS = 8
_SEGMENT_DIGITS = 24


def expired(names: Iterable[str], keep: int, held: Collection[str] = ()) -> list[str]:
    """Backups to delete: all but the newest `keep`, and those on hold. Ids sort by time."""
    return [name for name in sorted(names)[:-keep] if name not in held]


def useless(
    names: Iterable[str], spans: Mapping[str, Span], keep: int, held: Collection[str] = ()
) -> list[str]:
    """Log files, on any timeline, older than the one that the oldest of the newest backups begins in, and in
    the span of none that is on hold. `spans`: the log files that each backup begins and ends in."""
    least = min(_part(spans[name][0]) for name in sorted(spans)[-keep:])
    spared = [tuple(map(_part, spans[name])) for name in held if name in spans]
    return [
        name
        for name in names
        if not name.endswith(".history")
        and _part(name) < least
        and not any(first <= _part(name) <= last for first, last in spared)
    ]


def _part(name: str) -> str:
    """A log file's place in the log, on whatever timeline."""
    return name[_TIMELINE_DIGITS:_SEGMENT_DIGITS]
