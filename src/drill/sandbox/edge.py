"""The edge: an Envoy configuration, as data.

Calls are long WebSockets, so balance counts what is open (least request over all hosts, not over
two at random), and a dead zone must be noticed by its silence. Defaults that would spoil a drill
and why they are set: an idle cluster is checked once a minute (`no_traffic_interval`); with
most hosts ill Envoy panics and uses them all (`healthy_panic_threshold`); a passing health
check takes an ejected host back early; a closed WebSocket lingers for a second (`delayed_close_timeout`);
of several zones that change within a second the second one is held back (`update_merge_window`), so that
calls that arrive as the platform becomes ready would all go to one zone.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from drill.sandbox.layout import ZONES, Address, Layout

_CONNECTIONS = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
_ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
_LEAST = "type.googleapis.com/envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest"
_STREAM_LOG = "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog"


def program() -> str | None:
    """Where Envoy is installed; its console script is Python and would stand in between."""
    spec = find_spec("envoy")
    places = [] if spec is None else list(spec.submodule_search_locations or [])
    return next((str(path) for place in places if (path := Path(place) / "_bin" / "envoy").is_file()), None)


def arguments(binary: str, config: Path) -> list[str]:
    """The command line: one worker is plenty and keeps the balance exact."""
    return [
        binary,
        "-c",
        str(config),
        "--concurrency",
        "1",
        "--disable-hot-restart",
        "--log-level",
        "warning",
    ]


def configuration(layout: Layout) -> dict[str, Any]:
    """Envoy's bootstrap configuration."""
    return {
        "node": {"id": f"edge-{layout.instance}", "cluster": "edge"},
        "admin": {"address": _address(layout.edge_admin)},
        "layered_runtime": {
            "layers": [
                {"name": "static", "static_layer": {}},
                {"name": "admin", "admin_layer": {}},
            ]
        },
        "static_resources": {"listeners": [_listener(layout)], "clusters": [_agents(layout)]},
    }


def _address(address: Address) -> dict[str, Any]:
    return {"socket_address": {"address": address.host, "port_value": address.port}}


def _listener(layout: Layout) -> dict[str, Any]:
    manager = {
        "@type": f"{_CONNECTIONS}.HttpConnectionManager",
        "stat_prefix": "edge",
        "delayed_close_timeout": "0.05s",
        "stream_idle_timeout": "0s",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "access_log": [{"name": "stdout", "typed_config": {"@type": _STREAM_LOG}}],
        "http_filters": [{"name": "router", "typed_config": {"@type": _ROUTER}}],
        "route_config": {"virtual_hosts": [{"name": "voice", "domains": ["*"], "routes": [_route()]}]},
    }
    chain = {"filters": [{"name": "http", "typed_config": manager}]}
    return {"name": "voice", "address": _address(layout.edge), "filter_chains": [chain]}


def _route() -> dict[str, Any]:
    """Retry only what never reached a zone: a call that has begun must not begin twice."""
    retry = {
        "retry_on": "connect-failure,refused-stream",
        "num_retries": 2,
        "host_selection_retry_max_attempts": 5,
        "retry_host_predicate": [
            {
                "name": "envoy.retry_host_predicates.previous_hosts",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.retry.host"
                    ".previous_hosts.v3.PreviousHostsPredicate"
                },
            }
        ],
    }
    return {
        "match": {"prefix": "/"},
        "route": {"cluster": "agents", "timeout": "0s", "retry_policy": retry},
    }


def _agents(layout: Layout) -> dict[str, Any]:
    return {
        "name": "agents",
        "type": "STATIC",
        "connect_timeout": "0.5s",
        "load_balancing_policy": {
            "policies": [
                {
                    "typed_extension_config": {
                        "name": "least_request",
                        "typed_config": {"@type": _LEAST, "selection_method": "FULL_SCAN"},
                    }
                }
            ]
        },
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}, "update_merge_window": "0s"},
        "load_assignment": {"cluster_name": "agents", "endpoints": [_zone(layout, zone) for zone in ZONES]},
        "health_checks": [_health_check()],
        "outlier_detection": _outliers(),
        "circuit_breakers": {
            "thresholds": [{"max_connections": 4096, "max_requests": 4096, "track_remaining": True}]
        },
    }


def _zone(layout: Layout, zone: str) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": _address(layout.agent(zone))}}
    return {"locality": {"zone": zone}, "lb_endpoints": [endpoint]}


def _health_check() -> dict[str, Any]:
    return {
        "timeout": "1s",
        "interval": "0.5s",
        "no_traffic_interval": "0.5s",
        "no_traffic_healthy_interval": "0.5s",
        "unhealthy_interval": "0.25s",
        "unhealthy_threshold": 2,
        "healthy_threshold": 1,
        "http_health_check": {"path": "/health"},
    }


def _outliers() -> dict[str, Any]:
    return {
        "consecutive_5xx": 5,
        "consecutive_gateway_failure": 3,
        "interval": "1s",
        "base_ejection_time": "5s",
        "max_ejection_percent": 67,
        "successful_active_health_check_uneject_host": False,
    }
