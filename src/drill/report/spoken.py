"""The picture in sentences, for who does not see it."""

from __future__ import annotations

from collections.abc import Sequence

from drill.model.plan import Plan
from drill.model.units import seconds
from drill.objectives.phases import PhaseMark
from drill.recovery_estimate import Recovery
from drill.report import subject
from drill.report.series import most_up
from drill.timeline import Timeline

# Of the phases of a recovery those that the sentences above them do not tell already.
TOLD = {
    "new primary": "a surviving zone held the primary",
    "zone back": "the edge sent calls to the zone again",
    "redundancy restored": "every copy of the store was whole",
}


def spoken(plan: Plan, timeline: Timeline, recovery: Recovery | None, marks: Sequence[PhaseMark] = ()) -> str:
    """The picture in sentences, for who does not see it."""
    up = most_up(timeline)
    parts = [f"{plan.title}: up to {up} calls at once, {len(timeline.turns)} turns."]
    parts.append(_fault_sentence(plan, timeline))
    worst = max((s.share for s in timeline.steps), default=0.0)
    parts.append(f"At worst {worst * 100:.0f} % of live calls were in breach." if up else "No call was up.")
    if recovery is not None and recovery.felt:
        again = f"well again {seconds(recovery.recovered_s)} after the fault was applied"
        parts.append(
            f"Callers were {again}." if recovery.sustained else "Callers were not well again for long enough."
        )
    if subject.of_breakers(plan, timeline):
        parts.append(_breaker_sentence(timeline))
    if subject.of_failover(plan):
        parts += [_mark_sentence(mark) for mark in marks if mark.name in TOLD]
    return " ".join(parts)


def _mark_sentence(mark: PhaseMark) -> str:
    what = TOLD[mark.name]
    if mark.t_s is None:
        return f"Nobody saw that {what}."
    return f"{what[0].upper()}{what[1:]} {seconds(mark.t_s)} after the fault was applied."


def _fault_sentence(plan: Plan, timeline: Timeline) -> str:
    if timeline.applied_s is None:
        aside = ": a backup was restored beside the platform" if subject.of_restore(plan) else ""
        return f"No fault was applied{aside}."
    if timeline.reverted_s is None:
        return "The fault was applied at second 0 and nothing says that it was reverted."
    held_s = timeline.reverted_s - timeline.applied_s
    return f"The fault was applied at second 0 and reverted after {seconds(held_s)}."


def _breaker_sentence(timeline: Timeline) -> str:
    if not any(path.samples for path in timeline.breakers):
        return "Nothing is known of the breakers."
    zones = sorted({t.zone for path in timeline.breakers for t in path.transitions if t.to_state == "open"})
    return f"Breakers opened in: {', '.join(zones)}." if zones else "No breaker opened."
