"""What a restore is asked for, and which of the points that there are will do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drill.model.chance import seeded
from drill.model.errors import WorldError
from drill.restore.instance.settings import KINDS, Goal
from drill.restore.stores import RecoveryPoint

RULES = ("newest", "random")
REGIONS = ("main", "replica")
CONTROLS = ("none", "sample", "all")


@dataclass(frozen=True, slots=True)
class Order:
    """One restore.

    Attributes:
        to: latest, time, name or lsn.
        before_s: with a time: so long before the restore begins.
        point: newest or random among those that will do.
        region: main or replica.
        controls: how many damages are planted in copies: none, sample or all.
        within_s: the deadline of everything from its beginning to its call.
    """

    to: str = "latest"
    before_s: float = 10.0
    point: str = "newest"
    region: str = "main"
    controls: str = "sample"
    within_s: float = 120.0
    seed: int = 0

    def problems(self) -> list[str]:
        """What of it cannot be."""
        known = {
            "to": (self.to, KINDS), "point": (self.point, RULES), "region": (self.region, REGIONS),
            "controls": (self.controls, CONTROLS),
        }  # fmt: skip
        wrong = [
            f"{key} {value!r} is none of {', '.join(words)}"
            for key, (value, words) in known.items()
            if value not in words
        ]
        return wrong + ([] if self.within_s > 0 and self.before_s >= 0 else ["a time below zero"])


def chosen(points: Sequence[RecoveryPoint], goal: Goal, rule: str, seed: int) -> tuple[RecoveryPoint, int]:
    """The point to restore, and how many would have done; WorldError when none will.

    One that became consistent only after the goal would be replayed past it.
    """
    fit = [point for point in points if point.whole and _reaches(point, goal)]
    if not fit:
        if not points:
            raise WorldError("there is no backup: nothing could be brought back")
        raise WorldError(f"{len(points)} base backups are there, none of them whole and old enough")
    if rule == "random":
        return seeded(seed).choice(fit), len(fit)
    return max(fit, key=lambda point: point.ended_s), len(fit)


def _reaches(point: RecoveryPoint, goal: Goal) -> bool:
    if goal.kind == "time":
        return point.ended_s * 1e6 <= goal.utc_us
    return point.end <= goal.lsn if goal.lsn else True
