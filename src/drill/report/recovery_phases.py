"""The phases of a recovery as a table: when each was, how long after the one before, who tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drill.model.plan import Plan
from drill.model.units import seconds
from drill.objectives.phases import PhaseMark
from drill.report.cited import link
from drill.report.values import Cell, Row, Section
from drill.report.words import NOTHING
from drill.timeline import Timeline

_HEADS = ("Phase", "After the fault", "Since the phase before", "Told by", "Event")
NEVER = "never"
_ASIDE = (
    "Times run from the moment the loss was read back as applied. “never” is said where somebody watched "
    "and did not see it, “not watched” where nobody was there to see."
)


def section(
    plan: Plan, timeline: Timeline, marks: Sequence[PhaseMark], verdicts: Sequence[Row]
) -> tuple[Section, ...]:
    """The section of a drill that judges failover; nothing for others."""
    if plan.objectives.failover is None:
        return ()
    before = [None, *_latest(marks)]
    rows = tuple(_row(mark, at_s, timeline) for mark, at_s in zip(marks, before, strict=False))
    return (Section("phases", "Phases of recovery", tuple(verdicts), _HEADS, rows, _ASIDE),)


def _latest(marks: Sequence[PhaseMark]) -> list[float | None]:
    """For each mark its time, or that of the last one before it that has any."""
    found: list[float | None] = []
    for mark in marks:
        found.append(mark.t_s if mark.t_s is not None else (found[-1] if found else None))
    return found


def _row(mark: PhaseMark, before_s: float | None, timeline: Timeline) -> tuple[Cell, ...]:
    after = unseen(mark.name, timeline) if mark.t_s is None else span(mark.t_s)
    source, event = mark.source or NOTHING, link(mark.id) if mark.id else None
    return (Cell(mark.name), Cell(after), Cell(_since(mark, before_s)), Cell(source),
            Cell("" if event else NOTHING, event))  # fmt: skip


def _since(mark: PhaseMark, before_s: float | None) -> str:
    if mark.t_s is None or before_s is None:
        return NOTHING
    passed_s = mark.t_s - before_s
    return span(passed_s) if passed_s >= 0 else f"{span(-passed_s)} earlier"


def span(value_s: float) -> str:
    """A time relative to the fault; the sandbox's faults bite a moment before they are read back."""
    return seconds(value_s) if value_s >= 0 else f"{seconds(-value_s)} before"


def unseen(name: str, timeline: Timeline) -> str:
    """Why a phase has no time: `never`, `not watched`, or no fault at all."""
    if timeline.applied_s is None:
        return "no fault was applied"
    return NEVER if _watched(name, timeline) else "not watched"


def _watched(name: str, timeline: Timeline) -> bool:
    """Whether there was anybody who could have seen a phase."""
    watchers: Mapping[str, Sequence[object]] = {
        "detected": timeline.edges, "zone back": timeline.edges, "new primary": timeline.members,
        "redundancy restored": timeline.members,
    }  # fmt: skip
    return bool(watchers.get(name, timeline.steps))
