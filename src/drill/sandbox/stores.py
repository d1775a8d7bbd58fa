"""The store of a profile, from the parts that are installed."""

from __future__ import annotations

from drill.sandbox import etcd
from drill.sandbox.cluster import Cluster
from drill.sandbox.layout import Layout
from drill.sandbox.order import Order
from drill.sandbox.postgres import binaries
from drill.sandbox.state import State
from drill.sandbox.store import Pair
from drill.sandbox.yard import Store
from drill.sandbox.zones import Isolation


def make(order: Order, state: State, isolation: Isolation, envoy: str) -> Store | None:
    """The store as ordered; None when one of its parts is not installed."""
    layout, postgres, quorum = Layout(order.instance), binaries(), etcd.program()
    if postgres is None:
        return None
    if order.profile == "lite":
        return Pair(layout, state, isolation, postgres)
    if quorum is None:
        return None
    return Cluster(layout, state, isolation, postgres, quorum, envoy, order.profile, order.defects)
