"""What this machine has to offer: room on the disk, a clock that agrees with the platform's, ports."""

from __future__ import annotations

import asyncio
import errno
import shutil
import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack
from email.utils import parsedate_to_datetime
from pathlib import Path

import aiohttp

from drill.model.plan import Plan
from drill.model.target import Target, Zone
from drill.probes.ask import ASK_TIMEOUT_S

Answer = tuple[bool, str]
DISK_FREE_MIN_BYTES = 256 * 1024 * 1024
# Reports tell UTC; with more than this between them, they and the platform's own logs could not be compared.
CLOCK_OFFSET_MAX_S = 2.0
# The helpers' own connections: probes ask some ten questions at a time in each zone.
PORTS_SPARE = 100


def disk(folder: Path) -> Answer:
    """A run's journal takes some tens of megabytes."""
    free = shutil.disk_usage(folder).free
    return (
        free >= DISK_FREE_MIN_BYTES,
        f"{free // 1024 // 1024} MiB are free, {DISK_FREE_MIN_BYTES >> 20} are needed",
    )


def ports(plan: Plan) -> Answer:
    """Bind as many loopback ports at once as calls and helpers will take, and let them go."""
    wanted = plan.load.concurrency + PORTS_SPARE
    with ExitStack() as held:
        for count in range(wanted):
            try:
                held.enter_context(socket.socket()).bind(("127.0.0.1", 0))
            except OSError as error:
                short = "file descriptors" if error.errno == errno.EMFILE else "ports"
                return False, f"{short} are short: {count} of {wanted} could be had ({error.strerror})"
    return True, f"{wanted} could be had at once"


async def clock(zones: Sequence[Zone]) -> Answer:
    """Compare with the Date header of every zone's health page; one that tells none is no answer."""
    async with aiohttp.ClientSession() as session:
        offsets = await asyncio.gather(*(_offset_s(session, zone) for zone in zones))
    worst = max(offsets, key=abs)
    told = ", ".join(f"{zone.name} {offset:+.1f} s" for zone, offset in zip(zones, offsets, strict=True))
    return abs(worst) <= CLOCK_OFFSET_MAX_S, f"at least {told}; limit {CLOCK_OFFSET_MAX_S:g} s"


async def _offset_s(session: aiohttp.ClientSession, zone: Zone) -> float:
    before_s = time.time()
    async with session.get(zone.health, timeout=aiohttp.ClientTimeout(total=ASK_TIMEOUT_S)) as response:
        told = response.headers.get("Date", "")
    if not told:
        raise ValueError(f"zone {zone.name} sends no Date header with its health page")
    return least_offset_s(told, before_s, time.time())


def least_offset_s(date: str, before_s: float, after_s: float) -> float:
    """How far the sender's clock is surely ahead of ours (below zero: behind); 0 when they may agree.

    `date` is in whole seconds and was written between the two readings of our clock.
    """
    told_s = parsedate_to_datetime(date).timestamp()
    ahead_s, behind_s = told_s - after_s, told_s + 1 - before_s
    return max(ahead_s, 0.0) or min(behind_s, 0.0)


def shortest(target: Target, longest_s: float) -> Answer:
    """Whether a drill that takes so long at the most is let."""
    limit_s = target.guards.max_duration_s
    said = f"{longest_s / 60:.1f} minutes at the most, limit {limit_s / 60:.1f}"
    return longest_s <= limit_s, said
