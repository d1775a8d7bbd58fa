"""Was the platform well before it was touched, and was it really under the load that was planned?"""

from __future__ import annotations

import math

from drill.model.plan import Plan
from drill.model.verdicts import Verdict
from drill.objectives.calls import BROKEN, settled_turns
from drill.objectives.open_spells import CLOSED, samples_within
from drill.objectives.percentile import TURNS_MIN
from drill.objectives.say import count, passed, percent, unknown, zones
from drill.objectives.turn_windows import within
from drill.objectives.under_load import LOAD, load
from drill.recovery_estimate import live_means
from drill.timeline import Span, Timeline

BASELINE = "integrity.baseline"
NAMES = (BASELINE, LOAD)
DEFAULT_SHARE = 0.05


def judge(plan: Plan, timeline: Timeline) -> tuple[Verdict, ...]:
    """See the module."""
    return _baseline(plan, timeline), load(plan, timeline)


def _baseline(plan: Plan, timeline: Timeline) -> Verdict:
    span = timeline.baseline
    if span is None or span.length_s <= 0:
        return unknown(BASELINE, "There was no baseline: nobody knows whether the platform was well before.")
    most = plan.objectives.recovery.back_share if plan.objectives.recovery else DEFAULT_SHARE
    up, breached = live_means(timeline.steps, span.start_s, span.end_s)
    share = breached / up if up else math.inf
    turns = within(settled_turns(timeline), span)
    wrong = [] if len(turns) >= TURNS_MIN else [_few(len(turns))]
    if up and share > most:
        wrong.append(f"{percent(share)} of live calls were in breach")
    wrong += _hang_ups(timeline, span)
    if plan.objectives.breaker:
        wrong += _breakers(plan, timeline, span)
    limit = f"at most {percent(most)} in breach"
    measured = percent(share) if up else ""
    because = [p.id for p in timeline.phases if p.name == "baseline"]
    if wrong:
        sentence = f"The platform was not shown to be well before the fault: {'; '.join(wrong)}."
        return unknown(BASELINE, sentence, measured=measured, limit=limit, because=because)
    sentence = (
        f"Before the fault, {measured} of live calls were in breach over {len(turns)} turns, and nothing was "
        "dropped."
    )
    return passed(BASELINE, sentence, measured=measured, limit=limit, because=because)


def _few(turns: int) -> str:
    what_to_do = "lengthen phases.baseline or raise load.concurrency"
    return f"only {count(turns, 'turn')} of the {TURNS_MIN} it takes were over in it ({what_to_do})"


def _hang_ups(timeline: Timeline, span: Span) -> list[str]:
    lost = [c for c in timeline.calls if c.outcome in BROKEN and c.end_s < span.end_s]
    return [f"{count(len(lost), 'call')} dropped, abandoned or refused"] if lost else []


def _breakers(plan: Plan, timeline: Timeline, span: Span) -> list[str]:
    found = []
    for zone in plan.zones:
        samples = samples_within(timeline.breaker(zone).samples, span)
        if not samples or timeline.silent("breaker", zone, span):
            found.append(f"the breaker of {zones([zone])} could not be read")
        elif any(p.state != CLOSED for p in samples):
            found.append(f"the breaker of {zones([zone])} was not closed")
    return found
