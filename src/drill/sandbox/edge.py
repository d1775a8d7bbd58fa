"""The edge: an Envoy configuration, as data.

Calls are long WebSockets, so balance counts what is open. The least loaded of nine random picks is
nearly always the least loaded of all, but not always: a full scan would choose a zone that has just
lost its calls again and again, also for the retry that is meant to go elsewhere. A dead zone
must be noticed by its silence. Defaults that would spoil a drill
and why they are set: an idle cluster is checked once a minute (`no_traffic_interval`); with
most hosts ill Envoy panics and uses them all (`healthy_panic_threshold`); a passing health
check takes an ejected host back early; a closed WebSocket lingers for a second (`delayed_close_timeout`);
of several zones that change within a second the second one is held back (`update_merge_window`), so that
calls that arrive as the platform becomes ready would all go to one zone.

Two hops, both in here: calls are balanced over `agents`, and each zone's calls then go through a TCP
proxy of their own. Envoy ends what is open on a host that has become ill for TCP only; an HTTP connection
it lets finish, and a call to a frozen zone never would. Where the TCP proxy leads is a wire of the fault
proxy, for the health check too: a zone that callers cannot reach is ill, however well it feels.

A call that has not begun may begin elsewhere; one that has begun (its upgrade was answered) is never
begun twice: Envoy repeats nothing after a response.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from drill.sandbox.defects import Defect, Defects
from drill.sandbox.envoy import CONNECTIONS, ROUTER, address
from drill.sandbox.layout import ZONES, Layout

_LEAST = "type.googleapis.com/envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest"
_RETRY_ON = "connect-failure,refused-stream,reset-before-request,reset,retriable-status-codes"
_TCP_PROXY = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"
_INTERNAL = "type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener"
_HTTP = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
AGENTS = "agents"
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


def configuration(layout: Layout, defects: Defects = frozenset()) -> dict[str, Any]:
    """Envoy's bootstrap configuration."""
    lies = Defect.HEALTH_CHECK_LIES in defects
    return {
        "node": {"id": f"edge-{layout.instance}", "cluster": "edge"},
        "admin": {"address": address(layout.edge_admin)},
        "layered_runtime": {
            "layers": [
                {"name": "static", "static_layer": {}},
                {"name": "admin", "admin_layer": {}},
            ]
        },
        "bootstrap_extensions": [{"name": "internal", "typed_config": {"@type": _INTERNAL}}],
        "static_resources": {
            "listeners": [_listener(layout, {} if lies else _elsewhere()), *(_hop(zone) for zone in ZONES)],
            "clusters": [
                _agents(layout) | ({} if lies else _checked() | _outliers()),
                *(_wire(layout, zone) | ({} if lies else _checked() | _CLOSING) for zone in ZONES),
            ],
        },
    }


def _listener(layout: Layout, retry: dict[str, Any]) -> dict[str, Any]:
    manager = {
        "@type": f"{CONNECTIONS}.HttpConnectionManager",
        "stat_prefix": "edge",
        "delayed_close_timeout": "0.05s",
        "stream_idle_timeout": "0s",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "access_log": [{"name": "stdout", "typed_config": {"@type": _STREAM_LOG}}],
        "http_filters": [{"name": "router", "typed_config": {"@type": ROUTER}}],
        "route_config": {"virtual_hosts": [{"name": "voice", "domains": ["*"], "routes": [_route(retry)]}]},
    }
    chain = {"filters": [{"name": "http", "typed_config": manager}]}
    return {"name": "voice", "address": address(layout.edge), "filter_chains": [chain]}


def _route(retry: dict[str, Any]) -> dict[str, Any]:
    return {"match": {"prefix": "/"}, "route": {"cluster": AGENTS, "timeout": "0s"} | retry}


