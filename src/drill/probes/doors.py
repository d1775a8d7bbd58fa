"""The drill's own requests to each zone's doors, one fresh connection each: can this zone be reached?

direct   the agent's own address: a dead zone refuses, a frozen one is silent
link     the wire that callers' media take: an isolated zone refuses here and answers directly;
         a dead one breaks the connection, for the proxy itself lives and has accepted it
wal      a wire that replication takes from the zone's store: the first word of PostgreSQL's own
         protocol, which asks for nothing but whether somebody is there
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

import aiohttp

from drill.model.events import DoorSample
from drill.model.target import Target, Wire, Zone
from drill.probes.ask import since_ms
from drill.probes.classify import door_answer, door_failure

DOOR_TIMEOUT_S = 0.8
WAL_TIMEOUT_S = 0.6
# PostgreSQL's SSLRequest: length 8, request code 80877103. The answer is one byte, S or N.
SSL_REQUEST = bytes.fromhex("0000000804d2162f")


def wires_to(target: Target, zone: Zone) -> tuple[Wire | None, Wire | None]:
    """The wire that callers' media take to a zone, and one that replication takes from it."""

    def first(carries: str, wanted: Callable[[str], bool]) -> Wire | None:
        found = [w for w in target.wires if (w.carries, w.zone) == (carries, zone.name) and wanted(w.source)]
        return min(found, key=lambda wire: wire.proxy, default=None)

    return first("voice", lambda source: source == "edge"), first("wal", lambda source: source != "edge")


def through(url: str, listen: str) -> str:
    """The same page, asked for at another address."""
    return urlunsplit(urlsplit(url)._replace(netloc=listen))


async def ask_door(session: aiohttp.ClientSession, zone: str, way: str, url: str) -> DoorSample:
    """A GET of the zone's health page; the session must open a connection for each request."""
    began_s = time.monotonic()
    timeout = aiohttp.ClientTimeout(total=DOOR_TIMEOUT_S)
    try:
        async with session.get(url, timeout=timeout, allow_redirects=False) as response:
            outcome, detail = door_answer(response.status)
    except (aiohttp.ClientError, OSError) as error:
        outcome, detail = door_failure(error)
    return DoorSample(zone, way, outcome, since_ms(began_s), detail)


async def ask_wal(zone: str, listen: str) -> DoorSample:
    """Whether a PostgreSQL answers behind a `host:port`."""
    began_s = time.monotonic()
    try:
        async with asyncio.timeout(WAL_TIMEOUT_S):
            answered = await _greet(listen)
        outcome, detail = ("ok", "") if answered in (b"S", b"N") else ("error", "this is not PostgreSQL")
    except (asyncio.IncompleteReadError, OSError) as error:
        outcome, detail = door_failure(error)
    return DoorSample(zone, "wal", outcome, since_ms(began_s), detail)


async def _greet(listen: str) -> bytes:
    host, _, port = listen.rpartition(":")
    reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    try:
        writer.write(SSL_REQUEST)
        return await reader.readexactly(1)
    finally:
        writer.close()
