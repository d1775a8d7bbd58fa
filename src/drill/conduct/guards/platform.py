"""Whether the platform can be drilled: it is up, well, held by nobody else, and lets itself be read back."""

from __future__ import annotations

import asyncio
import socket
from urllib.parse import urlsplit

import aiohttp
import requests

from drill.model.plan import Plan
from drill.model.target import Target
from drill.probes.readback import ehr_records, outbox_pending, stored_turns
from drill.probes.watch import ask_breaker, ask_health, ask_requests, ask_witness, link_base

Answer = tuple[bool, str]
NO_RUN = "no-such-run"


def edge(target: Target) -> Answer:
    """Something listens where callers connect."""
    parts = urlsplit(target.edge)
    port = parts.port or (443 if parts.scheme == "wss" else 80)
    socket.create_connection((parts.hostname or "", port), timeout=3).close()
    return True, ""


async def healthy(target: Target) -> Answer:
    """Every zone's health endpoint answers 2xx."""
    async with aiohttp.ClientSession() as session:
        samples = await asyncio.gather(*(ask_health(session, zone) for zone in target.zones))
    sick = [f"zone {s.zone}: {s.detail}" for s in samples if not s.ok]
    return not sick, "; ".join(sick)


async def breakers(plan: Plan, target: Target) -> Answer:
    """Every breaker is closed, where the drill judges one."""
    if target.breaker is None:
        return _unasked(plan.objectives.breaker, "the target names no breaker", "the drill judges one")
    name = target.breaker.name
    async with aiohttp.ClientSession() as session:
        samples = await asyncio.gather(*(ask_breaker(session, zone, name) for zone in target.zones))
    bad = [f"zone {s.zone}: {s.detail or s.state}" for s in samples if s.state != "closed"]
    return not bad, "; ".join(bad)


def proxies(target: Target) -> Answer:
    """Every link is on and carries no toxic."""
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


async def links(target: Target) -> Answer:
    """A request of the drill's own gets through every link."""
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


async def counted(plan: Plan, target: Target) -> Answer:
    """Where a breaker is judged, requests are counted by somebody else."""
    if plan.objectives.breaker is None:
        return True, ""
    async with aiohttp.ClientSession() as session:
        samples = await ask_requests(session, target)
    if not samples:
        return False, "the drill judges a breaker, so [target.ehr.requests] must name a counter"
    bad = [f"zone {s.zone}: {s.detail}" for s in samples if not s.ok]
    return not bad, "; ".join(bad)


def ehr(plan: Plan, target: Target) -> Answer:
    """The EHR lets itself be searched, past the fault proxies."""
    if target.ehr is None:
        return _unasked(plan.objectives.ehr_writes, "the target names no EHR", "the drill judges its writes")
    ehr_records(target.ehr, NO_RUN)
    return True, ""


def store(plan: Plan, target: Target) -> Answer:
    """Both of the target's queries are answered, with its credentials, for a run that never was."""
    if target.store is None:
        return _unasked(plan.objectives.turns, "the target names no store", "the drill judges its turns")
    found = sum(1 for _ in stored_turns(target.store, NO_RUN))
    outbox_pending(target.store)
    return found == 0, f"`turns` gives {found} turns of a run that never was" if found else ""


def _unasked(asked: object, lacks: str, judged: str) -> Answer:
    """What the target lacks matters only where it is judged."""
    return asked is None, lacks if asked is None else f"{lacks}, {judged}"
