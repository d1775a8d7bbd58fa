"""What everybody is told, as data: the services' configurations, the fault proxy's links, the target file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from drill.sandbox.layout import STAGES, ZONES, Layout, link_name, stage_name, wire_name
from drill.sandbox.state import State
from drill.sandbox.yard import Store, Wire

PATIENTS = 200
CAPACITY = "40"
_TURNS = (
    "SELECT turn_id, call_sid, seq, digest, (extract(epoch FROM created_at) * 1000000)::bigint "
    "FROM turn WHERE drill_id = %(run_id)s"
)
# A request to each of speech and model that a stranger may make.
ASKED = {
    "recognition": ("/recognise", '{"call": "probe", "seq": 0, "votes": [15, 0, 0]}'),
    "model": ("/reply", '{"call": "probe", "seq": 0, "intent": "chat", "outcome": "full"}'),
    "synthesis": ("/speak", '{"call": "probe", "seq": 0, "text": "hello", "degraded": false}'),
}
_PENDING = "SELECT count(*) FROM outbox WHERE delivered_at IS NULL"


def agent(
    layout: Layout,
    state: State,
    zone: str,
    store: Mapping[str, Any],
    defects: Sequence[str],
    settings: Mapping[str, str],
) -> dict[str, Any]:
    """A zone's voice agent; `store` says how it finds the store."""
    address = layout.agent(zone)
    return {
        "zone": zone,
        "host": address.host,
        "port": address.port,
        "ehr_base": f"http://{layout.egress(zone)}/fhir",
        **store,
        "passfile": str(state.passfile),
        "truth": _truth(state, f"agent-{zone}"),
        "stages": {name: f"http://{layout.stage_link(name, zone)}" for name in STAGES},
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


def stages(layout: Layout, settings: Mapping[str, str]) -> dict[str, Any]:
    """The services that hear, think and speak."""
    return {"listen": {name: str(layout.stage(name)) for name in STAGES}, "settings": dict(settings)}


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


def wires(store: Store) -> list[Wire]:
    """Every way between places that a drill may cut, the links to the EHR not counted."""
    layout = store.layout
    voice = [
        Wire(wire_name("voice", "edge", zone), "voice", "edge", zone, layout.voice(zone), layout.agent(zone))
        for zone in ZONES
    ]
    return [*voice, *store.wires()]


def links(store: Store) -> list[dict[str, Any]]:
    """All that runs through the fault proxy, as its `/populate` takes it."""
    layout = store.layout
    ehr = [(link_name(zone), layout.link(zone), layout.ehr) for zone in ZONES]
    stages = [
        (stage_name(stage, zone), layout.stage_link(stage, zone), layout.stage(stage))
        for stage in STAGES
        for zone in ZONES
    ]
    found = ehr + stages + [(wire.name, wire.listen, wire.upstream) for wire in wires(store)]
    return [
        {"name": name, "listen": str(listen), "upstream": str(upstream), "enabled": True}
        for name, listen, upstream in found
    ]


def _truth(state: State, name: str) -> str:
    return str(Path(state.truth) / f"{name}.jsonl")


def edge_url(layout: Layout) -> str:
    """Where callers connect."""
    return f"ws://{layout.edge}/media"


def target(store: Store, profile: str, settings: Mapping[str, str]) -> str:
    """The target file: what a drill needs to know about this platform."""
    layout = store.layout
    name = layout.name
    capacity = settings.get("capacity", CAPACITY)
    zones = "".join(_zone(name, layout, zone, capacity) for zone in ZONES)
    proxies = "".join(_link(name, layout, zone) for zone in ZONES)
    stages = "".join(_stage(name, layout, stage, zone) for stage in STAGES for zone in ZONES)
    members = "".join(_member(name, zone, str(at)) for zone, at in store.status_addresses().items())
    return f"""\
[target.{name}]
environment = "sandbox"
edge = "{edge_url(layout)}"
profile = "{profile}"
control = "http://{layout.control}"
edge_admin = "http://{layout.edge_admin}"
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
dsn = "{store.dsn}"
passfile = "{store.state.passfile.name}"
turns = "{_TURNS}"
outbox_pending = "{_PENDING}"
{members}{stages}{"".join(_wire(name, layout, wire) for wire in wires(store))}
[target.{name}.guards.real_calls]
metric = "agent_real_calls"
max = 0
"""


def _zone(name: str, layout: Layout, zone: str, capacity: str) -> str:
    agent_url = f"http://{layout.agent(zone)}"
    return f"""
[[target.{name}.zones]]
name = "{zone}"
health = "{agent_url}/health"
metrics = "{agent_url}/metrics"
capacity = {capacity}
"""


def _link(name: str, layout: Layout, zone: str) -> str:
    return f"""
[[target.{name}.ehr.links]]
zone = "{zone}"
proxy = "{link_name(zone)}"
api = "http://{layout.proxy_api}"
"""


def _member(name: str, zone: str, status: str) -> str:
    return f"""
[[target.{name}.store.members]]
zone = "{zone}"
status = "http://{status}"
"""


def _stage(name: str, layout: Layout, stage: str, zone: str) -> str:
    path, body = ASKED[stage]
    return f"""
[[target.{name}.stages]]
stage = "{stage}"
zone = "{zone}"
proxy = "{stage_name(stage, zone)}"
api = "http://{layout.proxy_api}"
probe = "http://{layout.stage(stage)}{path}"
ask = '{body}'
"""


def _wire(name: str, layout: Layout, wire: Wire) -> str:
    return f"""
[[target.{name}.wires]]
carries = "{wire.carries}"
source = "{wire.source}"
zone = "{wire.zone}"
proxy = "{wire.name}"
api = "http://{layout.proxy_api}"
"""
