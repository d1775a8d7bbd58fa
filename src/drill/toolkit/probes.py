"""Probes for Chaos Toolkit experiments; each answers a plain value that a tolerance can be put on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
from chaoslib.exceptions import ActivityFailed

from drill.definition.stages import SEEN_SLOW_MS
from drill.faults.stages import ways_to
from drill.faults.zone_control import Control
from drill.faults.zones import control_of
from drill.model.errors import DrillError, WorldError
from drill.model.events import DoorSample, WitnessSample
from drill.model.target import Target, Zone
from drill.probes.ask import listen_address
from drill.probes.doors import ask_door, ask_wal, through, wires_to
from drill.probes.stages import ask_stage, stage_url
from drill.probes.watch import ask_breaker, ask_health, ask_witness, link_base
from drill.toolkit.session import ehr_of, open_sessions, target_of
from drill.toolkit.store_members import store_trouble, zone_of

T = TypeVar("T", bool, str, DoorSample)

HIT = "hit"

__all__ = [
    "breakers_closed",
    "door_ms",
    "ehr_answers",
    "stage_answers",
    "store_whole",
    "zone_door",
    "zones_healthy",
    "zones_up",
]


def zones_healthy(target: str | None = None, target_file: str | None = None) -> bool:
    """Whether the health endpoint of every zone answers 2xx."""

    async def ask(session: aiohttp.ClientSession, found: Target) -> bool:
        return all([(await ask_health(session, zone)).ok for zone in found.zones])

    return _asked(ask, target, target_file)


def breakers_closed(target: str | None = None, target_file: str | None = None) -> bool:
    """Whether every zone's EHR breaker says that it is closed; unreadable is not closed."""

    async def ask(session: aiohttp.ClientSession, found: Target) -> bool:
        if found.breaker is None:
            raise ActivityFailed(f"target {found.name!r} names no breaker")
        name = found.breaker.name
        return all([(await ask_breaker(session, zone, name)).state == "closed" for zone in found.zones])

    return _asked(ask, target, target_file)


def ehr_answers(timeout_s: float = 6.0, target: str | None = None, target_file: str | None = None) -> str:
    """What a Patient search through every EHR link comes to: one word when all links agree.

    ok, slow, refused, timeout, reset, http_5xx, wrong_patient or error; `mixed: ...` otherwise.
    """

    async def ask(session: aiohttp.ClientSession, found: Target) -> str:
        ehr = ehr_of(found)
        bases = [(link.zone, await link_base(session, link, ehr.direct)) for link in ehr.links]
        asks = (ask_witness(zone, base, ehr.probe_patient, float(timeout_s)) for zone, base in bases)
        return _one_word(await asyncio.gather(*asks))

    return _asked(ask, target, target_file)


def stage_answers(stage: str, target: str | None = None, target_file: str | None = None) -> str:
    """What a request to recognition, model or synthesis comes to through every zone's link, in one word.

    ok, slow (1.5 s and more), refused, timeout, reset, http_5xx, http_429, empty or error; `mixed: ...` when
    they do not agree.
    """

    async def ask(session: aiohttp.ClientSession, found: Target) -> str:
        ways = ways_to(found, (stage,))
        urls = [await stage_url(session, way) for way in ways]
        asks = (ask_stage(session, way, url) for way, url in zip(ways, urls, strict=True))
        samples = await asyncio.gather(*asks)
        words = {"slow" if s.outcome == "ok" and s.latency_ms >= SEEN_SLOW_MS else s.outcome for s in samples}
        return words.pop() if len(words) == 1 else "mixed: " + ", ".join(sorted(words))

    return _asked(ask, target, target_file)


def zones_up(target: str | None = None, target_file: str | None = None) -> bool:
    """Whether the zone control says of every zone of the target that it is up."""
    try:
        found = target_of(target, target_file)
        states = {zone.name: zone.state for zone in Control(control_of(found)).zones()}
    except DrillError as error:
        raise ActivityFailed(str(error)) from error
    return all(states.get(zone.name) == "up" for zone in found.zones)


def store_whole(target: str | None = None, target_file: str | None = None) -> bool:
    """Whether one store member leads, all others follow, and one of them is in sync if the store waits."""

    async def ask(_: aiohttp.ClientSession, found: Target) -> bool:
        return not await store_trouble(found)

    return _asked(ask, target, target_file)


def zone_door(
    zone: str = HIT, way: str = "direct", target: str | None = None, target_file: str | None = None
) -> str:
    """What a request to one zone's door comes to: ok, refused, timeout, reset, http_5xx or error.

    `zone` is a name, `primary`, `replica`, or `hit`: the one that this experiment last took. `way` is
    direct, link (the wire of callers' media) or wal (a wire of replication).
    """
    return _sampled(zone, way, target, target_file).outcome


def door_ms(
    zone: str = HIT, way: str = "link", target: str | None = None, target_file: str | None = None
) -> float:
    """How many milliseconds one request to a zone's door takes, whatever it comes to; 800 is its patience.

    `zone` and `way` are as in `zone_door`.
    """
    return _sampled(zone, way, target, target_file).latency_ms


def _sampled(zone: str, way: str, target: str | None, target_file: str | None) -> DoorSample:
    try:
        found = target_of(target, target_file)
        name = _hit() if zone == HIT else zone_of(found, zone)
        chosen = next(each for each in found.zones if each.name == name)
    except DrillError as error:
        raise ActivityFailed(str(error)) from error

    async def ask(session: aiohttp.ClientSession, found: Target) -> DoorSample:
        return await _door(session, found, chosen, way)

    return _asked(ask, target, target_file)


async def _door(session: aiohttp.ClientSession, target: Target, zone: Zone, way: str) -> DoorSample:
    if way == "direct":
        return await ask_door(session, zone.name, way, zone.health)
    voice, wal = wires_to(target, zone)
    wire = {"link": voice, "wal": wal}.get(way)
    if wire is None:
        raise WorldError(f"target {target.name!r} names no way {way!r} to zone {zone.name}")
    listen = await listen_address(session, wire.api, wire.proxy)
    if way == "wal":
        return await ask_wal(zone.name, listen)
    return await ask_door(session, zone.name, way, through(zone.health, listen))


def _hit() -> str:
    hit = [session.zones[-1] for session in open_sessions() if session.zones]
    if not hit:
        raise WorldError("this experiment has taken no zone yet; name one")
    return hit[-1]


def _one_word(samples: list[WitnessSample]) -> str:
    # A cut answer is seen as truncated or as a reset, depending on where the cut falls.
    words = {"reset" if s.outcome == "truncated" else s.outcome for s in samples}
    return words.pop() if len(words) == 1 else "mixed: " + ", ".join(sorted(words))


def _asked(
    ask: Callable[[aiohttp.ClientSession, Target], Awaitable[T]], target: str | None, target_file: str | None
) -> T:
    async def within_session() -> T:
        async with aiohttp.ClientSession() as session:
            return await ask(session, target_of(target, target_file))

    try:
        return asyncio.run(within_session())
    except (DrillError, aiohttp.ClientError, OSError, KeyError) as error:
        raise ActivityFailed(f"{type(error).__name__}: {error}") from error
