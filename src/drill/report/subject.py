"""What a drill is about, and so which lanes, figures and sections its report has.

A drill that restores is about the copy, and hurts nobody. A zone drill is one that judges what only a zone
drill can, or that took a zone away: the witness of its fault names a way and a zone (`direct/a:refused`). A
drill that judges what callers hear, and nothing of zones or the EHR, is about the voice, on whatever wire its
fault shows. All others are about the EHR, whose faults show on every zone's link as a plain outcome
(`timeout`).
"""

from __future__ import annotations

from drill.definition.stages import STAGES
from drill.model.plan import Plan
from drill.timeline import Timeline


def of_restore(plan: Plan) -> bool:
    """Whether the key figures are those of a restored copy."""
    return plan.objectives.restore is not None


def of_zones(plan: Plan, timeline: Timeline) -> bool:
    """Whether the report has the lanes and figures of zones and store members."""
    return _judges_zones(plan) or (bool(ways(timeline)) and not of_voice(plan))


def of_voice(plan: Plan) -> bool:
    """Whether the key figures are those of what callers heard."""
    asked = plan.objectives
    of_ehr = asked.breaker is not None or asked.ehr_writes is not None
    return asked.voice is not None and not of_ehr and not _judges_zones(plan)


def _judges_zones(plan: Plan) -> bool:
    asked = plan.objectives
    groups = (asked.failover, asked.in_flight, asked.capacity, asked.remediation)
    return any(group is not None for group in groups)


def of_failover(plan: Plan) -> bool:
    """Whether something had to take over: of what lost nothing, nobody waits to see it whole again."""
    return plan.objectives.failover is not None


def of_stages(timeline: Timeline) -> bool:
    """Whether speech or the model was hurt: their links are the witness."""
    return any(way in STAGES for way in ways(timeline))


def ways(timeline: Timeline) -> tuple[str, ...]:
    """The ways on which the run's zone faults show: `direct` of `direct/a:refused`, each once."""
    found = (fault.witness.partition("/") for fault in timeline.faults)
    return tuple(dict.fromkeys(way for way, slash, _ in found if slash))


def of_breakers(plan: Plan, timeline: Timeline) -> bool:
    """Whether the breakers and the EHR's requests belong to the story."""
    if plan.objectives.breaker is not None:
        return True
    if of_restore(plan):
        return False
    return not of_voice(plan) and (_on_links(timeline) or not of_zones(plan, timeline))


def of_links(plan: Plan, timeline: Timeline) -> bool:
    """Whether the witness is the drill's own request through every zone's EHR link."""
    if of_voice(plan):
        return False
    return _on_links(timeline) or (not timeline.faults and of_breakers(plan, timeline))


def _on_links(timeline: Timeline) -> bool:
    return any("/" not in fault.witness for fault in timeline.faults)
