"""What a drill is about, and so which lanes, figures and sections its report has.

A zone drill is one that judges what only a zone drill can, or that took a zone away: the witness of
its fault names a way and a zone (`direct/a:refused`). All others are about the EHR, whose faults show
on every zone's link as a plain outcome (`timeout`).
"""

from __future__ import annotations

from drill.model.plan import Plan
from drill.timeline import Timeline


def of_zones(plan: Plan, timeline: Timeline) -> bool:
    """Whether the report has the lanes and figures of zones and store members."""
    asked = plan.objectives
    groups = (asked.failover, asked.in_flight, asked.capacity, asked.remediation)
    return any(group is not None for group in groups) or bool(ways(timeline))


def ways(timeline: Timeline) -> tuple[str, ...]:
    """The ways on which the run's zone faults show: `direct` of `direct/a:refused`, each once."""
    found = (fault.witness.partition("/") for fault in timeline.faults)
    return tuple(dict.fromkeys(way for way, slash, _ in found if slash))


def of_breakers(plan: Plan, timeline: Timeline) -> bool:
    """Whether the breakers and the EHR's requests belong to the story."""
    return plan.objectives.breaker is not None or _on_links(timeline) or not of_zones(plan, timeline)


def of_links(plan: Plan, timeline: Timeline) -> bool:
    """Whether the witness is the drill's own request through every zone's EHR link."""
    return _on_links(timeline) or (not timeline.faults and of_breakers(plan, timeline))


def _on_links(timeline: Timeline) -> bool:
    return any("/" not in fault.witness for fault in timeline.faults)
