"""An agent's figures for Prometheus, under the names resilience4j gives a circuit breaker's.

Theory: read the breaker when asked instead of counting twice; one source cannot disagree
with itself. State is three 0/1 gauges; the failure rate is -1 until there are enough calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from drill.sandbox.breaker import LEGAL, Guard, Kind, State, failure_rate

EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
_PREFIX = "resilience4j_circuitbreaker"


@dataclass(slots=True, eq=False)
class AgentFigures(Collector):
    """Collected at scrape time; `guards` are the breakers by name."""

    guards: Mapping[str, Guard]
    active_calls: Callable[[], int]
    outbox_pending: Callable[[], int]
    capacity: int
    rejected_calls: Callable[[], int]
    real_calls: Callable[[], int]

    def collect(self) -> Iterator[Metric]:
        """All families."""
        yield self._state()
        yield self._calls()
        yield self._not_permitted()
        yield self._transitions()
        yield self._rate()
        yield self._buffered()
        yield GaugeMetricFamily("agent_active_calls", "Calls up", value=self.active_calls())
        yield GaugeMetricFamily("agent_real_calls", "Calls not said to be synthetic", value=self.real_calls())
        yield GaugeMetricFamily("agent_capacity_calls", "Calls admitted at a time", value=self.capacity)
        yield CounterMetricFamily("agent_rejected_calls", "Calls refused: full", value=self.rejected_calls())
        yield GaugeMetricFamily("agent_outbox_pending", "Notes not delivered", value=self.outbox_pending())

    def _state(self) -> Metric:
        family = GaugeMetricFamily(f"{_PREFIX}_state", "1 for the present state", labels=["name", "state"])
        for name, guard in self.guards.items():
            for state in State:
                family.add_metric([name, state], float(guard.breaker.state is state))
        return family

    def _calls(self) -> Metric:
        family = SummaryMetricFamily(f"{_PREFIX}_calls_seconds", "Calls made", labels=["name", "kind"])
        for name, guard in self.guards.items():
            for kind in Kind:
                family.add_metric([name, kind], guard.calls[kind], guard.spent_s[kind])
        return family

    def _not_permitted(self) -> Metric:
        family = CounterMetricFamily(
            f"{_PREFIX}_not_permitted_calls", "Calls refused", labels=["name", "kind"]
        )
        for name, guard in self.guards.items():
            family.add_metric([name, "not_permitted"], guard.not_permitted)
        return family

    def _transitions(self) -> Metric:
        labels = ["name", "from_state", "to_state"]
        family = CounterMetricFamily(f"{_PREFIX}_state_transitions", "Changes of state", labels=labels)
        for name, guard in self.guards.items():
            for before, after in sorted(LEGAL):
                family.add_metric([name, before, after], guard.transitions[before, after])
        return family

    def _rate(self) -> Metric:
        family = GaugeMetricFamily(
            f"{_PREFIX}_failure_rate", "Percent; -1 below the minimum", labels=["name"]
        )
        for name, guard in self.guards.items():
            results = guard.breaker.results
            known = len(results) >= guard.policy.minimum
            family.add_metric([name], failure_rate(results) * 100 if known else -1.0)
        return family

    def _buffered(self) -> Metric:
        family = GaugeMetricFamily(
            f"{_PREFIX}_buffered_calls", "Calls in the window", labels=["name", "kind"]
        )
        for name, guard in self.guards.items():
            results = guard.breaker.results
            family.add_metric([name, Kind.SUCCESSFUL], results.count(True))
            family.add_metric([name, Kind.FAILED], results.count(False))
        return family


def registry(figures: AgentFigures) -> CollectorRegistry:
    """A registry of these figures only."""
    made = CollectorRegistry()
    made.register(figures)
    return made


def exposition(made: CollectorRegistry) -> bytes:
    """The text a scraper reads."""
    return generate_latest(made)
