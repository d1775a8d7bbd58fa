"""What everybody is told, as data: the services' configurations, the fault proxy's links, the target file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from drill.sandbox.layout import ZONES, Layout, link_name
from drill.sandbox.state import State

PROFILE = "lite"
PATIENTS = 200
_TURNS = "SELECT turn_id, call_sid, seq, digest FROM turn WHERE drill_id = %(run_id)s"
_PENDING = "SELECT count(*) FROM outbox WHERE delivered_at IS NULL"


def agent(
    layout: Layout, state: State, zone: str, dsn: str, defects: Sequence[str], settings: Mapping[str, str]
) -> dict[str, Any]:
    """A zone's voice agent."""
    address = layout.agent(zone)
    return {
        "zone": zone,
        "host": address.host,
        "port": address.port,
        "ehr_base": f"http://{layout.egress(zone)}/fhir",
        "dsn": dsn,
        "passfile": str(state.passfile),
        "truth": _truth(state, f"agent-{zone}"),
        "defects": list(defects),
        "settings": dict(settings),
    }


def ehr(layout: Layout, state: State) -> dict[str, Any]:
    """The health record service."""
    return {
        "host": layout.ehr.host,
        "port": layout.ehr.port,
        "database": str(state.root / "ehr.sqlite"),
        "truth": _truth(state, "ehr"),
        "patients": PATIENTS,
    }


def egress(layout: Layout, state: State) -> dict[str, Any]:
    """The counting relay between agents and fault proxy."""
    listeners = [
        {
            "link": link_name(zone),
            "host": layout.egress(zone).host,
            "port": layout.egress(zone).port,
            "to_host": layout.link(zone).host,
            "to_port": layout.link(zone).port,
        }
        for zone in ZONES
    ]
    return {
        "listeners": listeners,
        "metrics_host": layout.egress_metrics.host,
        "metrics_port": layout.egress_metrics.port,
        "truth": _truth(state, "egress"),
    }


def links(layout: Layout) -> list[dict[str, Any]]:
    """The fault proxy's links, as its `/populate` takes them."""
    return [
        {
            "name": link_name(zone),
            "listen": str(layout.link(zone)),
            "upstream": str(layout.ehr),
            "enabled": True,
        }
        for zone in ZONES
    ]


def _truth(state: State, name: str) -> str:
    return str(Path(state.truth) / f"{name}.jsonl")


def edge_url(layout: Layout) -> str:
    """Where callers connect."""
    return f"ws://{layout.edge}/media"


def target(layout: Layout, state: State, dsn: str, settings: Mapping[str, str]) -> str:
    """The target file: what a drill needs to know about this platform."""
    name = f"sandbox-{layout.instance}" if layout.instance else "sandbox"
    zones = "".join(_zone(name, layout, zone) for zone in ZONES)
    proxies = "".join(_link(name, layout, zone) for zone in ZONES)
    return f"""\
[target.{name}]
environment = "sandbox"
edge = "{edge_url(layout)}"
profile = "{PROFILE}"
{zones}
[target.{name}.breaker]
name = "ehr"
half_open_calls = {settings.get("breaker_trials", "1")}
wait = "{settings.get("breaker_wait_s", "5")}s"

[target.{name}.ehr]
direct = "http://{layout.ehr}/fhir"
probe_patient = "synthetic-0001"

[target.{name}.ehr.requests]
url = "http://{layout.egress_metrics}/metrics"
metric = "egress_requests_total"
label = "link"
{proxies}
[target.{name}.store]
dsn = "{dsn}"
passfile = "{state.passfile.name}"
turns = "{_TURNS}"
outbox_pending = "{_PENDING}"
"""


def _zone(name: str, layout: Layout, zone: str) -> str:
    agent_url = f"http://{layout.agent(zone)}"
    return f"""
[[target.{name}.zones]]
name = "{zone}"
health = "{agent_url}/health"
metrics = "{agent_url}/metrics"
"""


def _link(name: str, layout: Layout, zone: str) -> str:
    return f"""
[[target.{name}.ehr.links]]
zone = "{zone}"
proxy = "{link_name(zone)}"
api = "http://{layout.proxy_api}"
"""
