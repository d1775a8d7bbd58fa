"""The three numbers that are followed over time, and what their values are called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drill.model.plan import Plan
from drill.model.units import seconds
from drill.quarter.trial import Measures, Time, Trial
from drill.report.words import NOTHING


@dataclass(frozen=True, slots=True)
class Metric:
    """One number: its name, where it stands in a run, and the limit a plan sets for it (None: none)."""

    name: str
    short: str
    of: Callable[[Measures], Time | None]
    limit_s: Callable[[Plan], float | None]


def _within(plan: Plan) -> float | None:
    asked = plan.objectives
    if asked.restore is not None:
        return asked.restore.rto_s
    return asked.recovery.within_s if asked.recovery else None


def _may_lose(plan: Plan) -> float:
    return plan.objectives.restore.rpo_s if plan.objectives.restore else 0.0


def _noticed(plan: Plan) -> float | None:
    if plan.objectives.failover is not None:
        return plan.objectives.failover.detected_within_s
    return plan.objectives.breaker.opens_within_s if plan.objectives.breaker else None


RECOVERY = Metric("Time to recover (TTR)", "TTR", lambda m: m.recovery, _within)
DETECTION = Metric("Detection", "Detection", lambda m: m.detection, _noticed)
LOSS = Metric("Acknowledged data lost (RPO)", "RPO", lambda m: m.loss, _may_lose)
METRICS = (RECOVERY, DETECTION, LOSS)


def timed(metric: Metric, trials: Sequence[Trial]) -> list[tuple[Trial, Time]]:
    """The runs that tell this number, in order; shams and refusals tell none."""
    told = ((each, metric.of(each.measures)) for each in trials if each.real)
    return [(each, time) for each, time in told if time is not None]


def time_told(time: Time | None) -> str:
    """`10.1 s`, `over 30.0 s`, `0 s`, or that there is none."""
    if time is None:
        return NOTHING
    if time.open_end:
        return f"over {seconds(time.value_s)}"
    return "0 s" if time.value_s == 0 else seconds(time.value_s)


def interval_told(time: Time | None) -> str:
    """A run's own 95 % interval; "" where it has none."""
    if time is None or time.low_s is None or time.high_s is None:
        return ""
    return f"{seconds(time.low_s)} to {seconds(time.high_s)}"
