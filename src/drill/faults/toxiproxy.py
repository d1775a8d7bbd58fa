"""toxiproxy-python behind a guard.

The library keeps host and port on a class (a second server re-points the first), waits for
ever, and hands 5xx answers back as success. Its one seam is the class all its requests go
through; we put our own there: the server of the current call (a context variable), a
deadline over the whole call, and an exception for every answer that is not a well-formed
2xx. What it cannot do at all (change an upstream) goes through the same seam.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests
import toxiproxy.proxy
import toxiproxy.server

from drill.faults.guarded import refusal, send
from drill.model.errors import NoAnswerError, WorldError

DEADLINE_S = 5.0
_SERVER: ContextVar[str] = ContextVar("toxiproxy_server")


class _GuardedConsumer:
    """Takes the place of the library's APIConsumer; same three methods.

    Host and port are for others who use the library in this process; ours go by _SERVER.
    """

    host, port = "127.0.0.1", 8474

    @classmethod
    def get(cls, url: str) -> requests.Response:
        return _request("GET", url)

    @classmethod
    def delete(cls, url: str) -> requests.Response:
        return _request("DELETE", url, wants_json=False)

    @classmethod
    def post(cls, url: str, json: Any = None) -> requests.Response:
        return _request("POST", url, json)


toxiproxy.proxy.APIConsumer = toxiproxy.server.APIConsumer = _GuardedConsumer


def _request(method: str, path: str, json: Any = None, *, wants_json: bool = True) -> requests.Response:
    url = _SERVER.get(f"http://{_GuardedConsumer.host}:{_GuardedConsumer.port}") + path
    try:
        response = send(method, url, json, deadline_s=DEADLINE_S)
        if wants_json and response.ok:
            response.json()
    except (requests.RequestException, TimeoutError) as error:
        raise NoAnswerError(f"the fault proxy at {url} gave no answer: {type(error).__name__}") from error
    if not 200 <= response.status_code < 300:
        raise WorldError(
            f"the fault proxy refused {method} {url}: status {response.status_code} {refusal(response)}"
        )
    return response


@contextmanager
def _at(api: str) -> Iterator[None]:
    token = _SERVER.set(api.rstrip("/"))
    try:
        yield
    finally:
        _SERVER.reset(token)


@dataclass(frozen=True, slots=True)
class Toxic:
    """One toxic as Toxiproxy knows it; `attributes` are (name, value) pairs, sorted."""

    name: str
    type: str
    stream: str
    toxicity: float
    attributes: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ProxyState:
    """One proxy as read from its server."""

    name: str
    listen: str
    upstream: str
    enabled: bool
    toxics: tuple[Toxic, ...]


class Server:
    """One Toxiproxy server. Every method raises WorldError when it is not sure that it worked."""

    def __init__(self, api: str) -> None:
        self.api = api

    def version(self) -> str:
        """The server's version text."""
        with _at(self.api):
            return _request("GET", "/version", wants_json=False).text.strip()

    def read(self, name: str) -> ProxyState:
        """The proxy as it is now."""
        with _at(self.api):
            return _state(_request("GET", f"/proxies/{quote(name, safe='')}").json())

    def read_all(self) -> dict[str, ProxyState]:
        """Every proxy of the server, by name, in one request."""
        with _at(self.api):
            found = _request("GET", "/proxies").json()
        if not isinstance(found, dict):
            raise WorldError(f"the fault proxy {self.api} lists no proxies")
        return {name: _state(data) for name, data in found.items()}

    def switch(self, name: str, *, enabled: bool) -> None:
        """One request and no read-back, for who switches many at a time and reads all of them after."""
        with _at(self.api):
            _request("POST", f"/proxies/{quote(name, safe='')}", {"enabled": enabled})

    def set_enabled(self, name: str, *, enabled: bool) -> ProxyState:
        """Switch the proxy on or off; off closes all its connections."""
        with _at(self.api):
            proxy = _library_proxy(self.read(name))
            if enabled:
                proxy.enable()
            else:
                proxy.disable()
        return self._sure(name, lambda state: state.enabled is enabled, f"enabled={enabled}")

    def set_upstream(self, name: str, upstream: str) -> ProxyState:
        """Point the proxy elsewhere; closes its connections once. The library has no call for it."""
        with _at(self.api):
            _request("POST", f"/proxies/{quote(name, safe='')}", {"upstream": upstream})
        return self._sure(name, lambda state: state.upstream == upstream, f"upstream={upstream}")

    def add_toxic(self, name: str, toxic: Toxic) -> ProxyState:
        """Add a toxic; refused by the server when one of that name is there."""
        with _at(self.api):
            _library_proxy(self.read(name)).add_toxic(
                name=toxic.name, type=toxic.type, stream=toxic.stream, toxicity=toxic.toxicity,
                attributes=dict(toxic.attributes),
            )  # fmt: skip
        return self._sure(name, lambda state: toxic in state.toxics, f"toxic {toxic.name}")

    def set_toxic(self, name: str, toxic: Toxic) -> None:
        """Give a toxic that is there other attributes, and no read-back. The library has no call for it."""
        path = f"/proxies/{quote(name, safe='')}/toxics/{quote(toxic.name, safe='')}"
        with _at(self.api):
            _request("POST", path, {"attributes": dict(toxic.attributes)})

    def remove_toxic(self, name: str, toxic: str) -> ProxyState:
        """Remove a toxic by name; one that is gone already is fine."""
        with _at(self.api):
            state = self.read(name)
            if any(each.name == toxic for each in state.toxics):
                _library_proxy(state).destroy_toxic(quote(toxic, safe=""))
        gone = f"no toxic {toxic}"
        return self._sure(name, lambda state: all(each.name != toxic for each in state.toxics), gone)

    def _sure(self, name: str, holds: Any, wanted: str) -> ProxyState:
        state = self.read(name)
        if not holds(state):
            raise WorldError(
                f"the fault proxy {self.api} accepted {wanted} for {name!r} but reads back {state}"
            )
        return state


def _library_proxy(state: ProxyState) -> Any:
    # The library puts names into URLs as they are, so they are quoted before it sees them.
    name = quote(state.name, safe="")
    return toxiproxy.proxy.Proxy(
        name=name, upstream=state.upstream, enabled=state.enabled, listen=state.listen
    )


def _state(data: dict[str, Any]) -> ProxyState:
    try:
        toxics = tuple(
            Toxic(
                t["name"],
                t["type"],
                t["stream"],
                float(t["toxicity"]),
                tuple(sorted(t["attributes"].items())),
            )
            for t in sorted(data["toxics"] or [], key=lambda t: str(t["name"]))
        )
        return ProxyState(data["name"], data["listen"], data["upstream"], data["enabled"], toxics)
    except (KeyError, TypeError, AttributeError) as error:
        raise WorldError(f"the fault proxy's answer is not a Toxiproxy proxy: {error!r}") from error
