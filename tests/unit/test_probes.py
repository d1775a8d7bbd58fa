"""What a probe's answer is called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from drill.model.target import Target, Wire, Zone
from drill.probes.classify import answer
from drill.probes.doors import through, wires_to
from drill.probes.edge import edge_samples
from drill.probes.members import member_sample
from drill.probes.prometheus import breaker_sample, counters
from drill.probes.services import WRITE_EVERY_S, Services, service_samples


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
        (200, b'{"resourceType": "Bundle", "entry": [7]}', 0.01, "error"),
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


# --- the edge ---


def hosts(*marks: tuple[str, dict[str, Any]]) -> str:
    """The edge's page, with one host for each (zone, health status)."""
    statuses = [{"locality": {"zone": zone}, "health_status": health} for zone, health in marks]
    other = {"name": "elsewhere", "host_statuses": [{"address": {}}]}
    return json.dumps({"cluster_statuses": [other, {"name": "agents", "host_statuses": statuses}]})


@pytest.mark.parametrize(
    ("health", "healthy", "ejected"),
    [
        ({"eds_health_status": "HEALTHY"}, True, False),
        ({}, True, False),
        ({"eds_health_status": "HEALTHY", "failed_active_health_check": True}, False, False),
        ({"eds_health_status": "HEALTHY", "failed_outlier_check": True}, False, True),
        ({"pending_active_hc": True, "failed_active_health_check": True}, False, False),
        ({"eds_health_status": "UNHEALTHY"}, False, False),
        ({"eds_health_status": "DEGRADED", "failed_active_degraded_check": True}, True, False),
    ],
)
def test_a_host_is_in_use_unless_marked(health: dict[str, Any], healthy: bool, ejected: bool) -> None:
    """Degraded hosts are still sent calls; those that failed, wait or were ejected are not."""
    [sample] = edge_samples(["a"], hosts(("a", health)))
    assert (sample.ok, sample.healthy, sample.ejected) == (True, healthy, ejected)


def test_a_zone_is_in_use_when_any_of_its_hosts_is() -> None:
    """And ejected only when all of them are."""
    [sample] = edge_samples(["a"], hosts(("a", {"failed_outlier_check": True}), ("a", {})))
    assert (sample.healthy, sample.ejected) == (True, False)


def test_of_a_zone_that_the_edge_does_not_list_nothing_is_known() -> None:
    """No host is no good health and no bad health."""
    samples = edge_samples(["a", "b"], hosts(("a", {})))
    assert [(s.zone, s.ok) for s in samples] == [("a", True), ("b", False)]


@pytest.mark.parametrize("page", ["", "[]", "{}", '{"cluster_statuses": 3}'])
def test_a_page_that_is_none_of_the_edge_is_an_error(page: str) -> None:
    """Its caller makes it a sample that is not ok."""
    with pytest.raises(ValueError, match=r".+"):
        edge_samples(["a"], page)


# --- the store's members ---


@pytest.mark.parametrize(
    ("said", "role", "sync", "streaming"),
    [
        ({"role": "primary", "state": "running", "timeline": 3}, "primary", False, False),
        ({"role": "master", "state": "running"}, "primary", False, False),
        ({"role": "primary", "state": "unknown"}, "", False, False),
        ({"role": "replica", "state": "running", "replication_state": "streaming", "sync_standby": True},
         "replica", True, True),
        ({"role": "replica", "state": "running", "replication_state": "in archive recovery"},
         "replica", False, False),
        ({"role": "replica", "state": "running"}, "replica", False, False),
        ({"role": "replica", "state": "starting", "replication_state": "streaming"}, "replica", False, False),
        ({"role": "demoted", "state": "stopping"}, "", False, False),
    ],
)  # fmt: skip
def test_a_member_is_what_it_says_while_it_runs(
    said: dict[str, Any], role: str, sync: bool, streaming: bool
) -> None:
    """A primary that does not run is none; a replica that does not stream does not follow."""
    sample = member_sample("a", json.dumps(said))
    assert (sample.ok, sample.role, sample.sync, sample.streaming) == (True, role, sync, streaming)
    assert (sample.state, sample.timeline) == (said["state"], said.get("timeline", 0))


