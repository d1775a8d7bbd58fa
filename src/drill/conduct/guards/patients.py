"""The live-patient interlock, before a drill: how many real calls are on the platform now."""

from __future__ import annotations

import asyncio

import aiohttp

from drill.model.events import RealCallsSample
from drill.model.target import Target
from drill.probes.patients import ask_real_calls

Answer = tuple[bool, str]


def none_hurt(target: Target) -> Answer:
    """No more real calls than the target lets; every zone has to tell."""
    gauge = target.guards.real_calls
    if gauge is None:
        return (
            target.environment != "production",
            f"{target.environment}: the target names no gauge of real calls",
        )
    samples = asyncio.run(_ask(target, gauge.metric))
    silent = [f"zone {s.zone}: {s.detail}" for s in samples if not s.ok]
    if silent:
        return False, f"real calls cannot be counted: {'; '.join(silent)}"
    found = sum(s.calls for s in samples)
    return found <= gauge.most, f"{found} real calls, limit {gauge.most}"


async def _ask(target: Target, metric: str) -> list[RealCallsSample]:
    async with aiohttp.ClientSession() as session:
        return list(await asyncio.gather(*(ask_real_calls(session, zone, metric) for zone in target.zones)))
