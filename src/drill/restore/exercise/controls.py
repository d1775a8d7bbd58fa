"""The damages that are planted in copies of the copy, so that everybody sees the proofs go red.

The copy has served its call and is stopped; what is damaged are copies of it, of its archive, of its backup.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from drill.model.restore_events import ControlRun
from drill.restore.exercise.proofs import Known
from drill.restore.exercise.record import Tell
from drill.restore.instance.isolation import Isolation
from drill.restore.instance.server import Layout, serving
from drill.restore.proof.controls.material import Archive, Backup, Copy, Material, Points, Replica
from drill.restore.proof.controls.run import run_controls
from drill.restore.proof.place import Place
from drill.restore.proof.points import AgeLimits
from drill.restore.proof.points import RecoveryPoint as Point
from drill.restore.stores import RecoveryPoint

START_WITHIN_S = 30.0
LATE = 3  # base backups that may be overdue before the newest counts as stale


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a restore leaves to plant damages on. `pristine`: the base backup as it was fetched."""

    tell: Tell
    pristine: Path
    points: tuple[RecoveryPoint, ...]
    oldest: RecoveryPoint
    known: Known
    layout: Layout
    programs: Path
    apart: Isolation
    database: str
    every_s: float


def run(grounds: Grounds, wanted: str, seed: int) -> None:
    """Plant what is wanted, and tell what came of each; nothing of it is left in the workspace."""
    scratch = grounds.layout.data.parent / "scratch"
    scratch.mkdir(mode=0o700)
    for control in run_controls(_material(grounds, scratch), wanted, seed):
        grounds.tell(
            ControlRun(
                control.damage,
                control.expects,
                str(control.outcome),
                control.detail,
                control.ran,
                control.red,
                control.took_s,
            )
        )


def _material(grounds: Grounds, scratch: Path) -> Material:
    layout, pristine = grounds.layout, grounds.pristine
    aged = [Point(each.name, each.ended_s) for each in grounds.points if each.whole]
    limits = AgeLimits(max(grounds.every_s * LATE, time.time() - max(each.ended_s for each in aged) + LATE))
    return Material(
        scratch=scratch,
        binaries=grounds.programs,
        copy=Copy(layout.data, lambda folder: _started(grounds, folder), grounds.database),
        archive=Archive(layout.archive, grounds.oldest.start),
        backup=Backup(pristine) if (pristine / "backup_manifest").is_file() else None,
        restored=grounds.known.restored,
        points=Points(aged, time.time(), limits),
        replica=Replica(layout.archive, layout.archive),
    )


@contextmanager
def _started(grounds: Grounds, folder: Path) -> Iterator[Place]:
    """A server on a copy of the copy, behind the same door."""
    layout = replace(grounds.layout, data=folder)
    with serving(layout, grounds.programs, None, grounds.apart) as server:
        server.recovered(time.monotonic() + START_WITHIN_S)
        yield server.place
