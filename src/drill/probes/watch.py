"""Which questions a target is asked, and how often; a question is asked only where there is a part to ask."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from functools import partial

import aiohttp

from drill.journal import Journal
from drill.model.events import Event
from drill.model.target import Ehr, Target, Zone
from drill.probes.agents import ask_breaker, ask_health
from drill.probes.ask import clock_anchor, listen_address
from drill.probes.doors import ask_door, ask_wal, through, wires_to
from drill.probes.edge import ask_edge
from drill.probes.ehr import ask_requests, ask_witness, link_base
from drill.probes.members import ask_member
from drill.probes.patients import ask_real_calls
from drill.probes.rhythm import Rhythms
from drill.probes.services import Services
from drill.probes.stages import ask_stage, stage_url

__all__ = [
    "Watcher", "ask_breaker", "ask_health", "ask_requests", "ask_witness", "clock_anchor", "link_base",
]  # fmt: skip

BREAKER_EVERY_S = 0.2
REQUESTS_EVERY_S = 0.25
HEALTH_EVERY_S = 1.0
WITNESS_EVERY_S = 0.5
DOOR_EVERY_S = 0.25
EDGE_EVERY_S = 0.25
MEMBER_EVERY_S = 0.25
SERVICES_EVERY_S = 0.5
REAL_CALLS_EVERY_S = 0.5
STAGE_EVERY_S = 0.5
CLOCK_EVERY_S = 5.0


class Watcher:
    """Runs all questions of a target into one journal stream; of speech and model, those named `stages`."""

    def __init__(
        self, target: Target, journal: Journal, witness_timeout_s: float, stages: Collection[str] = ()
    ) -> None:
        self._target, self._journal, self._witness_timeout_s = target, journal, witness_timeout_s
        self._stages = stages

    async def run(self, stop: asyncio.Event) -> None:
        """Ask until `stop`; an error that no question expects ends the watch and is raised."""
        # A fresh connection for each question. How many are open is bounded by the rhythms, not here:
        # waiting for one another, the questions to a frozen zone would hold up those to the others.
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        async with aiohttp.ClientSession(connector=connector) as session:
            rhythms = Rhythms(self._journal, stop)
            try:
                await self._start(session, rhythms)
                await stop.wait()
            finally:
                await rhythms.end()
        self._journal.append(clock_anchor())

    async def _start(self, session: aiohttp.ClientSession, rhythms: Rhythms) -> None:
        target, names = self._target, [zone.name for zone in self._target.zones]
        rhythms.start(CLOCK_EVERY_S, self._anchor)
        for zone in target.zones:
            self._agent(session, rhythms, zone)
            await self._doors(session, rhythms, zone)
        if target.ehr is not None:
            rhythms.start(REQUESTS_EVERY_S, partial(ask_requests, session, target))
            await self._witness(session, rhythms, target.ehr)
        for way in target.stages:
            if way.stage in self._stages:
                ask = partial(ask_stage, session, way, await stage_url(session, way))
                rhythms.start(STAGE_EVERY_S, ask)
        if target.edge_admin:
            rhythms.start(EDGE_EVERY_S, partial(ask_edge, session, target.edge_admin, names))
        for member in target.store.members if target.store else ():
            rhythms.start(MEMBER_EVERY_S, partial(ask_member, session, member))
        if target.control:
            rhythms.start(SERVICES_EVERY_S, partial(Services(target.control, names).ask, session))

    def _agent(self, session: aiohttp.ClientSession, rhythms: Rhythms, zone: Zone) -> None:
        rhythms.start(HEALTH_EVERY_S, partial(ask_health, session, zone))
        if self._target.breaker is not None:
            name = self._target.breaker.name
            rhythms.start(BREAKER_EVERY_S, partial(ask_breaker, session, zone, name))
        if self._target.guards.real_calls is not None:
            metric = self._target.guards.real_calls.metric
            rhythms.start(REAL_CALLS_EVERY_S, partial(ask_real_calls, session, zone, metric))

    async def _doors(self, session: aiohttp.ClientSession, rhythms: Rhythms, zone: Zone) -> None:
        rhythms.start(DOOR_EVERY_S, partial(ask_door, session, zone.name, "direct", zone.health))
        voice, wal = wires_to(self._target, zone)
        if voice is not None:
            url = through(zone.health, await listen_address(session, voice.api, voice.proxy))
            rhythms.start(DOOR_EVERY_S, partial(ask_door, session, zone.name, "link", url))
        if wal is not None:
            listen = await listen_address(session, wal.api, wal.proxy)
            rhythms.start(DOOR_EVERY_S, partial(ask_wal, zone.name, listen))

    async def _witness(self, session: aiohttp.ClientSession, rhythms: Rhythms, ehr: Ehr) -> None:
        for link in ehr.links:
            base = await link_base(session, link, ehr.direct)
            ask = partial(ask_witness, link.zone, base, ehr.probe_patient, self._witness_timeout_s)
            rhythms.start(WITNESS_EVERY_S, ask)

    async def _anchor(self) -> Event:
        return clock_anchor()
