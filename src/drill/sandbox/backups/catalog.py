"""Where things lie in the object store, and what is written beside a base backup: Barman cloud's layout."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

SEGMENT_BYTES = 1 << 20
_SEGMENTS_PER_LOG = (1 << 32) // SEGMENT_BYTES
_LSN_LOW_BITS = 32
DATA, MANIFEST, INFO = "data.tar", "backup_manifest", "backup.info"
KEEP = "annotations/keep"  # Barman's own note that a backup is on hold; it holds one of:
STANDALONE = "standalone"  # and not the log since then; or `full`


def lsn(text: str) -> int:
    """A log position as a number."""
    high, _, low = text.partition("/")
    return (int(high, 16) << _LSN_LOW_BITS) + int(low, 16)


def segment(timeline: int, at: int) -> str:
    """The name of the log file that holds a position."""
    number = at // SEGMENT_BYTES
    return f"{timeline:08X}{number // _SEGMENTS_PER_LOG:08X}{number % _SEGMENTS_PER_LOG:08X}"


def wal_key(server: str, name: str) -> str:
    """Where a log file lies; a timeline's history has no folder of its own."""
    folder = "" if name.endswith(".history") else f"{name[:16]}/"
    return f"{server}/wals/{folder}{name}"


def base_key(server: str, backup_id: str, part: str) -> str:
    """Where a part of a base backup lies."""
    return f"{server}/base/{backup_id}/{part}"


@dataclass(frozen=True, slots=True)
class Taken:
    """A base backup, as its own manifest and the clock tell."""

    server: str
    began: datetime
    ended: datetime
    timeline: int
    first: str
    last: str
    system: str
    size_bytes: int
    label: str

    @property
    def backup_id(self) -> str:
        """Its name: when it began, as Barman writes it."""
        return self.began.strftime("%Y%m%dT%H%M%S")


def taken(server: str, began: datetime, ended: datetime, manifest: str, label: str, size: int) -> Taken:
    """What PostgreSQL's manifest says of a backup."""
    found = json.loads(manifest)
    span = found["WAL-Ranges"][-1]
    return Taken(
        server, began, ended, int(span["Timeline"]), span["Start-LSN"], span["End-LSN"],
        str(found["System-Identifier"]), size, label,
    )  # fmt: skip


def info(backup: Taken, version: int) -> str:
    """backup.info, as Barman reads it."""
    first, last = lsn(backup.first), lsn(backup.last)
    facts = {
        "backup_label": repr(backup.label),
        "begin_offset": first % SEGMENT_BYTES,
        "begin_time": backup.began.isoformat(),
        "begin_wal": segment(backup.timeline, first),
        "begin_xlog": backup.first,
        "data_checksums": "on",
        "end_offset": last % SEGMENT_BYTES,
        "end_time": backup.ended.isoformat(),
        "end_wal": segment(backup.timeline, last - 1),
        "end_xlog": backup.last,
        "mode": "concurrent",
        "server_name": backup.server,
        "size": backup.size_bytes,
        "status": "DONE",
        "systemid": backup.system,
        "timeline": backup.timeline,
        "version": version,
        "xlog_segment_size": SEGMENT_BYTES,
    }
    return "".join(f"{name}={value}\n" for name, value in facts.items())


def span(text: str) -> tuple[str, str]:
    """The log files that a backup begins and ends in, from its backup.info."""
    facts = dict(line.partition("=")[::2] for line in text.splitlines())
    return facts["begin_wal"], facts["end_wal"]
