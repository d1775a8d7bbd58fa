"""Questions asked before anything is touched. One that cannot be answered says no.

Each guard is a name and a function of the target that returns (ok, detail). They all run,
so that the operator reads every reason at once.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import requests

from drill.conduct.zone_guards import Answer, media_guards, zone_guards
from drill.definition.needs import hurts_media, takes_zones
from drill.model.errors import WorldError
from drill.model.events import GuardChecked
from drill.model.plan import Plan
from drill.model.target import Target
from drill.probes.readback import connect, ehr_records
from drill.probes.watch import ask_breaker, ask_health, ask_requests, ask_witness, link_base

DISK_FREE_MIN_BYTES = 256 * 1024 * 1024


def check(plan: Plan, target: Target, folder: Path) -> list[GuardChecked]:
    """Every guard's answer, in a fixed order."""
    guards: dict[str, Callable[[], Answer]] = {
        "environment is a sandbox or staging": lambda: _environment(target),
        "disk has room for the journal": lambda: _disk(folder),
        "edge accepts connections": lambda: _edge(target),
        "every zone is healthy": lambda: asyncio.run(_zones(target)),
        "every breaker is readable and closed": lambda: asyncio.run(_breakers(plan, target)),
        "fault proxies carry no foreign fault": lambda: _proxies(target),
        "EHR answers through every link": lambda: asyncio.run(_links(target)),
        "EHR requests are counted on the wire": lambda: asyncio.run(_counted(plan, target)),
        "EHR can be read back": lambda: _ehr(plan, target),
        "store can be read back": lambda: _store(plan, target),
    }
    if takes_zones(plan.experiment):
        guards |= zone_guards(plan, target)
    elif hurts_media(plan.experiment):
        guards |= media_guards(plan, target)
    return [_ask(name, guard) for name, guard in guards.items()]


def _ask(name: str, guard: Callable[[], Answer]) -> GuardChecked:
    try:
        ok, detail = guard()
    except (
        WorldError,
        OSError,
        aiohttp.ClientError,
        requests.RequestException,
        ValueError,
        KeyError,
    ) as error:
        ok, detail = False, f"{type(error).__name__}: {str(error)[:300]}"
    return GuardChecked(name, ok, detail)


def _environment(target: Target) -> Answer:
    ok = target.environment in ("sandbox", "staging")
    return ok, "" if ok else f"{target.name} is {target.environment!r}: drills there are not allowed yet"


def _disk(folder: Path) -> Answer:
    free = shutil.disk_usage(folder).free
    return free >= DISK_FREE_MIN_BYTES, "" if free >= DISK_FREE_MIN_BYTES else f"only {free} bytes are free"


def _edge(target: Target) -> Answer:
    parts = urlsplit(target.edge)
    port = parts.port or (443 if parts.scheme == "wss" else 80)
    socket.create_connection((parts.hostname or "", port), timeout=3).close()
    return True, ""


async def _zones(target: Target) -> Answer:
    async with aiohttp.ClientSession() as session:
        samples = await asyncio.gather(*(ask_health(session, zone) for zone in target.zones))
    sick = [f"zone {s.zone}: {s.detail}" for s in samples if not s.ok]
    return not sick, "; ".join(sick)


async def _breakers(plan: Plan, target: Target) -> Answer:
    if target.breaker is None:
        return plan.objectives.breaker is None, "the target names no breaker, the drill judges one"
    name = target.breaker.name
    async with aiohttp.ClientSession() as session:
        samples = await asyncio.gather(*(ask_breaker(session, zone, name) for zone in target.zones))
    bad = [f"zone {s.zone}: {s.detail or s.state}" for s in samples if s.state != "closed"]
    return not bad, "; ".join(bad)


def _proxies(target: Target) -> Answer:
    found = []
    for link in target.ehr.links if target.ehr else ():
        response = requests.get(f"{link.api}/proxies/{link.proxy}", timeout=5)
        if response.status_code != 200:
            found.append(f"{link.proxy}: no such proxy at {link.api} (status {response.status_code})")
            continue
        proxy = response.json()
        if not proxy["enabled"] or proxy["toxics"]:
            found.append(f"{link.proxy}: is disabled or carries toxics of somebody else")
    return not found, "; ".join(found)


async def _links(target: Target) -> Answer:
    if target.ehr is None:
        return True, "the target names no EHR"
    bad = []
    async with aiohttp.ClientSession() as session:
        for link in target.ehr.links:
            base = await link_base(session, link, target.ehr.direct)
            sample = await ask_witness(link.zone, base, target.ehr.probe_patient, 5.0)
            if sample.outcome != "ok":
                bad.append(f"{link.proxy}: {sample.outcome} {sample.detail}")
    return not bad, "; ".join(bad)


async def _counted(plan: Plan, target: Target) -> Answer:
    if plan.objectives.breaker is None:
        return True, ""
    async with aiohttp.ClientSession() as session:
        samples = await ask_requests(session, target)
    if not samples:
        return False, "the drill judges a breaker, so [target.ehr.requests] must name a counter"
    bad = [f"zone {s.zone}: {s.detail}" for s in samples if not s.ok]
    return not bad, "; ".join(bad)


def _ehr(plan: Plan, target: Target) -> Answer:
    if target.ehr is None:
        return plan.objectives.ehr_writes is None, "the target names no EHR, the drill judges its writes"
    ehr_records(target.ehr, "no-such-run")
    return True, ""


def _store(plan: Plan, target: Target) -> Answer:
    if target.store is None:
        return plan.objectives.turns is None, "the target names no store, the drill judges its turns"
    connect(target.store).close()
    return True, ""