@pytest.mark.parametrize("page", ["", "[]", "{}", "null"])
def test_a_page_that_is_no_member_is_an_error(page: str) -> None:
    """Its caller makes it a sample that is not ok."""
    with pytest.raises(ValueError, match=r".+"):
        member_sample("a", page)


# --- the services ---


def control(restarts: int = 0, pid: int | None = 7) -> str:
    """The page of a zone control with two services in zone a."""
    agent = {"state": "up", "pid": pid, "restarts": restarts, "commanded": 0}
    etcd = {"state": "up", "pid": 8, "restarts": 0, "commanded": 0}
    return json.dumps({"zones": {"a": {"state": "up", "services": {"etcd-a": etcd, "agent-a": agent}}}})


def test_services_are_told_one_by_one() -> None:
    """In the order of their names; a zone that the control does not know is unknown."""
    samples = service_samples(["a", "b"], control(restarts=2, pid=None))
    assert [(s.zone, s.service, s.ok, s.pid, s.restarts) for s in samples] == [
        ("a", "agent-a", True, 0, 2), ("a", "etcd-a", True, 8, 0), ("b", "", False, 0, 0),
    ]  # fmt: skip


@pytest.mark.parametrize("page", ["[]", "{}", '{"zones": {"a": {"services": {"x": 1}}}}'])
def test_a_page_that_is_no_zone_control_is_an_error(page: str) -> None:
    """Its caller makes it a sample that is not ok."""
    with pytest.raises(ValueError, match=r".+"):
        service_samples(["a"], page)


def test_only_news_of_services_is_written() -> None:
    """At once when something changed, otherwise every two seconds."""
    services = Services("", ["a"])
    first, changed = service_samples(["a"], control()), service_samples(["a"], control(restarts=1))
    assert services.news(first, 10.0) == first
    assert services.news(first, 10.5) == []
    assert [s.service for s in services.news(changed, 11.0)] == ["agent-a"]
    assert [s.service for s in services.news(changed, 10.0 + WRITE_EVERY_S)] == ["etcd-a"]
    assert [s.service for s in services.news(changed, 11.0 + WRITE_EVERY_S)] == ["agent-a"]


# --- the doors ---


def test_each_zone_has_its_wires() -> None:
    """The voice wire from the edge, and the first of the replication wires."""
    zone = Zone("a", "http://127.0.0.1:1/healthz", "")
    wires = tuple(
        Wire(carries, source, to, f"{carries}-{source}-{to}", "http://api")
        for carries, source, to in (
            ("wal", "c", "a"), ("wal", "b", "a"), ("wal", "a", "b"), ("sql", "b", "a"),
            ("voice", "edge", "a"),
        )
    )  # fmt: skip
    target = Target("t", "sandbox", "ha", "", (zone,), None, None, None, "", Path(), wires=wires)
    voice, wal = wires_to(target, zone)
    assert voice is not None
    assert wal is not None
    assert (voice.proxy, wal.proxy) == ("voice-edge-a", "wal-b-a")
    assert wires_to(target, Zone("b", "", ""))[0] is None


def test_the_same_page_is_asked_for_through_a_wire() -> None:
    """Only the address changes."""
    assert through("http://10.0.0.1:80/healthz?x=1", "127.0.0.1:9") == "http://127.0.0.1:9/healthz?x=1"


def test_of_a_real_patient_no_name_is_kept() -> None:
    """Only who was asked for, and that it was somebody else."""
    outcome, detail = answer(200, bundle("Jane Doe, MRN 4711"), 0.01, "synthetic-0001")
    assert (outcome, detail) == ("wrong_patient", "asked for synthetic-0001, got [withheld]")
    assert answer(200, bundle("synthetic-0199"), 0.01, "synthetic-0001")[1].endswith("got synthetic-0199")
