"""Toxiproxy's HTTP API over a registry: routes, JSON, and errors in the original's shape."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from drill.sandbox.faultproxy.errors import ApiError, bad_request
from drill.sandbox.faultproxy.proxy import Proxy, toxic_json
from drill.sandbox.faultproxy.registry import Registry

VERSION = "2.12.0+embedded"  # the API it follows, and that it is not the original
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(registry: Registry) -> web.Application:
    """The application; the registry outlives it."""
    app = web.Application(middlewares=[_guarded])
    api = _Api(registry)
    proxy, toxic = "/proxies/{proxy}", "/proxies/{proxy}/toxics/{toxic}"
    app.add_routes(
        [
            web.get("/version", api.version),
            web.post("/reset", api.reset),
            web.post("/populate", api.populate),
            web.get("/proxies", api.index),
            web.post("/proxies", api.create),
            web.get(proxy, api.show),
            web.post(proxy, api.update),
            web.patch(proxy, api.update),
            web.delete(proxy, api.delete),
            web.get(proxy + "/toxics", api.toxics),
            web.post(proxy + "/toxics", api.toxic_create),
            web.get(toxic, api.toxic_show),
            web.post(toxic, api.toxic_update),
            web.patch(toxic, api.toxic_update),
            web.delete(toxic, api.toxic_delete),
        ]
    )
    return app


@web.middleware
async def _guarded(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Refuse browsers (any web page could reach loopback), and speak errors as JSON."""
    if request.headers.get("User-Agent", "").startswith("Mozilla/"):
        return web.Response(status=403, text="User agent not allowed\n")
    try:
        return await handler(request)
    except ApiError as error:
        return _error(error)


def _error(error: ApiError, **more: Any) -> web.Response:
    return web.json_response({"error": error.message, "status": error.status, **more}, status=error.status)


async def _body(request: web.Request) -> object:
    try:
        return json.loads(await request.read())
    except ValueError as error:
        raise bad_request(str(error)) from error


def _name(request: web.Request, part: str = "proxy") -> str:
    return str(request.match_info[part])


class _Api:
    """One handler per route; whatever changes something holds the registry's lock."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def version(self, _: web.Request) -> web.Response:
        return web.json_response({"version": VERSION})

    async def reset(self, _: web.Request) -> web.Response:
        async with self._registry.lock:
            await self._registry.reset()
        return web.Response(status=204)

    async def populate(self, request: web.Request) -> web.Response:
        body, made = await _body(request), list[Proxy]()
        async with self._registry.lock:
            try:
                await self._registry.populate(body, made)
            except ApiError as error:
                return _error(error, proxies=[proxy.to_json() for proxy in made])
        return web.json_response({"proxies": [proxy.to_json() for proxy in made]}, status=201)

    async def index(self, _: web.Request) -> web.Response:
        return web.json_response({name: proxy.to_json() for name, proxy in self._registry.proxies.items()})

    async def create(self, request: web.Request) -> web.Response:
        body = await _body(request)
        async with self._registry.lock:
            proxy = await self._registry.create(body)
        return web.json_response(proxy.to_json(), status=201)

    async def show(self, request: web.Request) -> web.Response:
        return web.json_response(self._registry.get(_name(request)).to_json())

    async def update(self, request: web.Request) -> web.Response:
        self._registry.get(_name(request))  # an unknown name is told before an odd body
        body = await _body(request)
        async with self._registry.lock:
            proxy = await self._registry.update(_name(request), body)
        return web.json_response(proxy.to_json())

    async def delete(self, request: web.Request) -> web.Response:
        async with self._registry.lock:
            self._registry.delete(_name(request))
        return web.Response(status=204)

    async def toxics(self, request: web.Request) -> web.Response:
        return web.json_response(self._registry.get(_name(request)).to_json()["toxics"])

    async def toxic_create(self, request: web.Request) -> web.Response:
        self._registry.get(_name(request))
        body = await _body(request)
        async with self._registry.lock:
            placed = await self._registry.add_toxic(_name(request), body)
        return web.json_response(toxic_json(placed))

    async def toxic_show(self, request: web.Request) -> web.Response:
        proxy = self._registry.get(_name(request))
        return web.json_response(toxic_json(proxy.toxic(_name(request, "toxic"))))

    async def toxic_update(self, request: web.Request) -> web.Response:
        self._registry.get(_name(request)).toxic(_name(request, "toxic"))
        body = await _body(request)
        async with self._registry.lock:
            placed = await self._registry.update_toxic(_name(request), _name(request, "toxic"), body)
        return web.json_response(toxic_json(placed))

    async def toxic_delete(self, request: web.Request) -> web.Response:
        async with self._registry.lock:
            await self._registry.delete_toxic(_name(request), _name(request, "toxic"))
        return web.Response(status=204)
