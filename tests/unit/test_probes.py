"""What a probe's answer is called."""

from __future__ import annotations

import json

import pytest

from drill.probes.classify import answer
from drill.probes.prometheus import breaker_sample, counters


def bundle(*patients: str) -> bytes:
    entries = [{"resource": {"resourceType": "Patient", "identifier": [{"value": p}]}} for p in patients]
    return json.dumps({"resourceType": "Bundle", "entry": entries}).encode()


@pytest.mark.parametrize(
    ("status", "body", "latency_s", "outcome"),
    [
        (200, bundle("p1"), 0.01, "ok"),
        (200, bundle("p1"), 4.0, "slow"),
        (200, bundle("p2"), 0.01, "wrong_patient"),
        (200, bundle(), 0.01, "wrong_patient"),
        (503, b"", 0.01, "http_5xx"),
        (404, b"", 0.01, "error"),
        (200, b"<html>", 0.01, "error"),
        (200, b"[]", 0.01, "error"),
    ],
)
def test_an_answer_has_one_name(status: int, body: bytes, latency_s: float, outcome: str) -> None:
    """Only the asked patient, in time, in a Bundle, is ok."""
    assert answer(status, body, latency_s, "p1")[0] == outcome


PAGE = """
# TYPE resilience4j_circuitbreaker_state gauge
resilience4j_circuitbreaker_state{name="ehr",state="closed"} 0.0
resilience4j_circuitbreaker_state{name="ehr",state="open"} 1.0
resilience4j_circuitbreaker_state{name="other",state="closed"} 1.0
# TYPE resilience4j_circuitbreaker_not_permitted_calls counter
resilience4j_circuitbreaker_not_permitted_calls_total{name="ehr",kind="not_permitted"} 7.0
# TYPE resilience4j_circuitbreaker_state_transitions counter
resilience4j_circuitbreaker_state_transitions_total{name="ehr",from_state="closed",to_state="open"} 2.0
# TYPE resilience4j_circuitbreaker_calls_seconds summary
resilience4j_circuitbreaker_calls_seconds_count{name="ehr",kind="failed"} 5.0
resilience4j_circuitbreaker_calls_seconds_count{name="ehr",kind="successful"} 11.0
"""


def test_a_breaker_is_read_by_its_name() -> None:
    """State, calls, refusals and transitions of that breaker, and no other's."""
    sample = breaker_sample("a", "ehr", PAGE)
    assert (sample.ok, sample.state, sample.successful, sample.failed) == (True, "open", 11, 5)
    assert (sample.not_permitted, sample.transitions) == (7, '{"closed>open":2}')


def test_a_missing_breaker_is_no_closed_breaker() -> None:
    """A page without the breaker gives a sample that is not ok."""
    sample = breaker_sample("a", "payments", PAGE)
    assert not sample.ok
    assert "payments" in sample.detail


def test_counters_are_read_by_label() -> None:
    """One value per label value."""
    text = '# TYPE egress_requests counter\negress_requests_total{link="ehr-a"} 3\n'
    assert counters(text, "egress_requests_total", "link") == {"ehr-a": 3}
