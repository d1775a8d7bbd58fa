"""Which processes make the platform, where each runs, and how it shows that it works.

Besides the zones a, b and c there is a fourth, `outside`: what callers and the EHR's owner run. It is
held together the same way, so that one rule ends everything.
"""

from __future__ import annotations

import sys
from typing import Any

from drill.sandbox import configs, defects, edge
from drill.sandbox.backups.parts import Backups
from drill.sandbox.checks import Check
from drill.sandbox.layout import ZONES, Address
from drill.sandbox.order import Order, proxy_program
from drill.sandbox.spec import Spec
from drill.sandbox.state import State
from drill.sandbox.yard import OUTSIDE, Store

__all__ = ["FAULT_PROXY", "HOMES", "OUTSIDE", "Spec", "proxy_command", "service_configs", "specs"]

HOMES = (*ZONES, OUTSIDE)
FAULT_PROXY = "faultproxy"


def service_configs(order: Order, state: State, store: Store) -> dict[str, dict[str, Any]]:
    """The configuration of every service that reads one, by process name."""
    layout = store.layout
    agents = {
        f"agent-{zone}": configs.agent(
            layout, state, zone, store.for_agent(zone), order.defects, order.agents
        )
        for zone in ZONES
    }
    return (
        agents
        | dict(store.service_configs())
        | {
            "ehr": configs.ehr(layout, state),
            "stages": configs.stages(layout, order.agents),
            "egress": configs.egress(layout, state),
            "edge": edge.configuration(layout, defects.parse(list(order.defects))),
        }
    )


def specs(order: Order, state: State, store: Store, envoy: str, backups: Backups | None = None) -> list[Spec]:
    """All processes, in the order of a reader's interest."""
    layout = store.layout
    agents = [
        Spec(
            f"agent-{zone}",
            zone,
            _service("agent", state, f"agent-{zone}"),
            Check(layout.agent(zone), "/health"),
        )
        for zone in ZONES
    ]
    outside = [
        Spec(
            "edge",
            OUTSIDE,
            tuple(edge.arguments(envoy, state.configs / "edge.json")),
            Check(layout.edge_admin, "/ready"),
        ),
        Spec("ehr", OUTSIDE, _service("ehr", state, "ehr"), Check(layout.ehr, "/health")),
        Spec("stages", OUTSIDE, _service("stages", state, "stages"), Check(layout.stage("model"), "/health")),
        Spec(
            FAULT_PROXY,
            OUTSIDE,
            proxy_command(order.proxy, layout.proxy_api),
            Check(layout.proxy_api, "/version"),
        ),
        Spec(
            "egress", OUTSIDE, _service("egress", state, "egress"), Check(layout.egress_metrics, "/metrics")
        ),
    ]
    return [*agents, *store.specs(), *outside, *(backups.specs() if backups else [])]


def _service(module: str, state: State, name: str) -> tuple[str, ...]:
    return (
        sys.executable,
        "-m",
        f"drill.sandbox.{module}",
        "--config",
        str(state.configs / f"{name}.json"),
    )


def proxy_command(wanted: str, api: Address) -> tuple[str, ...]:
    """The fault proxy's command line."""
    program = proxy_program(wanted)
    if program is None:
        return (
            sys.executable,
            "-m",
            "drill.sandbox.faultproxy",
            "--host",
            api.host,
            "--port",
            str(api.port),
        )
    return (program, "-host", api.host, "-port", str(api.port))
