"""Which store member is primary, by the members' own word."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

from drill.sandbox import checks
from drill.sandbox.layout import Address


async def primary(members: Mapping[str, Address]) -> str | None:
    """The zone whose member holds the lease; of two that say so, the one on the newer timeline.

    A member that was frozen may believe for a moment that it still leads.
    """
    found = await asyncio.gather(*(_timeline(address) for address in members.values()))
    leading = [(timeline, zone) for zone, timeline in zip(members, found, strict=True) if timeline]
    return max(leading)[1] if leading else None


async def _timeline(address: Address) -> int:
    """The timeline that a member leads on; 0 when it does not lead, or does not answer."""
    try:
        status, text = await checks.request(address, "GET", "/primary")
        return int(json.loads(text)["timeline"]) if status == 200 else 0
    except (checks.SilentError, ValueError, KeyError, TypeError):
        return 0
