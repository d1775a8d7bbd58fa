"""Key figures of a zone or service drill: how long callers suffered, what was lost, when all was whole."""

from __future__ import annotations

from collections.abc import Sequence

from drill.model.plan import Plan
from drill.model.units import seconds
from drill.objectives.phases import PhaseMark
from drill.objectives.remediation import RESTARTED
from drill.recovery_estimate import Recovery
from drill.report import callers, callers_hit, ledger, subject
from drill.report.recovery_phases import NEVER, unseen
from drill.report.values import Figure, Row
from drill.report.words import NOTHING
from drill.timeline import Timeline


def figures(
    plan: Plan,
    timeline: Timeline,
    recovery: Recovery | None,
    marks: Sequence[PhaseMark],
    saved: ledger.Saved | None,
    rows: Sequence[Row],
) -> tuple[Figure, ...]:
    """What somebody will quote of a lost zone, or of a service that was."""
    felt, recovered, _ = callers.recovery_figures(plan, recovery)
    return (
        felt,
        recovered,
        *(_store_figures(marks, timeline) if subject.of_failover(plan) else ()),
        *(_restarted(row) for row in rows if row.objective == RESTARTED),
        ledger.figure(saved),
        callers_hit.figure(timeline),
        callers.calls_figure(timeline),
        callers.turns_figure(timeline),
    )


def _restarted(row: Row) -> Figure:
    return Figure(
        "The service ran again after", row.measured or NOTHING, f"limit {row.limit}" if row.limit else ""
    )


def _store_figures(marks: Sequence[PhaseMark], timeline: Timeline) -> tuple[Figure, ...]:
    return (
        _phase("New primary after", "new primary", marks, timeline),
        _phase("Redundancy restored after", "redundancy restored", marks, timeline),
    )


def _phase(label: str, name: str, marks: Sequence[PhaseMark], timeline: Timeline) -> Figure:
    mark = next((m for m in marks if m.name == name), None)
    source = mark.source if mark else ""
    if mark is not None and mark.t_s is not None:
        return Figure(label, seconds(mark.t_s), f"told by {source}" if source else "")
    why = unseen(name, timeline)
    if why == NEVER:
        return Figure(label, why, f"not seen by {source}" if source else "")
    return Figure(label, NOTHING, why)
