"""Ask the platform again and again, each question in its own rhythm, until told to stop.

Witness requests overlap on purpose: while the EHR is silent each of them waits, and waiting
for one before the next is sent would thin the samples out exactly when they matter.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any

import aiohttp

from drill.journal import Journal
from drill.model.events import BreakerSample, ClockAnchor, Event, HealthSample, RequestSample, WitnessSample
from drill.model.target import Ehr, Link, Target, Zone
from drill.probes.classify import answer
from drill.probes.prometheus import breaker_sample, counters

BREAKER_EVERY_S = 0.2
REQUESTS_EVERY_S = 0.25
HEALTH_EVERY_S = 1.0
WITNESS_EVERY_S = 0.5
CLOCK_EVERY_S = 5.0
ASK_TIMEOUT_S = 1.0
Ask = Callable[[], Awaitable[Event | Sequence[Event]]]
_FAILURES = (aiohttp.ClientError, TimeoutError, OSError, ValueError)


def clock_anchor() -> ClockAnchor:
    """UTC and monotonic time read back to back; the uncertainty is the width of the reading."""
    before = time.monotonic_ns()
    utc_ns = time.time_ns()
    return ClockAnchor(utc_ns, time.monotonic_ns() - before)


async def _text(session: aiohttp.ClientSession, url: str) -> str:
    timeout = aiohttp.ClientTimeout(total=ASK_TIMEOUT_S)
    async with session.get(url, timeout=timeout) as response:
        response.raise_for_status()
        return await response.text()


async def ask_health(session: aiohttp.ClientSession, zone: Zone) -> HealthSample:
    """One zone's health endpoint, answered 2xx or not."""
    try:
        await _text(session, zone.health)
    except _FAILURES as error:
        return HealthSample(zone.name, ok=False, detail=_say(error))
    return HealthSample(zone.name, ok=True, detail="")


async def ask_breaker(session: aiohttp.ClientSession, zone: Zone, breaker: str) -> BreakerSample:
    """One zone's breaker; a page that cannot be read is a sample with `ok` false."""
    try:
        return breaker_sample(zone.name, breaker, await _text(session, zone.metrics))
    except _FAILURES as error:
        return BreakerSample(
            zone.name, ok=False, state="", successful=0, failed=0, not_permitted=0, transitions="",
            detail=_say(error),
        )  # fmt: skip


async def ask_requests(session: aiohttp.ClientSession, target: Target) -> list[RequestSample]:
    """EHR requests on the wire so far, one sample per zone's link."""
    if target.ehr is None or target.ehr.requests is None:
        return []
    source, links = target.ehr.requests, target.ehr.links
    try:
        found = counters(await _text(session, source.url), source.metric, source.label)
    except _FAILURES as error:
        return [RequestSample(link.zone, ok=False, requests=0, detail=_say(error)) for link in links]
    return [
        RequestSample(link.zone, link.proxy in found, found.get(link.proxy, 0),
                      "" if link.proxy in found else f"{source.metric} has no {source.label}={link.proxy!r}")
        for link in links
    ]  # fmt: skip


async def link_base(session: aiohttp.ClientSession, link: Link, direct: str) -> str:
    """The EHR's base URL through one link: the fault proxy's own listen address."""
    timeout = aiohttp.ClientTimeout(total=5)
    async with session.get(f"{link.api}/proxies/{link.proxy}", timeout=timeout) as response:
        response.raise_for_status()
        listen = (await response.json())["listen"]
    path = direct.split("/", 3)[3] if direct.count("/") >= 3 else ""
    return f"http://{listen}/{path}".rstrip("/")


async def ask_witness(zone: str, base: str, patient: str, timeout_s: float) -> WitnessSample:
    """One Patient search through a link on a fresh connection, and what came of it.

    The connection is asked to stay open, as the platform's own are: told to close it, the EHR
    would end the stream behind a swallowed answer, and silence would look like a reset.
    """
    began = time.monotonic()
    status = 0
    try:
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        url, query = f"{base}/Patient", {"identifier": patient}
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url, params=query) as response,
        ):
            status = response.status
            body = await response.read()
        outcome, detail = answer(status, body, time.monotonic() - began, patient)
    except TimeoutError:
        outcome, detail = "timeout", f"no whole answer within {timeout_s:g} s"
    except aiohttp.ClientConnectorError as error:
        outcome, detail = "refused", _say(error)
    except (aiohttp.ClientError, OSError) as error:
        outcome, detail = ("truncated" if status else "reset"), _say(error)
    return WitnessSample(zone, outcome, round((time.monotonic() - began) * 1000, 1), detail)


def _say(error: BaseException) -> str:
    """An error's class and a bounded text: never a body, which might hold patient data."""
    return f"{type(error).__name__}: {str(error)[:120]}".rstrip(": ")


class Watcher:
    """Runs all questions of a target into one journal stream."""

    def __init__(self, target: Target, journal: Journal, witness_timeout_s: float) -> None:
        self._target, self._journal, self._witness_timeout_s = target, journal, witness_timeout_s
        self._asking: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Ask until `stop`; questions still open then are given their own timeouts to end."""
        connector = aiohttp.TCPConnector(limit=64, force_close=True)
        async with aiohttp.ClientSession(connector=connector) as session:
            rhythms = [asyncio.create_task(r) for r in await self._rhythms(session)]
            await stop.wait()
            for task in rhythms:
                task.cancel()
            await asyncio.gather(*rhythms, return_exceptions=True)
            await asyncio.gather(*self._asking, return_exceptions=True)
        self._journal.append(clock_anchor())

    async def _rhythms(self, session: aiohttp.ClientSession) -> list[Coroutine[Any, Any, None]]:
        target = self._target
        rhythms = [self._every(CLOCK_EVERY_S, self._anchor)]
        for zone in target.zones:
            rhythms.append(self._every(HEALTH_EVERY_S, partial(ask_health, session, zone)))
            if target.breaker is not None:
                ask = partial(ask_breaker, session, zone, target.breaker.name)
                rhythms.append(self._every(BREAKER_EVERY_S, ask))
        if target.ehr is not None:
            rhythms.append(self._every(REQUESTS_EVERY_S, partial(ask_requests, session, target)))
            rhythms += [await self._witness(session, target.ehr, link) for link in target.ehr.links]
        return rhythms

    async def _witness(
        self, session: aiohttp.ClientSession, ehr: Ehr, link: Link
    ) -> Coroutine[Any, Any, None]:
        base = await link_base(session, link, ehr.direct)
        ask = partial(ask_witness, link.zone, base, ehr.probe_patient, self._witness_timeout_s)
        return self._every(WITNESS_EVERY_S, ask)

    async def _anchor(self) -> Event:
        return clock_anchor()

    async def _every(self, interval_s: float, ask: Ask) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            task = asyncio.create_task(self._record(ask))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
            due += interval_s
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def _record(self, ask: Ask) -> None:
        asked_ns = time.monotonic_ns()
        found = await ask()
        for event in [found] if isinstance(found, Event) else found:
            # A witness says what the link was like when it was asked; all else, when it was answered.
            self._journal.append(event, t_ns=asked_ns if isinstance(event, WitnessSample) else None)
