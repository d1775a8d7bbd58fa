"""What damages are planted on, all of it made by the drill before.

A part that is not given makes its controls void, never green.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from drill.restore.proof.erasure import Column
from drill.restore.proof.place import Place
from drill.restore.proof.points import AgeLimits, RecoveryPoint
from drill.restore.proof.wal.prefix import Target
from drill.restore.proof.wal.transactions import Transactions

# Starts a server on a data folder of its own and gives a superuser's place; stopped when left. What it needs
# of owner and rights on the folder is its affair. It runs without autovacuum: nothing moves but what we move.
Starter = Callable[[Path], AbstractContextManager[Place]]


class NotPlanted(Exception):  # noqa: N818  # no error: the control is void, and this says why
    """The damage could not be done, so nobody knows whether it would have been seen."""


@dataclass(frozen=True, slots=True)
class Copy:
    """The restored copy: its data folder, cleanly stopped and out of recovery, and the database in it."""

    folder: Path
    start: Starter
    database: str


@dataclass(frozen=True, slots=True)
class Archive:
    """A WAL archive as `prove_wal` takes it."""

    folder: Path
    start: int
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Backup:
    """A base backup's folder with its manifest; `known`: the manifest's digest as it was kept elsewhere."""

    folder: Path
    known: str | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore was told and what it brought: see `check_target`."""

    transactions: Transactions
    target: Target
    actual: frozenset[int]


@dataclass(frozen=True, slots=True)
class Points:
    """What `check_age` was asked."""

    points: Sequence[RecoveryPoint]
    now_s: float
    limits: AgeLimits


@dataclass(frozen=True, slots=True)
class Replica:
    """Both regions as folders."""

    source: Path
    replica: Path


@dataclass(frozen=True, slots=True)
class Erased:
    """Who was erased, at least one, and where they could be."""

    persons: Sequence[str]
    columns: Sequence[Column]


@dataclass(frozen=True, slots=True)
class Material:
    """See the module. `scratch`: an empty folder, best on the others' file system: links need no room."""

    scratch: Path
    binaries: Path
    copy: Copy | None = None
    archive: Archive | None = None
    backup: Backup | None = None
    restored: Restored | None = None
    points: Points | None = None
    replica: Replica | None = None
    erased: Erased | None = None
