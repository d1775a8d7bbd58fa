"""Asked before speech or a model is hurt: is it reached from everywhere, and held by nobody else?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import aiohttp

from drill.faults import Proxies
from drill.faults.switches import Way, read
from drill.model.target import Stage, Target
from drill.probes.stages import ask_stage, stage_url

Answer = tuple[bool, str]


def stage_guards(target: Target, stages: Sequence[str]) -> dict[str, Callable[[], Answer]]:
    """Name and question of each; the answers are (ok, detail)."""
    ways = [way for way in target.stages if way.stage in stages]
    return {
        "speech and model answer through every link": lambda: asyncio.run(_answer(ways)),
        "their links carry no foreign fault": lambda: _own(ways),
    }


async def _answer(ways: Sequence[Stage]) -> Answer:
    async with aiohttp.ClientSession() as session:
        urls = [await stage_url(session, way) for way in ways]
        asks = (ask_stage(session, way, url) for way, url in zip(ways, urls, strict=True))
        samples = await asyncio.gather(*asks)
    bad = [f"{s.way} of zone {s.zone}: {s.outcome} {s.detail}".strip() for s in samples if s.outcome != "ok"]
    return bool(ways) and not bad, "; ".join(bad)


def _own(ways: Sequence[Stage]) -> Answer:
    states = read(Proxies(), [Way(way.api, way.proxy) for way in ways])
    bad = [way.proxy for way, state in states.items() if not state.enabled or state.toxics]
    return not bad, f"disabled, or with toxics of somebody else: {', '.join(bad)}" if bad else ""
