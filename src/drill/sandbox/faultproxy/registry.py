"""All proxies by name, and what requests may do to them: values in, values out, no HTTP.

Requests change the world one at a time (`lock`); reading needs no lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from drill.sandbox.faultproxy.errors import (
    bad_request,
    invalid_stream,
    missing,
    proxy_exists,
    proxy_not_found,
)
from drill.sandbox.faultproxy.link import PlacedToxic
from drill.sandbox.faultproxy.proxy import Proxy, address
from drill.sandbox.faultproxy.toxics import attributes, make

_PROXY_FIELDS: Mapping[str, type] = {
    "name": str,
    "listen": str,
    "upstream": str,
    "enabled": bool,
    "toxics": list,
}
_STREAMS = ("upstream", "downstream")
Body = dict[str, Any]


class Registry:
    """The state of the server."""

    def __init__(self) -> None:
        self.proxies: dict[str, Proxy] = {}
        self.lock = asyncio.Lock()

    def get(self, name: str) -> Proxy:
        """The proxy of that name; ApiError 404."""
        try:
            return self.proxies[name]
        except KeyError:
            raise proxy_not_found() from None

    async def create(self, body: object) -> Proxy:
        """Make a proxy and start it, unless it shall not be enabled."""
        fields = _proxy_fields(body)
        _require(fields)
        if fields["name"] in self.proxies:
            raise proxy_exists()
        return await self._add(fields)

    async def _add(self, fields: Body) -> Proxy:
        proxy = Proxy(fields["name"], fields.get("listen", "") or "127.0.0.1:0", fields["upstream"])
        address(proxy.upstream)
        if fields.get("enabled", True):
            await proxy.start()
        self.proxies[proxy.name] = proxy
        return proxy

    async def populate(self, body: object, made: list[Proxy]) -> None:
        """Make or replace proxies; those done before an error are in `made` all the same."""
        if not isinstance(body, list):
            raise bad_request("a list of proxies is wanted")
        every = [_proxy_fields(item) for item in body]
        for number, fields in enumerate(every, start=1):
            _require(fields, f" at proxy {number}")
        for fields in every:
            old = self.proxies.get(fields["name"])
            if old is not None and (old.listen, old.upstream) == (fields.get("listen"), fields["upstream"]):
                made.append(old)
                continue
            if old is not None:
                old.stop()
            made.append(await self._add(fields))

    async def update(self, name: str, body: object) -> Proxy:
        """Change where a proxy listens, where it leads, or whether it does."""
        proxy, fields = self.get(name), _proxy_fields(body)
        enabled = fields.get("enabled", proxy.enabled)
        listen, upstream = fields.get("listen", proxy.listen), fields.get("upstream", proxy.upstream)
        address(listen), address(upstream)  # refused before anything is stopped
        if (listen, upstream) != (proxy.listen, proxy.upstream):
            proxy.stop()
            proxy.listen, proxy.upstream = listen, upstream
        if enabled:
            await proxy.start()
        else:
            proxy.stop()
        return proxy

    def delete(self, name: str) -> None:
        """Stop and forget a proxy."""
        self.get(name).stop()
        del self.proxies[name]

    async def reset(self) -> None:
        """Enable every proxy and take away every toxic."""
        for proxy in self.proxies.values():
            await proxy.start()
            for placed in list(proxy.toxics):
                await proxy.remove_toxic(placed)

    async def add_toxic(self, name: str, body: object) -> PlacedToxic:
        """Lay a toxic on a proxy; downstream and on every connection unless told otherwise."""
        proxy, fields = self.get(name), _object(body)
        _only(fields, ("name", "type", "stream", "toxicity", "attributes"))
        stream = fields.get("stream", "downstream") or "downstream"
        if stream not in _STREAMS:
            raise invalid_stream()
        kind = str(fields.get("type", ""))
        toxic = make(kind, fields.get("attributes", {}))
        placed = PlacedToxic(
            _text(fields, "name") or f"{kind}_{stream}", kind, stream, _toxicity(fields, 1.0), toxic
        )
        await proxy.add_toxic(placed)
        return placed

    async def update_toxic(self, name: str, toxic_name: str, body: object) -> PlacedToxic:
        """Change a toxic's attributes (those named) or toxicity; name, type and stream stay."""
        proxy, fields = self.get(name), _object(body)
        placed = proxy.toxic(toxic_name)
        _only(fields, ("name", "type", "stream", "toxicity", "attributes"))
        given = fields.get("attributes", {})
        merged = attributes(placed.toxic) | given if isinstance(given, dict) else given
        toxicity = _toxicity(fields, placed.toxicity)
        placed.toxic, placed.toxicity = make(placed.kind, merged), toxicity
        await proxy.refresh_toxic(placed)
        return placed

    async def delete_toxic(self, name: str, toxic_name: str) -> None:
        """Take a toxic away."""
        proxy = self.get(name)
        await proxy.remove_toxic(proxy.toxic(toxic_name))

    def stop(self) -> None:
        """Stop everything: the server ends."""
        for proxy in self.proxies.values():
            proxy.stop()


def _object(body: object) -> Body:
    if not isinstance(body, dict):
        raise bad_request("an object is wanted")
    return body


def _only(fields: Body, known: tuple[str, ...]) -> None:
    if unknown := sorted(set(fields) - set(known)):
        raise bad_request(f"unknown field {unknown[0]!r}; known are {', '.join(known)}")


def _proxy_fields(body: object) -> Body:
    fields = _object(body)
    _only(fields, tuple(_PROXY_FIELDS))
    for name, value in fields.items():
        if not isinstance(value, _PROXY_FIELDS[name]):
            raise bad_request(f"field {name!r} must be of type {_PROXY_FIELDS[name].__name__}")
    return fields


def _require(fields: Body, where: str = "") -> None:
    for name in ("name", "upstream"):
        if not fields.get(name):
            raise missing(name + where)


def _text(fields: Body, name: str) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise bad_request(f"field {name!r} must be text")
    return value


def _toxicity(fields: Body, default: float) -> float:
    value = fields.get("toxicity", default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise bad_request("toxicity must be a number from 0 to 1")
    return float(value)
