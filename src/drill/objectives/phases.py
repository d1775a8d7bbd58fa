"""The phases of a recovery, each a time with its source: what a report draws above its lanes.

    fault ─ first breach ─ detected ─ new primary ─ first good turn ─ sustained ─ zone back ─ redundancy

Nothing is judged here: a phase that nobody saw has no time, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from drill.model.plan import Plan
from drill.timeline import Timeline


@dataclass(frozen=True, slots=True)
class PhaseMark:
    """One phase: `t_s` seconds after the fault was applied (None: not seen), `source` who tells it in
    plain words, `id` the event that proves it ("" without one)."""

    name: str
    t_s: float | None
    source: str
    id: str


NAMES = (
    "fault", "first breach", "detected", "new primary", "first good turn", "sustained", "zone back",
    "redundancy restored",
)  # fmt: skip


def phases(plan: Plan, timeline: Timeline) -> tuple[PhaseMark, ...]:
    """All of NAMES in that order, whatever was seen; without an applied fault none has a time."""
    del plan, timeline  # the marks follow
    return tuple(PhaseMark(name, None, "", "") for name in NAMES)
