"""How many calls of real people a zone has, by its own gauge."""

from __future__ import annotations

import aiohttp

from drill.model.events import RealCallsSample
from drill.model.target import Zone
from drill.probes.ask import FAILURES, say, text
from drill.probes.prometheus import gauge


async def ask_real_calls(session: aiohttp.ClientSession, zone: Zone, metric: str) -> RealCallsSample:
    """One zone's gauge; a page that cannot be read, or lacks it, is a sample with `ok` false."""
    try:
        return RealCallsSample(
            zone.name, ok=True, calls=gauge(await text(session, zone.metrics), metric), detail=""
        )
    except FAILURES as error:
        return RealCallsSample(zone.name, ok=False, calls=0, detail=say(error))
