"""A zone's voice agent: media streams in, turns stored, EHR behind a breaker, notes through an outbox.

This is the wiring and nothing else; each part has its own module.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import WSCloseCode, web
from prometheus_client import CollectorRegistry

from drill.sandbox import metrics, service, settings
from drill.sandbox.breaker import Guard, State
from drill.sandbox.defects import Defect
from drill.sandbox.desk import Desk
from drill.sandbox.dialect import DialectError
from drill.sandbox.dialog import House, converse, lane
from drill.sandbox.ehr_client import EhrClient, judge
from drill.sandbox.finder import follow
from drill.sandbox.guarded_ehr import GuardedEhr
from drill.sandbox.mind import Mind
from drill.sandbox.outbox import Deliverer
from drill.sandbox.pool import Pool
from drill.sandbox.settings import AgentConfig
from drill.sandbox.stage_client import StageClient
from drill.sandbox.truth import Truth
from drill.sandbox.turns import Turns
from drill.sandbox.vitals import Vitals

LARGEST_FRAME = 1 << 18


class Door:
    """The agent's HTTP side."""

    def __init__(self, zone: str, house: House, vitals: Vitals, capacity: int) -> None:
        self._zone = zone
        self._house = house
        self._vitals = vitals
        self._capacity = capacity
        self._taken = 0
        self._calls: set[web.WebSocketResponse] = set()
        self.rejected = 0

    def active_calls(self) -> int:
        """Calls up."""
        return len(self._calls)

    def app(self, figures: CollectorRegistry) -> web.Application:
        """Routes."""

        async def scrape(_request: web.Request) -> web.Response:
            return web.Response(
                body=metrics.exposition(figures), headers={"Content-Type": metrics.EXPOSITION}
            )

        app = web.Application()
        app.router.add_get("/media", self.media)
        app.router.add_get("/health", self.health)
        app.router.add_get("/metrics", scrape)
        app.on_shutdown.append(self._hang_up)
        return app

    async def media(self, request: web.Request) -> web.StreamResponse:
        """One call, or 503 before it has begun: the edge then tries another zone. Full is not ill."""
        if self._taken >= self._capacity:
            self.rejected += 1
            return web.Response(status=503, text="full\n")
        self._taken += 1
        try:
            return await self._converse(request)
        finally:
            self._taken -= 1

    async def _converse(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False, max_msg_size=LARGEST_FRAME, timeout=2.0)
        await socket.prepare(request)
        self._calls.add(socket)
        try:
            await converse(socket, self._house)
        except DialectError as error:
            await socket.close(code=WSCloseCode.INVALID_TEXT, message=str(error).encode()[:100])
        except (ConnectionError, TimeoutError):
            pass  # the line is gone; the call ends here
        finally:
            self._calls.discard(socket)
            await socket.close()
        return socket

    async def health(self, _request: web.Request) -> web.Response:
        """200 when fit to take calls."""
        ailments = self._vitals.ailments()
        body = {"zone": self._zone, "calls": len(self._calls), "ailments": ailments}
        return web.json_response(body, status=503 if ailments else 200)

    async def _hang_up(self, _app: web.Application) -> None:
        closing = [call.close(code=WSCloseCode.GOING_AWAY) for call in self._calls]
        await asyncio.gather(*closing, return_exceptions=True)


def _guard(config: AgentConfig, truth: Truth) -> Guard:
    def witness(before: State, after: State) -> None:
        truth.write(**{"t_ns": time.monotonic_ns(), "from": before, "to": after})

    return Guard(config.settings.policy(config.defects), judge=judge, on_transition=witness)


@asynccontextmanager
async def _working(*loops: asyncio.Task[None]) -> AsyncIterator[None]:
    """Background loops live as long as the block; one that fails is not left unseen."""
    try:
        yield
    finally:
        for loop in loops:
            loop.cancel()
        for loop in loops:
            with contextlib.suppress(asyncio.CancelledError):
                await loop


async def serve(config: AgentConfig, stop: asyncio.Event) -> None:
    """Take calls until told to stop."""
    async with AsyncExitStack() as held:
        truth = Truth(config.truth)
        held.callback(truth.close)
        pool = Pool(config.dsn, config.passfile)
        held.push_async_callback(pool.close)
        client = await held.enter_async_context(
            EhrClient(config.ehr_base, config.settings.ehr_timeout_ms / 1000)
        )
        ehr = GuardedEhr(client, _guard(config, truth), config.defects)
        held.push_async_callback(ehr.close)
        turns = Turns(pool)
        deliverer = Deliverer(turns, ehr, config.defects, config.settings.outbox_interval_s)
        vitals = Vitals(turns.alive, config.settings.store_silence_s)
        desk = Desk(turns, ehr, deliverer, config.defects, config.settings.store_patience_s)
        capacity = config.settings.admits(config.defects)
        stages = await held.enter_async_context(StageClient(config.stages, config.settings))
        mind = Mind(stages, config.settings, config.defects)
        held.push_async_callback(mind.close)
        house = House(desk, mind, truth, config.defects, lane(config.defects))
        door = Door(config.zone, house, vitals, capacity)
        figures = metrics.AgentFigures(
            {"ehr": ehr.guard, **mind.guards},
            door.active_calls,
            lambda: deliverer.pending,
            capacity,
            lambda: door.rejected,
            lambda: house.real_calls.up,
        )
        works = [deliverer.run(), vitals.watch_store(), vitals.watch_loop()]
        if config.members:
            works.append(follow(config.members, pool, sticky=Defect.STICKY_CLIENTS in config.defects))
        loops = [asyncio.create_task(work) for work in works]
        await held.enter_async_context(_working(*loops))
        app = door.app(metrics.registry(figures))
        await held.enter_async_context(service.listening(app, config.host, config.port))
        told = asyncio.create_task(stop.wait())
        ended, _ = await asyncio.wait({told, *loops}, return_when=asyncio.FIRST_COMPLETED)
        for task in ended - {told}:
            task.result()  # a background loop never ends by itself: let its failure end the agent


if __name__ == "__main__":
    sys.exit(service.main("drill.sandbox.agent", settings.agent, serve))
