"""The egress counter: a TCP relay that counts what the agents really send to the EHR.

Theory: a breaker that reports on itself is no evidence. This relay sits between agents and
fault proxies, sees every connection and every HTTP request, and changes nothing. A link's
request is counted before the next hop is dialled, so an attempt that the next hop refuses
counts as well; a refusal or reset by the next hop reaches the client as a reset.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Iterator

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from drill.sandbox import service, settings
from drill.sandbox.http_framing import RequestCounter
from drill.sandbox.settings import EgressConfig, Listener
from drill.sandbox.truth import Truth

CHUNK = 1 << 16
CONNECT_S = 30.0
IDLE_S = 300.0
LINGER_S = 5.0
EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: close means RST


class Counts(Collector):
    """The figures of all links, and their lines of truth."""

    def __init__(self, links: list[str], truth: Truth) -> None:
        self._links = links
        self._truth = truth
        self._seen: Counter[tuple[str, str]] = Counter()

    def note(self, link: str, event: str, number: int = 1) -> None:
        """So many connections, request heads or refusals of the next hop, just now."""
        self._seen[event, link] += number
        for _ in range(number):
            self._truth.write(t_ns=time.monotonic_ns(), link=link, event=event)

    def collect(self) -> Iterator[Metric]:
        """One counter per event, every link from the start."""
        for event in ("connections", "requests", "refused"):
            family = CounterMetricFamily(f"egress_{event}", f"{event} by link", labels=["link"])
            for link in self._links:
                family.add_metric([link], self._seen[event, link])
            yield family


class Relay:
    """One link."""

    def __init__(self, listener: Listener, counts: Counts) -> None:
        self._to = listener
        self._counts = counts

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client connection, from accept to close."""
        self._counts.note(self._to.link, "connections")
        counter = RequestCounter()
        try:
            first = await asyncio.wait_for(reader.read(CHUNK), IDLE_S)
            if not first:
                return
            self._count(counter, first)
            await self._forward(reader, writer, counter, first)
        except (OSError, TimeoutError):
            _reset(writer)
        finally:
            writer.close()

    def _count(self, counter: RequestCounter, data: bytes) -> None:
        if number := counter.feed(data):
            self._counts.note(self._to.link, "requests", number)

    async def _forward(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        counter: RequestCounter,
        first: bytes,
    ) -> None:
        try:
            dialled = asyncio.open_connection(self._to.to_host, self._to.to_port, limit=CHUNK)
            next_reader, next_writer = await asyncio.wait_for(dialled, CONNECT_S)
        except (OSError, TimeoutError):
            self._counts.note(self._to.link, "refused")
            raise
        try:
            next_writer.write(first)
            up = asyncio.create_task(self._pump(reader, next_writer, counter))
            down = asyncio.create_task(self._pump(next_reader, writer, None))
            await _both(up, down)
        except (OSError, TimeoutError):
            _reset(next_writer)
            raise
        finally:
            next_writer.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, counter: RequestCounter | None
    ) -> None:
        while data := await asyncio.wait_for(reader.read(CHUNK), IDLE_S):
            if counter is not None:
                self._count(counter, data)
            writer.write(data)
            await asyncio.wait_for(writer.drain(), IDLE_S)
        writer.write_eof()


async def _both(up: asyncio.Task[None], down: asyncio.Task[None]) -> None:
    """Until the answer has ended or a side failed; a client that stops sending may listen a little longer."""
    try:
        await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        if up.done() and not up.exception():
            await asyncio.wait({down}, timeout=LINGER_S)
        for task in (up, down):
            if task.done():
                task.result()
    finally:
        for task in (up, down):
            task.cancel()
        await asyncio.gather(up, down, return_exceptions=True)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST and forget what was not sent."""
    sock = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


async def serve(config: EgressConfig, stop: asyncio.Event) -> None:
    """Relay and count until told to stop."""
    counts = Counts([listener.link for listener in config.listeners], Truth(config.truth))
    registry = CollectorRegistry()
    registry.register(counts)

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": EXPOSITION})

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    servers = [
        await asyncio.start_server(Relay(listener, counts).handle, listener.host, listener.port, limit=CHUNK)
        for listener in config.listeners
    ]
    try:
        async with service.listening(app, config.metrics_host, config.metrics_port):
            await stop.wait()
    finally:
        for server in servers:
            server.close()


if __name__ == "__main__":
    sys.exit(service.main("drill.sandbox.egress", settings.egress, serve))
