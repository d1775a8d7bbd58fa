"""The EHR as seen from outside the agents: requests counted on the wire, and the drill's own request."""

from __future__ import annotations

import time

import aiohttp

from drill.model.events import RequestSample, WitnessSample
from drill.model.target import Link, Target
from drill.probes.ask import FAILURES, body, listen_address, say, since_ms, text
from drill.probes.classify import answer
from drill.probes.prometheus import counters


async def ask_requests(session: aiohttp.ClientSession, target: Target) -> list[RequestSample]:
    """EHR requests on the wire so far, one sample per zone's link."""
    if target.ehr is None or target.ehr.requests is None:
        return []
    source, links = target.ehr.requests, target.ehr.links
    try:
        found = counters(await text(session, source.url), source.metric, source.label)
    except FAILURES as error:
        return [RequestSample(link.zone, ok=False, requests=0, detail=say(error)) for link in links]
    return [
        RequestSample(link.zone, link.proxy in found, found.get(link.proxy, 0),
                      "" if link.proxy in found else f"{source.metric} has no {source.label}={link.proxy!r}")
        for link in links
    ]  # fmt: skip


async def link_base(session: aiohttp.ClientSession, link: Link, direct: str) -> str:
    """The EHR's base URL through one link: the fault proxy's own listen address."""
    listen = await listen_address(session, link.api, link.proxy)
    path = direct.split("/", 3)[3] if direct.count("/") >= 3 else ""
    return f"http://{listen}/{path}".rstrip("/")


async def ask_witness(zone: str, base: str, patient: str, timeout_s: float) -> WitnessSample:
    """One Patient search through a link on a fresh connection, and what came of it.

    The connection is asked to stay open, as the platform's own are: told to close it, the EHR
    would end the stream behind a swallowed answer, and silence would look like a reset.
    """
    began_s = time.monotonic()
    status = 0
    try:
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        url, query = f"{base}/Patient", {"identifier": patient}
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url, params=query) as response,
        ):
            status = response.status
            page = await body(response)
        outcome, detail = answer(status, page, time.monotonic() - began_s, patient)
    except TimeoutError:
        outcome, detail = "timeout", f"no whole answer within {timeout_s:g} s"
    except aiohttp.ClientConnectorError as error:
        outcome, detail = "refused", say(error)
    except ValueError as error:
        outcome, detail = "error", say(error)
    except (aiohttp.ClientError, OSError) as error:
        outcome, detail = ("truncated" if status else "reset"), say(error)
    return WitnessSample(zone, outcome, since_ms(began_s), detail)
