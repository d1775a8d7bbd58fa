"""Envoy's words for things that both its configurations here say."""

from __future__ import annotations

from typing import Any

from drill.sandbox.layout import Address

CONNECTIONS = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"


def address(at: Address) -> dict[str, Any]:
    """An address to listen at or to connect to."""
    return {"socket_address": {"address": at.host, "port_value": at.port}}
