"""The way from each zone's etcd to the others, as an Envoy configuration.

Theory: etcd knows its peers by one address each, the same in every zone, so a proxy in front of a
peer cannot tell who comes through. But etcd's peer transport obeys HTTP_PROXY. Each zone's etcd is
given a listener of its own here, which knows from its port who is asking and from the request who
is meant, and sends it on through the fault proxy's wire for that pair. The peers are advertised
under addresses of the documentation net (RFC 5737), which no connection is ever made to: for
loopback addresses Go's HTTP client would leave the proxy out.
"""

from __future__ import annotations

from typing import Any

from drill.sandbox.envoy import CONNECTIONS, ROUTER, address
from drill.sandbox.layout import ZONES, Layout, wire_name

CONSENSUS = "consensus"


def peer_name(zone: str) -> str:
    """How a zone's etcd is called by its peers."""
    return f"192.0.2.{ZONES.index(zone) + 1}:2380"


def configuration(layout: Layout) -> dict[str, Any]:
    """Envoy's bootstrap configuration."""
    return {
        "node": {"id": f"mesh-{layout.instance}", "cluster": "mesh"},
        "admin": {"address": address(layout.mesh_admin)},
        "static_resources": {
            "listeners": [_listener(layout, zone) for zone in ZONES],
            "clusters": [
                _cluster(layout, source, zone) for source in ZONES for zone in ZONES if source != zone
            ],
        },
    }


def _listener(layout: Layout, source: str) -> dict[str, Any]:
    routes = [
        {
            "name": zone,
            "domains": [peer_name(zone)],
            # A stream between peers lasts as long as the peers.
            "routes": [
                {"match": {"prefix": "/"}, "route": {"cluster": _name(source, zone), "timeout": "0s"}}
            ],
        }
        for zone in ZONES
        if zone != source
    ]
    manager = {
        "@type": f"{CONNECTIONS}.HttpConnectionManager",
        "stat_prefix": source,
        "stream_idle_timeout": "0s",
        "http_filters": [{"name": "router", "typed_config": {"@type": ROUTER}}],
        "route_config": {"virtual_hosts": routes},
    }
    chain = {"filters": [{"name": "http", "typed_config": manager}]}
    return {"name": source, "address": address(layout.mesh(source)), "filter_chains": [chain]}


def _cluster(layout: Layout, source: str, zone: str) -> dict[str, Any]:
    name = _name(source, zone)
    endpoint = {"endpoint": {"address": address(layout.wire(CONSENSUS, source, zone))}}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "0.5s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _name(source: str, zone: str) -> str:
    return wire_name(CONSENSUS, source, zone)
