"""Damages that lie in what is claimed of a copy: it is older than said, or of another moment."""

from __future__ import annotations

from collections.abc import Sequence

from drill.model.restore import Check
from drill.restore.proof.controls.material import NotPlanted, Points, Restored
from drill.restore.proof.points import RecoveryPoint, check_age
from drill.restore.proof.wal.prefix import Target, check_target, expected
from drill.restore.proof.wal.transactions import COMMITS

Planted = tuple[str, Sequence[Check]]
_SECOND_US = 1_000_000


def stale_backup(points: Points) -> Planted:
    """The newest backup is from before the limit: the job ran last week for the last time."""
    limit_s = points.limits.newest_s
    old = [RecoveryPoint(p.name, p.ended_s) for p in points.points if points.now_s - p.ended_s > limit_s]
    if not old:
        newest = max(points.points, key=lambda p: p.ended_s, default=RecoveryPoint("backup", 0.0))
        old = [RecoveryPoint(newest.name, points.now_s - limit_s - 1.0)]
    return f"{old[-1].name} left as the newest backup", [check_age(old, points.now_s, points.limits)]


def wrong_second(restored: Restored) -> Planted:
    """The copy passes for one of a second later or earlier than it is."""
    for target in _nearby(restored):
        prefix = expected(restored.transactions, target)
        if prefix.stopped_by is not None and prefix.committed != restored.actual:
            said = f"the copy passed off as one of {target}"
            return said, [check_target(restored.transactions, target, restored.actual)]
    raise NotPlanted("within a second of the target no transaction ends, so no copy would look different")


def _nearby(restored: Restored) -> list[Target]:
    times = [r.at_us for r in restored.transactions if r.kind in COMMITS and r.xid in restored.actual]
    at_us = restored.target.time_us or max(times, default=0)
    return [Target(time_us=at_us + shift) for shift in (_SECOND_US, -_SECOND_US)]
