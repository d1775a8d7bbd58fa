"""Read the breaker and the request counter out of Prometheus text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import lru_cache

from prometheus_client.parser import text_string_to_metric_families

from drill.model.events import BreakerSample

_PREFIX = "resilience4j_circuitbreaker"
_Sample = tuple[str, Mapping[str, str], float]
_RANK = ("open", "forced_open", "half_open", "disabled", "metrics_only", "closed")


def _samples(text: str, of: str) -> tuple[_Sample, ...]:
    """Samples of metrics whose name begins so. A page is read several times a second beside the platform:
    lines that do not speak of it are left out before they are parsed, and what says the same is not again."""
    return _parsed("\n".join(line for line in text.split("\n") if of in line))


@lru_cache(maxsize=64)
def _parsed(lines: str) -> tuple[_Sample, ...]:
    families = text_string_to_metric_families(lines + "\n")
    return tuple((it.name, it.labels, it.value) for family in families for it in family.samples)


def breaker_sample(zone: str, breaker: str, text: str) -> BreakerSample:
    """One zone's breaker as its metrics page tells it; `ok` is false when the breaker is not on it."""
    states: set[str] = set()
    calls = {"successful": 0, "failed": 0}
    not_permitted, transitions = 0, {}
    for name, labels, value in _samples(text, _PREFIX):
        if labels.get("name") != breaker:
            continue
        if name == f"{_PREFIX}_state" and value == 1:
            states.add(labels["state"])
        elif name == f"{_PREFIX}_calls_seconds_count" and labels.get("kind") in calls:
            calls[labels["kind"]] += int(value)
        elif name == f"{_PREFIX}_not_permitted_calls_total":
            not_permitted += int(value)
        elif name == f"{_PREFIX}_state_transitions_total":
            transitions[f"{labels['from_state']}>{labels['to_state']}"] = int(value)
    state = next((state for state in _RANK if state in states), "")
    detail = "" if state else f"no {_PREFIX}_state with name={breaker!r} on the metrics page"
    packed = json.dumps(transitions, sort_keys=True, separators=(",", ":")) if transitions else ""
    return BreakerSample(
        zone, bool(state), state, calls["successful"], calls["failed"], not_permitted, packed, detail
    )


def counters(text: str, metric: str, label: str) -> dict[str, int]:
    """The counter's value by the given label's value."""
    return {
        labels[label]: int(value)
        for name, labels, value in _samples(text, metric)
        if name == metric and label in labels
    }


def gauge(text: str, metric: str) -> int:
    """The sum of a gauge over all its labels, rounded up; ValueError when the page does not have it, or
    tells what no number of calls can be."""
    values = [value for name, _, value in _samples(text, metric) if name == metric]
    if not values:
        raise ValueError(f"no {metric} on the metrics page")
    if not all(0 <= value < math.inf for value in values):
        raise ValueError(f"{metric} is {values[0]}, which is no number of calls")
    return math.ceil(sum(values))
