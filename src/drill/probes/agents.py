"""What each zone's voice agent says of itself: fit or not, and the state of its breaker."""

from __future__ import annotations

import aiohttp

from drill.model.events import BreakerSample, HealthSample
from drill.model.target import Zone
from drill.probes.ask import FAILURES, say, text
from drill.probes.prometheus import breaker_sample


async def ask_health(session: aiohttp.ClientSession, zone: Zone) -> HealthSample:
    """One zone's health endpoint, answered 2xx or not."""
    try:
        await text(session, zone.health)
    except FAILURES as error:
        return HealthSample(zone.name, ok=False, detail=say(error))
    return HealthSample(zone.name, ok=True, detail="")


async def ask_breaker(session: aiohttp.ClientSession, zone: Zone, breaker: str) -> BreakerSample:
    """One zone's breaker; a page that cannot be read is a sample with `ok` false."""
    try:
        return breaker_sample(zone.name, breaker, await text(session, zone.metrics))
    except FAILURES as error:
        return BreakerSample(
            zone.name, ok=False, state="", successful=0, failed=0, not_permitted=0, transitions="",
            detail=say(error),
        )  # fmt: skip
