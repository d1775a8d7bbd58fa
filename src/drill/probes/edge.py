"""What the edge thinks of each zone, by its own Envoy admin interface.

`/clusters?format=json` lists every host with its locality and its health (envoy.admin.v3.Clusters). Fields
that are false are left out. A host is in use unless one of the marks below is on it; a zone is, when any
of its hosts is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import aiohttp

from drill.model.events import EdgeSample
from drill.probes.ask import FAILURES, say, text

_EJECTED = "failed_outlier_check"
_OUT_OF_USE = (
    "failed_active_health_check", _EJECTED, "pending_active_hc", "pending_dynamic_removal",
    "excluded_via_immediate_hc_fail",
)  # fmt: skip


async def ask_edge(session: aiohttp.ClientSession, admin: str, zones: Sequence[str]) -> list[EdgeSample]:
    """One sample per zone; none of them `ok` when the edge could not be asked."""
    try:
        return edge_samples(zones, await text(session, f"{admin}/clusters?format=json"))
    except FAILURES as error:
        return [_unknown(zone, say(error)) for zone in zones]


def edge_samples(zones: Sequence[str], page: str) -> list[EdgeSample]:
    """The zones' samples from the edge's page; ValueError when the page is not what it should be."""
    hosts = list(_hosts(json.loads(page)))
    return [_sample(zone, [health for at, health in hosts if at == zone]) for zone in zones]


def _sample(zone: str, hosts: list[dict[str, Any]]) -> EdgeSample:
    if not hosts:
        return _unknown(zone, "the edge knows no host of this zone")
    marks = [[mark for mark in _OUT_OF_USE if health.get(mark)] for health in hosts]
    ill = [health.get("eds_health_status", "HEALTHY") == "UNHEALTHY" for health in hosts]
    healthy = any(not on and not sick for on, sick in zip(marks, ill, strict=True))
    ejected = all(_EJECTED in on for on in marks)
    detail = "" if healthy else ", ".join(sorted({mark for on in marks for mark in on}))
    return EdgeSample(zone, ok=True, healthy=healthy, ejected=ejected, detail=detail)


def _unknown(zone: str, detail: str) -> EdgeSample:
    return EdgeSample(zone, ok=False, healthy=False, ejected=False, detail=detail)


def _hosts(page: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """(zone, health status) of every host of every cluster."""
    if not isinstance(page, dict) or not isinstance(page.get("cluster_statuses"), list):
        raise ValueError("the edge's page has no cluster_statuses")
    for cluster in page["cluster_statuses"]:
        for host in cluster.get("host_statuses", ()):
            yield str(host.get("locality", {}).get("zone", "")), host.get("health_status", {})
