"""Zone control: the power switch and the pause button of each zone, over HTTP.

Theory: what a cloud's control plane offers an operator, and nothing that a drill could heal with: it ends,
stops and lets go on, and it never starts a service. An order is answered when its effect is there. Only
the zones that calls can lose are switched here; what callers and the EHR's owner run is not ours to end.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

from aiohttp import web

from drill.sandbox import service, shim
from drill.sandbox.homes import CannotError
from drill.sandbox.layout import ZONES, Address
from drill.sandbox.spec import Spec
from drill.sandbox.zones import ZoneGoneError

_DEADLINE_S = 5.0
_POLL_S = 0.01


class Switchable(Protocol):
    """A zone; each order returns when it is carried out and raises CannotError when it cannot be."""

    @property
    def state(self) -> str:
        """`up`, `down` or `frozen`."""

    async def hold(self) -> None:
        """Kill everything and keep it down."""

    async def release(self) -> None:
        """Power is back."""

    async def freeze(self) -> None:
        """Stop everything."""

    async def thaw(self) -> None:
        """Let it go on."""


class Kept(Protocol):
    """A service of a zone."""

    spec: Spec
    state: str
    pid: int
    restarts: int
    commanded: int

    def signal(self, number: int) -> None:
        """Send it a signal; ZoneGoneError when it does not run."""


class Control:
    """The application."""

    def __init__(self, homes: Mapping[str, Switchable], keepers: Collection[Kept]) -> None:
        self._homes = {name: home for name, home in homes.items() if name in ZONES}
        self._keepers = keepers

    def app(self) -> web.Application:
        """Routes."""
        app = web.Application(middlewares=[_errors])
        app.router.add_get("/zones", self._all)
        app.router.add_post("/zones/{zone}/{order:down|up|freeze|thaw}", self._switch)
        app.router.add_post("/zones/{zone}/services/{service}/{order:kill|freeze}", self._hit)
        return app

    async def _all(self, _request: web.Request) -> web.Response:
        return web.json_response({"zones": {zone: self._facts(zone) for zone in self._homes}})

    async def _switch(self, request: web.Request) -> web.Response:
        zone, order = self._zone(request), request.match_info["order"]
        home = self._homes[zone]
        orders: dict[str, Callable[[], Awaitable[None]]] = {
            "down": home.hold,
            "up": home.release,
            "freeze": home.freeze,
            "thaw": home.thaw,
        }
        await orders[order]()
        if order == "down":
            # The keepers learn of it in their own time; whoever reads on must not see what is no more.
            await _until(lambda: not any(it.pid for it in self._of(zone)), f"zone {zone} is not empty")
        return web.json_response(self._facts(zone))

    async def _hit(self, request: web.Request) -> web.Response:
        """One service, once; it comes back by itself or not at all."""
        zone, name = self._zone(request), request.match_info["service"]
        kept = next((it for it in self._of(zone) if it.spec.name == name), None)
        if kept is None:
            raise web.HTTPNotFound(text=f"zone {zone} has no service {name!r}")
        kill, pid = request.match_info["order"] == "kill", kept.pid
        kept.signal(signal.SIGKILL if kill else signal.SIGSTOP)
        await _until(lambda: kept.pid != pid or (not kill and _stopped(pid)), f"{name} took no notice")
        return web.json_response(self._facts(zone))

    def _zone(self, request: web.Request) -> str:
        zone = request.match_info["zone"]
        if zone not in self._homes:
            raise web.HTTPNotFound(text=f"unknown zone {zone!r}; known: {', '.join(self._homes)}")
        return zone

    def _of(self, zone: str) -> list[Kept]:
        return [it for it in self._keepers if it.spec.zone == zone]

    def _facts(self, zone: str) -> dict[str, Any]:
        services = {
            it.spec.name: {
                "state": it.state,
                "pid": it.pid,
                "restarts": it.restarts,
                "commanded": it.commanded,
            }
            for it in self._of(zone)
        }
        return {"state": self._homes[zone].state, "services": services}


def _stopped(pid: int) -> bool:
    return shim.states([pid]).get(pid) == "T"


async def _until(true: Callable[[], bool], otherwise: str) -> None:
    until_s = asyncio.get_running_loop().time() + _DEADLINE_S
    while not true():
        if asyncio.get_running_loop().time() > until_s:
            raise CannotError(f"{otherwise} after {_DEADLINE_S:.0f} s")
        await asyncio.sleep(_POLL_S)


@web.middleware
async def _errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Every refusal as JSON with its reason."""
    try:
        return await handler(request)
    except (CannotError, ZoneGoneError) as error:
        return web.json_response({"error": str(error)}, status=409)
    except web.HTTPClientError as error:
        return web.json_response({"error": error.text}, status=error.status)


@asynccontextmanager
async def listening(
    homes: Mapping[str, Switchable], keepers: Collection[Kept], address: Address
) -> AsyncIterator[None]:
    """The API answers at this address inside the block; OSError when it cannot be bound."""
    async with service.listening(Control(homes, keepers).app(), *address):
        yield