def _elsewhere() -> dict[str, Any]:
    """Try another zone for what no zone has answered, or one has answered with 503 (it is full)."""
    policy = {
        "retry_on": _RETRY_ON,
        "retriable_status_codes": [503],
        "num_retries": 2,
        # For the answer to the upgrade only: what has begun may be as quiet as it likes.
        "per_try_timeout": "1.5s",
        "host_selection_retry_max_attempts": 300,
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
    return {"retry_policy": policy}


def _agents(layout: Layout) -> dict[str, Any]:
    return {
        "name": AGENTS,
        "type": "STATIC",
        "connect_timeout": "0.5s",
        "load_balancing_policy": {
            "policies": [
                {
                    "typed_extension_config": {
                        "name": "least_request",
                        "typed_config": {"@type": _LEAST, "choice_count": 9},
                    }
                }
            ]
        },
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}, "update_merge_window": "0s"},
        "load_assignment": {"cluster_name": AGENTS, "endpoints": [_zone(layout, zone) for zone in ZONES]},
        "circuit_breakers": _PLENTY,
    }


def _zone(layout: Layout, zone: str) -> dict[str, Any]:
    """A zone, reached through its hop; asked for its health without that detour."""
    endpoint = {
        "address": {"envoy_internal_address": {"server_listener_name": _hop_name(zone)}},
        "health_check_config": {"address": address(layout.voice(zone))},
    }
    return {"locality": {"zone": zone}, "lb_endpoints": [{"endpoint": endpoint}]}


def _hop_name(zone: str) -> str:
    return f"voice-{zone}"


def _hop(zone: str) -> dict[str, Any]:
    """A listener that only this process reaches: on to the wire into one zone."""
    name = _hop_name(zone)
    proxy = {"@type": _TCP_PROXY, "stat_prefix": name, "cluster": name, "idle_timeout": "0s"}
    chain = {"filters": [{"name": "tcp", "typed_config": proxy}]}
    return {"name": name, "internal_listener": {}, "filter_chains": [chain]}


def _wire(layout: Layout, zone: str) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": address(layout.voice(zone))}}
    name = _hop_name(zone)
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "0.5s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "circuit_breakers": _PLENTY,
    }


# Retries, too: by default three may be under way at a time, and a lost zone's callers come all at once.
_MOST = 4096
_PLENTY = {
    "thresholds": [
        {
            "max_connections": _MOST,
            "max_pending_requests": _MOST,
            "max_requests": _MOST,
            "max_retries": _MOST,
            "track_remaining": True,
        }
    ]
}

# A frozen zone's sockets stay open: without this its callers would listen to silence until they
# give up. Ended at once instead, they can call again and land where somebody answers.
_CLOSING = {"close_connections_on_host_health_failure": True}


def _checked() -> dict[str, Any]:
    check = {
        "timeout": "1s",
        "interval": "0.5s",
        "no_traffic_interval": "0.5s",
        "no_traffic_healthy_interval": "0.5s",
        "unhealthy_interval": "0.25s",
        "unhealthy_threshold": 2,
        "healthy_threshold": 1,
        "http_health_check": {"path": "/health"},
    }
    return {"health_checks": [check]}


def _outliers() -> dict[str, Any]:
    """Eject a zone that fails calls. A zone that is full says 503 and is not ill: that is no failure.

    Nor is a connection that the zone closes: Envoy would count it as one, and every call that is over
    ends so. A zone that closes too early is for the health check.
    """
    failure = {"name": ":status", "string_match": {"safe_regex": {"regex": "5(0[^3]|[^0].)"}}}
    options = {
        "@type": _HTTP,
        "explicit_http_config": {"http_protocol_options": {}},
        "outlier_detection": {"error_matcher": {"http_response_headers_match": {"headers": [failure]}}},
    }
    detection = {
        "consecutive_5xx": 5,
        "consecutive_gateway_failure": 3,
        "split_external_local_origin_errors": True,
        "enforcing_consecutive_local_origin_failure": 0,
        "enforcing_local_origin_success_rate": 0,
        "interval": "1s",
        "base_ejection_time": "5s",
        "max_ejection_percent": 67,
        "successful_active_health_check_uneject_host": False,
    }
    return {
        "outlier_detection": detection,
        "typed_extension_protocol_options": {_HTTP.rpartition("/")[2]: options},
    }
