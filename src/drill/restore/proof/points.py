"""`points.age`: the newest recovery point is young enough, and the oldest old enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drill.model.restore import Check, Coverage, concluded
from drill.model.units import seconds

NAME = "points.age"


@dataclass(frozen=True, slots=True)
class RecoveryPoint:
    """A backup that says of itself that it ended well. `ended_s`: when, in seconds since 1970, UTC."""

    name: str
    ended_s: float


@dataclass(frozen=True, slots=True)
class AgeLimits:
    """`newest_s`: how old the newest may be. `window_s`: how far back there has to be one; None for any."""

    newest_s: float
    window_s: float | None = None


def check_age(points: Sequence[RecoveryPoint], now_s: float, limits: AgeLimits) -> Check:
    """No point at all is a failure: a job that fails in silence leaves just that."""
    limit = seconds(limits.newest_s)
    if not points:
        why = "there is no recovery point"
        return concluded(NAME, Coverage(0, 0, "recovery points"), f"{why.capitalize()}.", [why], limit=limit)
    newest, oldest = max(points, key=lambda p: p.ended_s), min(points, key=lambda p: p.ended_s)
    age_s, reach_s = now_s - newest.ended_s, now_s - oldest.ended_s
    wrong = []
    if age_s > limits.newest_s:
        wrong.append(f"the newest recovery point, {newest.name}, is {seconds(age_s)} old")
    if age_s < 0:
        wrong.append(f"{newest.name} ended {seconds(-age_s)} from now: the clocks do not agree")
    if limits.window_s is not None and reach_s < limits.window_s:
        wrong.append(f"nothing older than {seconds(reach_s)} can be brought back")
    detail = f"Of {len(points)} recovery points the newest is {seconds(max(age_s, 0))} old"
    detail += f"; {wrong[0]}." if wrong else "."
    coverage = Coverage(len(points), len(points), "recovery points")
    return concluded(NAME, coverage, detail, wrong, measured=seconds(max(age_s, 0)), limit=limit)
