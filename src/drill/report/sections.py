"""Parts of the report that only some drills ask for, in the order of the page.

Each takes its sentences from the verdicts and its numbers from the functions that found them.
"""

from __future__ import annotations

from collections.abc import Sequence

from drill.model.plan import Plan
from drill.report import callers_hit, heard, ledger, restored, room
from drill.report.values import Row, Section
from drill.timeline import Timeline


def sections(
    plan: Plan, timeline: Timeline, rows: Sequence[Row], saved: ledger.Saved | None
) -> tuple[Section, ...]:
    """All that this drill asked for."""
    return (
        *heard.section(plan, timeline, of(rows, "voice")),
        *ledger.section(plan, timeline, of(rows, "turns"), saved),
        *callers_hit.section(plan, timeline, of(rows, "in_flight")),
        *room.section(plan, timeline, of(rows, "capacity")),
        *restored.section(plan, timeline, of(rows, "restore")),
    )


def of(rows: Sequence[Row], group: str) -> tuple[Row, ...]:
    """The verdicts of one group."""
    return tuple(row for row in rows if row.objective.partition(".")[0] == group)
