"""A proxy: a listener, its live connections, and the toxics that lie on them.

Stopping is done when it returns: the port is free, and every connection is closed. Changes
come from the API one at a time (see `registry`), so no lock is needed here.
"""

from __future__ import annotations

import asyncio
from typing import Any

from drill.sandbox.faultproxy.connection import Connection, Streams
from drill.sandbox.faultproxy.errors import ApiError, toxic_exists, toxic_not_found
from drill.sandbox.faultproxy.link import PlacedToxic
from drill.sandbox.faultproxy.toxics import ResetPeer, attributes

_CONNECT_S = 30.0
_BACKLOG = 1024


def address(text: str) -> tuple[str, int]:
    """`host:port` taken apart; ApiError when it is not that."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise ApiError(f"address {text}: missing or odd port in address", 400)
    return host.strip("[]") or "127.0.0.1", int(port)


class Proxy:
    """One named link from `listen` to `upstream`."""

    def __init__(self, name: str, listen: str, upstream: str) -> None:
        self.name, self.listen, self.upstream = name, listen, upstream
        self.toxics: list[PlacedToxic] = []
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._connecting: set[asyncio.Task[Any]] = set()

    @property
    def enabled(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    def to_json(self) -> dict[str, Any]:
        """The proxy as the API shows it."""
        return {
            "name": self.name,
            "listen": self.listen,
            "upstream": self.upstream,
            "enabled": self.enabled,
            "toxics": [toxic_json(t) for t in self._by_stream()],
        }

    def _by_stream(self) -> list[PlacedToxic]:
        return sorted(self.toxics, key=lambda placed: placed.stream != "upstream")

    async def start(self) -> None:
        """Listen; ApiError 500 when that cannot be."""
        if self._server is not None:
            return
        host, port = address(self.listen)
        try:
            self._server = await asyncio.start_server(self._accepted, host, port, backlog=_BACKLOG)
        except OSError as error:
            raise ApiError(f"listen tcp {self.listen}: {error.strerror or error}", 500) from error
        host, port = self._server.sockets[0].getsockname()[:2]
        self.listen = f"{host}:{port}"

    def stop(self) -> None:
        """Stop listening and close every connection."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        for task in list(self._connecting):
            task.cancel()
        for connection in list(self._connections):
            connection.close()

    async def add_toxic(self, placed: PlacedToxic) -> None:
        """Lay a toxic on the proxy and on its live connections."""
        if any(other.name == placed.name for other in self.toxics):
            raise toxic_exists()
        self.toxics.append(placed)
        for connection in list(self._connections):
            await connection.links[placed.stream].add(placed)

    async def refresh_toxic(self, placed: PlacedToxic) -> None:
        """Let a toxic whose values were changed act anew on live connections."""
        for connection in list(self._connections):
            await connection.links[placed.stream].update(placed)

    async def remove_toxic(self, placed: PlacedToxic) -> None:
        """Take a toxic away."""
        self.toxics.remove(placed)
        for connection in list(self._connections):
            await connection.links[placed.stream].remove(placed)

    def toxic(self, name: str) -> PlacedToxic:
        """The toxic of that name; ApiError 404."""
        for placed in self.toxics:
            if placed.name == name:
                return placed
        raise toxic_not_found()

    async def _accepted(self, *client: Any) -> None:
        server, task = self._server, asyncio.current_task()
        upstream: Streams | None = None
        if server is not None and task is not None:
            self._connecting.add(task)
            try:
                upstream = await self._dial()
            finally:
                self._connecting.discard(task)
        if upstream is not None and self._server is server:
            self._connections.add(
                Connection(
                    (client[0], client[1]),
                    upstream,
                    self.toxics,
                    hard=self._closes_hard,
                    closed=self._connections.discard,
                )
            )
        else:
            client[1].transport.abort()

    async def _dial(self) -> Streams | None:
        try:
            return await asyncio.wait_for(asyncio.open_connection(*address(self.upstream)), _CONNECT_S)
        except (OSError, TimeoutError, ApiError):
            return None  # the client sees a closed connection, as from the original

    def _closes_hard(self) -> bool:
        return any(isinstance(placed.toxic, ResetPeer) for placed in self.toxics)


def toxic_json(placed: PlacedToxic) -> dict[str, Any]:
    """A toxic as the API shows it."""
    return {
        "attributes": attributes(placed.toxic),
        "name": placed.name,
        "type": placed.kind,
        "stream": placed.stream,
        "toxicity": placed.toxicity,
    }
