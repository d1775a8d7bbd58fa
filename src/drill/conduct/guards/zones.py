"""What is asked before a zone is taken, or its wires are: is all there, whole, and held by nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import aiohttp

from drill.faults import Proxies
from drill.faults.switches import Way, read
from drill.faults.zone_control import Control
from drill.faults.zones import control_of
from drill.model.plan import Plan
from drill.model.target import Target
from drill.probes.edge import ask_edge
from drill.toolkit.store_members import store_trouble

Answer = tuple[bool, str]


def zone_guards(plan: Plan, target: Target) -> dict[str, Callable[[], Answer]]:
    """Name and question of each; the answers are (ok, detail)."""
    return {
        "every zone is up": lambda: _up(target),
        "store is whole": lambda: asyncio.run(_whole(plan, target)),
        **media_guards(plan, target),
    }


def media_guards(plan: Plan, target: Target) -> dict[str, Callable[[], Answer]]:
    """What is asked before callers' media is hurt."""
    return {
        "edge sends calls to every zone": lambda: asyncio.run(_edge_view(plan, target)),
        "wires carry no foreign fault": lambda: _wires(target),
    }


def _up(target: Target) -> Answer:
    told = {zone.name: zone.state for zone in Control(control_of(target)).zones()}
    bad = [
        f"zone {z.name}: {told.get(z.name, 'not told of')}" for z in target.zones if told.get(z.name) != "up"
    ]
    return not bad, "; ".join(bad)


async def _whole(plan: Plan, target: Target) -> Answer:
    if target.store is None or not target.store.members:
        return plan.objectives.failover is None, "the target names no store members"
    trouble = await store_trouble(target)
    return not trouble, trouble


async def _edge_view(plan: Plan, target: Target) -> Answer:
    if not target.edge_admin:
        asked = ", the drill judges failover" if plan.objectives.failover else ""
        return not asked, f"the target names no edge_admin{asked}"
    zones = [zone.name for zone in target.zones]
    async with aiohttp.ClientSession() as session:
        samples = await ask_edge(session, target.edge_admin, zones)
    bad = [f"zone {s.zone}: {s.detail or 'gets no calls'}" for s in samples if not (s.ok and s.healthy)]
    return not bad, "; ".join(bad)


def _wires(target: Target) -> Answer:
    ways = [Way(wire.api, wire.proxy) for wire in target.wires]
    states = read(Proxies(), ways)
    bad = [w.proxy for w, state in states.items() if not state.enabled or state.toxics]
    return not bad, f"disabled, or with toxics of somebody else: {', '.join(bad)}" if bad else ""
