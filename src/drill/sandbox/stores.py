"""The store of a profile, and its backups if they are asked for, from the parts that are installed."""

from __future__ import annotations

from drill.sandbox import etcd
from drill.sandbox.backups import settings as backup_settings
from drill.sandbox.backups.parts import Backups
from drill.sandbox.cluster import Cluster
from drill.sandbox.layout import ZONES, Layout
from drill.sandbox.order import Order
from drill.sandbox.postgres import binaries
from drill.sandbox.state import State
from drill.sandbox.store import Pair
from drill.sandbox.yard import Store
from drill.sandbox.zones import Isolation


def make(
    order: Order, state: State, isolation: Isolation, envoy: str, backups: Backups | None
) -> Store | None:
    """The store as ordered; None when one of its parts is not installed."""
    layout, postgres, quorum = Layout(order.instance), binaries(), etcd.program()
    archiving = {} if backups is None else backups.parameters()
    if postgres is None:
        return None
    if order.profile == "lite":
        return Pair(layout, state, isolation, postgres, order.defects, archiving)
    if quorum is None:
        return None
    return Cluster(
        layout, state, isolation, postgres, quorum, envoy, order.profile, order.defects, archiving=archiving
    )


def make_backups(order: Order, state: State) -> Backups | None:
    """The backups as ordered; None when they were not, or PostgreSQL is not installed."""
    layout, postgres = Layout(order.instance), binaries()
    if not order.backups or postgres is None:
        return None
    zones = ZONES[:1] if order.profile == "lite" else ZONES
    hosts = tuple(layout.store(zone) for zone in zones)
    policy = backup_settings.policy(order.policy)
    return Backups(layout, state, policy, order.defects, postgres, hosts)
