"""Where the primary is now: every member is asked, again and again, and the pool is moved at once.

Theory: a client that waits for its connection to fail waits for ever on a frozen server, whose kernel
goes on acknowledging. Who leads is therefore learnt from the members and not from broken connections,
and a new leader is reason enough to drop what is open to the old one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from drill.sandbox.layout import Address
from drill.sandbox.members import primary
from drill.sandbox.pool import Pool
from drill.sandbox.settings import Member

LOOK_S = 0.25


async def follow(members: tuple[Member, ...], pool: Pool, *, sticky: bool) -> None:
    """Keep the pool on the primary; while nobody leads it stays where it was. `sticky`: only once."""
    dsns: Mapping[str, str] = {member.zone: member.dsn for member in members}
    addresses = {member.zone: Address(member.host, member.port) for member in members}
    while True:
        zone = await primary(addresses)
        if zone is not None:
            pool.move(dsns[zone])
        if zone is not None and sticky:
            await asyncio.Event().wait()  # a background loop never ends by itself
        await asyncio.sleep(LOOK_S)
