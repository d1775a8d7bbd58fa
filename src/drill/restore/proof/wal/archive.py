"""A WAL archive as it lies there: which segments lead from one position to another, and are they what their
names say. Of each only the first page's header is read here.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from drill.restore.proof.wal.names import (
    HISTORY,
    SEGMENT,
    Span,
    lsn_text,
    parse_history,
    segment_number,
    segments_of,
)

# XLogLongPageHeaderData: magic, info, timeline, page address, remaining length, (padding), system id,
# segment size, page size; src/include/access/xlog_internal.h.
_HEADER = struct.Struct("<HHIQIxxxxQII")
_LONG = 0x0002
_MAGIC_HIGH = 0xD1


@dataclass(frozen=True, slots=True)
class Log:
    """What there has to be of an archive from `start` to `end`: names of segments by number."""

    archive: Path
    size_bytes: int
    start: int
    end: int
    spans: tuple[Span, ...]
    wanted: dict[int, str]


def follow(archive: Path, start: int, end: int | None = None, timeline: int | None = None) -> Log:
    """Which segments lead from `start` to `end`; see `prove_wal`.

    FileNotFoundError when the archive is empty, ValueError when it does not say where its timelines part.
    """
    names = sorted(path.name for path in archive.iterdir() if SEGMENT.fullmatch(path.name))
    if not names:
        raise FileNotFoundError(f"There is no WAL segment in {archive.name}")
    size_bytes = _segment_size(archive, names)
    newest = timeline or _newest_timeline(archive, names)
    spans = _spans(archive, newest)
    end = end if end is not None else _end_of_newest(names, newest, size_bytes)
    if end <= start:
        raise ValueError(f"it ends at {lsn_text(end)}, before {lsn_text(start)} where it has to begin")
    wanted = {segment_number(n, size_bytes)[1]: n for n in segments_of(spans, start, end, size_bytes)}
    return Log(archive, size_bytes, start, end, spans, wanted)


def _segment_size(archive: Path, names: Sequence[str]) -> int:
    """From the first header that can be read."""
    for name in names:
        header = _header(archive / name)
        if header is not None and 1 << 20 <= header[5] <= 1 << 30 and header[5].bit_count() == 1:
            return int(header[5])
    raise ValueError("no segment begins with a header of WAL")


def _header(path: Path) -> tuple[int, ...] | None:
    """The fields of a segment's first page: magic, info, timeline, address, system id, segment size."""
    try:
        with path.open("rb") as file:
            data = file.read(_HEADER.size)
    except OSError:
        return None
    if len(data) < _HEADER.size:
        return None
    magic, info, timeline, address, _, sysid, size_bytes, _ = _HEADER.unpack(data)
    if magic >> 8 != _MAGIC_HIGH or not info & _LONG:
        return None
    return magic, info, timeline, address, sysid, size_bytes


def _newest_timeline(archive: Path, names: Sequence[str]) -> int:
    of_histories = [int(m[1], 16) for p in archive.iterdir() if (m := HISTORY.fullmatch(p.name))]
    return max([*of_histories, *(int(name[:8], 16) for name in names)])


def _spans(archive: Path, timeline: int) -> tuple[Span, ...]:
    """The way from the first ancestor to `timeline`; ValueError when its history is missing or wrong."""
    path = archive / f"{timeline:08X}.history"
    if path.is_file():
        return parse_history(timeline, path.read_text(encoding="utf-8", errors="replace"))
    if timeline == 1:
        return (Span(1, 0, None),)
    raise ValueError(f"{path.name} is missing, so nobody knows where timeline {timeline} begins")


def _end_of_newest(names: Sequence[str], timeline: int, size_bytes: int) -> int:
    mine = [n for n in names if int(n[:8], 16) == timeline] or list(names)
    return (segment_number(mine[-1], size_bytes)[1] + 1) * size_bytes


def headers(log: Log, sysid: int | None) -> tuple[list[str], list[int]]:
    """What is wrong with names and headers, and the numbers of the segments that can be read."""
    wrong, good = [], []
    for number, name in sorted(log.wanted.items()):
        fault, sysid = _fault_of(log, number, sysid)
        if fault:
            wrong.append(f"segment {name} {fault}")
        else:
            good.append(number)
    return wrong, good


def _fault_of(log: Log, number: int, sysid: int | None) -> tuple[str, int | None]:
    path = log.archive / log.wanted[number]
    if not path.is_file():
        return "is missing", sysid
    if (size := path.stat().st_size) != log.size_bytes:
        return f"has {size} of {log.size_bytes} bytes", sysid
    header = _header(path)
    if header is None:
        return "does not begin with a header of WAL", sysid
    _, _, timeline, address, own_sysid, _ = header
    if address != number * log.size_bytes:
        return f"holds the log at {lsn_text(address)}", sysid
    if timeline > int(path.name[:8], 16):
        return f"is of timeline {timeline}", sysid
    if sysid is not None and own_sysid != sysid:
        return f"is of another cluster ({own_sysid}, not {sysid})", sysid
    return "", own_sysid
