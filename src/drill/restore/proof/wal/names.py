"""Names in a WAL archive: log positions, segments, timelines and how one grew out of another.

A segment's name is timeline, then its number split at 4 GiB. A history file of timeline N lists, for each
ancestor, up to which position it counts; what an ancestor wrote after that is of no recovery.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

SEGMENT = re.compile(r"([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})")
HISTORY = re.compile(r"([0-9A-F]{8})\.history")
_LSN = re.compile(r"([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})")
_XLOG_ID_BYTES = 1 << 32


def parse_lsn(text: str) -> int:
    """`"0/3C28038"` as a position in bytes; ValueError when it is none."""
    match = _LSN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a WAL position such as 0/3C28038")
    return int(match[1], 16) << 32 | int(match[2], 16)


def lsn_text(lsn: int) -> str:
    """The way PostgreSQL writes it."""
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:08X}"


def segment_name(timeline: int, number: int, size_bytes: int) -> str:
    """Name of the segment with this number."""
    per_id = _XLOG_ID_BYTES // size_bytes
    return f"{timeline:08X}{number // per_id:08X}{number % per_id:08X}"


def segment_number(name: str, size_bytes: int) -> tuple[int, int]:
    """Timeline and number of a segment; ValueError when the name is none."""
    match = SEGMENT.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} is not the name of a WAL segment")
    high, low = int(match[2], 16), int(match[3], 16)
    return int(match[1], 16), high * (_XLOG_ID_BYTES // size_bytes) + low


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of log on one timeline; `end` is None on the newest."""

    timeline: int
    start: int
    end: int | None


def parse_history(timeline: int, text: str) -> tuple[Span, ...]:
    """Spans from the first ancestor to `timeline`; ValueError for a file that no PostgreSQL writes."""
    switches = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        if line.startswith("#"):
            continue
        words = line.split()
        if len(words) < 2 or not words[0].isdecimal():
            raise ValueError(f"history of timeline {timeline}: {line!r} is no timeline and position")
        switches.append((int(words[0]), parse_lsn(words[1])))
    spans, start = [], 0
    for ancestor, end in switches:
        spans.append(Span(ancestor, start, end))
        start = end
    spans.append(Span(timeline, start, None))
    if any(b.timeline <= a.timeline or b.start < a.start for a, b in pairwise(spans)):
        raise ValueError(f"history of timeline {timeline}: its timelines do not grow out of each other")
    return tuple(spans)


def segments_of(spans: Iterable[Span], start: int, end: int, size_bytes: int) -> tuple[str, ...]:
    """Names of all segments that hold [start, end), each from the timeline that counts there.

    The segment in which a timeline begins holds its parent's last stretch as well, so it is the child's.
    """
    by_number: dict[int, int] = {}
    for span in spans:
        first = max(span.start, start) // size_bytes
        last = (min(end, span.end if span.end is not None else end) - 1) // size_bytes
        by_number.update(dict.fromkeys(range(first, last + 1), span.timeline))
    # A stretch of no length leaves no segment of its own.
    wanted = range(start // size_bytes, (end - 1) // size_bytes + 1)
    return tuple(segment_name(by_number[n], n, size_bytes) for n in wanted if n in by_number)
