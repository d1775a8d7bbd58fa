"""The port: what a restore has to know of a store of backups, and nothing of how it keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from drill.model.errors import WorldError
from drill.restore.proof.objects import Object
from drill.restore.proof.wal.names import HISTORY, SEGMENT

_TIMELINE_DIGITS = 8


class TornError(WorldError):
    """A base backup is there and cannot be unpacked: it is not whole."""


@dataclass(frozen=True, slots=True)
class RecoveryPoint:
    """A base backup, as the store tells of it.

    Attributes:
        name: unique in its store; names sort by time.
        began_s, ended_s: in seconds since 1970, UTC.
        first_wal: the log file that replay begins in; "" when the store does not tell.
        start, end: log positions where it begins and from where on it is consistent.
        system: the cluster's identifier, "" when the store does not tell.
        version: PostgreSQL's major version, 0 when the store does not tell.
        whole: the store calls it done.
    """

    name: str
    began_s: float
    ended_s: float
    size_bytes: int
    timeline: int
    first_wal: str
    start: int
    end: int
    system: str
    version: int
    whole: bool


class BackupStore(Protocol):
    """A place that backups are read from. Every method may raise WorldError."""

    @property
    def query(self) -> str:
        """How its points are listed, for whoever wants to ask again."""

    def points(self) -> tuple[RecoveryPoint, ...]:
        """Every base backup, oldest first, those that are not whole as well."""

    def wal(self) -> tuple[str, ...]:
        """Names of the archived log files and histories, sorted."""

    def fetch_base(self, point: RecoveryPoint, into: Path) -> None:
        """Bring a base backup into an empty folder, ready for a server; its manifest stays in it."""

    def fetch_wal(self, names: Sequence[str], into: Path) -> None:
        """Bring log files into a folder, plain and under their names."""

    def keys(self) -> frozenset[str]:
        """Names of everything that it holds of this server, as `inventory` has them."""

    def inventory(self) -> Mapping[str, Object]:
        """Everything that it holds of this server, read to its end."""


def needed(names: Sequence[str], point: RecoveryPoint) -> tuple[str, ...]:
    """Of the archived names those that a replay from a point on may want: not older ones, and histories."""
    least = point.first_wal[_TIMELINE_DIGITS:]
    return tuple(
        name
        for name in names
        if HISTORY.fullmatch(name) or (SEGMENT.fullmatch(name) and name[_TIMELINE_DIGITS:] >= least)
    )
