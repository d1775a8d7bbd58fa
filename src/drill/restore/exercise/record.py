"""What was seen, as events: a listing as it is, a check as it was said."""

from __future__ import annotations

import time
from collections.abc import Callable

from drill.model.event import Event
from drill.model.restore import Check
from drill.model.restore_events import PointSeen, PopulationListed, ProofChecked
from drill.restore.exercise.kept import Kept
from drill.restore.stores import BackupStore, RecoveryPoint

Tell = Callable[[Event], object]
Listed = tuple[tuple[RecoveryPoint, ...], tuple[str, ...]]


def list_points(tell: Tell, store: BackupStore, kept: Kept, region: str, when: str) -> Listed:
    """Points and log files, all that there are, written down as they are."""
    points, wal = store.points(), store.wal()
    for each in points:
        hold = kept.holds.get(each.name, "")
        tell(PointSeen(
            region, when, each.name, each.began_s, each.ended_s, each.size_bytes, each.whole, hold,
        ))  # fmt: skip
    useless = len(kept.useless(wal, points))
    tell(PopulationListed(region, when, store.query, len(points), len(wal), useless, time.time()))
    return points, wal


def tell_check(tell: Tell, check: Check) -> None:
    """A check as an event."""
    covered = check.coverage
    tell(ProofChecked(
        check.name, check.status.name, covered.covered, covered.total, covered.unit, check.detail,
        check.measured, check.limit, check.way, check.findings, check.took_s,
    ))  # fmt: skip
