"""What of a store has to stay: the newest points, by the policy, and whatever somebody put on hold.

A point that is old and still there because it is on hold promises nothing but itself: the log after it may be
gone. So nothing newer is restored from it, and it does not count in how far back one can go. One that is held
`full` keeps its log up to now and is as good as any.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from drill.model.errors import WorldError
from drill.model.target import Backups
from drill.restore.proof.wal.names import SEGMENT, segment_name, segment_number
from drill.restore.stores import RecoveryPoint

FULL, STANDALONE = "full", "standalone"
_REMARK = "#"
_TIMELINE_DIGITS = 8


def read_holds(path: Path) -> dict[str, str]:
    """The register of points on hold: name, and full (when it does not say) or standalone. WorldError when it
    cannot be read."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WorldError(f"the register of points on hold {path} cannot be read: {error}") from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        name, _, kind = line.strip().partition(" ")
        if not name or name.startswith(_REMARK):
            continue
        found[name] = kind.strip() or FULL
        if found[name] not in (FULL, STANDALONE):
            said = f"{path}:{number}: a point is held {FULL} or {STANDALONE}, not {found[name]!r}"
            raise WorldError(f"{said}; write `NAME {STANDALONE}`")
    return found


@dataclass(frozen=True, slots=True)
class Kept:
    """`keep`: the policy's number; `holds`: names of points on hold, with full or standalone."""

    keep: int
    segment_bytes: int
    holds: Mapping[str, str] = field(default_factory=dict)

    def promised(self, points: Sequence[RecoveryPoint]) -> tuple[RecoveryPoint, ...]:
        """All but those that are there only because they are on hold, and without the log since."""
        newest = {p.name for p in sorted((p for p in points if p.whole), key=_ended_s)[-self.keep :]}
        return tuple(p for p in points if p.name in newest or self.holds.get(p.name) != STANDALONE)

    def useless(self, names: Iterable[str], points: Sequence[RecoveryPoint]) -> tuple[str, ...]:
        """Log files that no whole point needs, be it promised or on hold."""
        whole = [p for p in points if p.whole]
        least = min((p.first_wal[_TIMELINE_DIGITS:] for p in self.promised(whole)), default="")
        spared = {n[_TIMELINE_DIGITS:] for p in whole if p.name in self.holds for n in self.log_of(p)}
        parts = {name: name[_TIMELINE_DIGITS:] for name in names if SEGMENT.fullmatch(name)}
        return tuple(sorted(name for name, part in parts.items() if part < least and part not in spared))

    def log_of(self, point: RecoveryPoint) -> tuple[str, ...]:
        """The log files without which a point is of no use at all."""
        if not SEGMENT.fullmatch(point.first_wal):
            return ()
        timeline, first = segment_number(point.first_wal, self.segment_bytes)
        last = max(first, (point.end - 1) // self.segment_bytes)
        return tuple(segment_name(timeline, n, self.segment_bytes) for n in range(first, last + 1))


def kept_by(backups: Backups, segment_bytes: int) -> Kept:
    """As target and register say; one that cannot be read holds nothing here, which its proof tells."""
    try:
        holds = read_holds(backups.held) if backups.held else {}
    except WorldError:
        holds = {}
    return Kept(backups.keep, segment_bytes, holds)


def _ended_s(point: RecoveryPoint) -> float:
    return point.ended_s
