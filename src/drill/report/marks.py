"""Moments worth a line through all lanes: the fault, what callers felt, and what the platform did."""

from __future__ import annotations

from collections.abc import Sequence

from drill.model.plan import Plan
from drill.model.units import seconds
from drill.objectives.phases import PhaseMark
from drill.objectives.recovery import first_open
from drill.objectives.restore import SERVED
from drill.objectives.zone_loss import losses
from drill.recovery_estimate import Recovery
from drill.report import subject
from drill.report.picture import Mark
from drill.report.words import minus
from drill.timeline import Timeline

# The phases of a recovery that have a line; first breach and recovery have theirs already.
NAMED = {"new primary": "new primary", "zone back": "zone back", "redundancy restored": "redundant"}


def marks(
    plan: Plan, timeline: Timeline, recovery: Recovery | None, phases: Sequence[PhaseMark] = ()
) -> tuple[Mark, ...]:
    """All of them, relative to the fault; the picture finds each a place."""
    zero_s, found = timeline.t0_s, []
    for fault in timeline.faults:
        if fault.applied_s is not None:
            found.append(Mark(fault.applied_s - zero_s, "fault applied", "fault-mark"))
        if fault.reverted_s is not None:
            at_s = fault.reverted_s - zero_s
            found.append(Mark(at_s, f"reverted {signed(at_s)}", "fault-mark"))
    opened = first_open(timeline) if subject.of_breakers(plan, timeline) else None
    if opened is not None:
        found.append(Mark(opened[0], f"first breaker open {signed(opened[0])}", "plain-mark"))
    if recovery is not None and recovery.felt:
        found += _felt(recovery)
        limit = plan.objectives.recovery
        if limit is not None:
            found.append(Mark(limit.within_s, f"recovery limit {signed(limit.within_s)}", "limit-mark"))
    found += [*_phases(timeline, phases), *_restore(timeline)]
    return tuple(dict.fromkeys(found))


def _phases(timeline: Timeline, phases: Sequence[PhaseMark]) -> list[Mark]:
    """Phases count from the loss of a zone, the picture from the first fault, which may be an earlier one."""
    lost = losses(timeline)
    later_s = lost[0].applied_s - timeline.t0_s if lost else 0.0
    times = [(NAMED[p.name], p.t_s + later_s) for p in phases if p.name in NAMED and p.t_s is not None]
    return [Mark(t_s, f"{name} {signed(t_s)}", "phase-mark") for name, t_s in times]


def _restore(timeline: Timeline) -> list[Mark]:
    copy = timeline.restored
    if copy is None:
        return []
    served, begun = copy.mark(SERVED), Mark(copy.begun_s - timeline.t0_s, "restore begun", "plain-mark")
    after = f"copy served after {seconds(served.t_s - copy.begun_s)}" if served else ""
    return [begun, *([Mark(served.t_s - timeline.t0_s, after, "phase-mark")] if served else [])]


def _felt(recovery: Recovery) -> list[Mark]:
    found = []
    if recovery.detected_s is not None:
        found.append(Mark(recovery.detected_s, f"felt {signed(recovery.detected_s)}", "plain-mark"))
    if recovery.sustained:
        at_s, low_s, high_s = recovery.recovered_s, recovery.low_s, recovery.high_s
        found.append(Mark(at_s, f"recovered {signed(at_s)}", "recovered-mark", low_s, high_s))
    return found


def signed(value_s: float) -> str:
    """`+2.1 s`: a moment relative to the fault."""
    return minus(f"{value_s:+.1f} s")
