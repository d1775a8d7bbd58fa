"""Probes for Chaos Toolkit experiments; each answers a plain value that a tolerance can be put on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
from chaoslib.exceptions import ActivityFailed

from drill.model.errors import DrillError
from drill.model.events import WitnessSample
from drill.model.target import Target
from drill.probes.watch import ask_breaker, ask_health, ask_witness, link_base
from drill.toolkit.session import ehr_of, target_of

T = TypeVar("T", bool, str)

__all__ = ["breakers_closed", "ehr_answers", "zones_healthy"]


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
