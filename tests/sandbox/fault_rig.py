"""What the fault-proxy tests stand on: a proxy server (embedded or real), upstreams, plain sockets."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

ROOT = Path(__file__).parents[2]
HOST = "127.50.0.8"
KINDS = ("embedded", "real")
_START_S = 15.0
_CALL_S = 10.0


def real_server() -> str:
    """The real server's path; skips where it cannot be had, fails where set-up should have brought it."""
    installed = ROOT / ".tools" / "bin" / "server"
    found = str(installed) if installed.is_file() else shutil.which("toxiproxy-server")
    if found is None and shutil.which("go") is None:
        pytest.skip("neither a Toxiproxy server nor go to install one with")
    if found is None:
        pytest.fail("go is here, so set-up should have installed Toxiproxy's server to .tools/bin/server")
    return found


def free_port(host: str = HOST) -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def command(kind: str, port: int) -> list[str]:
    """How a server of this kind is started."""
    where = ["--host", HOST, "--port", str(port)]
    if kind == "real":
        return [real_server(), *where]
    return [sys.executable, "-m", "drill.sandbox.faultproxy", *where, "--die-with-parent"]


@dataclass(frozen=True, slots=True)
class Api:
    """A running server's HTTP API, without any client library."""

    kind: str
    url: str

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        """One request, straight to the server."""
        return requests.request(method, self.url + path, json=body, timeout=_CALL_S, **more)

    def proxy(self, upstream: str, name: str = "p", **more: Any) -> tuple[str, int]:
        """Make a proxy; where it listens."""
        body = {"name": name, "listen": f"{HOST}:0", "upstream": upstream, **more}
        answer = self.call("POST", "/proxies", body)
        assert answer.status_code == 201, answer.text
        host, _, port = answer.json()["listen"].rpartition(":")
        return host, int(port)

    def toxic(self, kind: str, stream: str = "downstream", *, toxicity: float = 1.0, **values: int) -> str:
        """Lay a toxic on proxy `p`; its path."""
        body = {"type": kind, "stream": stream, "toxicity": toxicity, "attributes": values}
        answer = self.call("POST", "/proxies/p/toxics", body)
        assert answer.status_code == 200, answer.text
        return f"/proxies/p/toxics/{answer.json()['name']}"

    def clear(self) -> None:
        """Forget all proxies."""
        for name in self.call("GET", "/proxies").json():
            self.call("DELETE", "/proxies/" + requests.utils.quote(name, safe=""))


@contextlib.contextmanager
def running(kind: str) -> Iterator[Api]:
    """A server of this kind, gone afterwards."""
    port = free_port()
    process = subprocess.Popen(command(kind, port), stdout=subprocess.DEVNULL)
    try:
        api = Api(kind, f"http://{HOST}:{port}")
        await_true(lambda: _answers(api), _START_S)
        yield api
    finally:
        process.terminate()
        try:
            process.wait(_START_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_START_S)


def _answers(api: Api) -> bool:
    try:
        return api.call("GET", "/version").ok
    except requests.ConnectionError:
        return False


def await_true(holds: Callable[[], bool], within_s: float) -> None:
    """Poll until it holds; fails when it does not in time."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"not true within {within_s} s"
        time.sleep(0.02)


Handler = Callable[[socket.socket], None]


@contextlib.contextmanager
def upstream(handler: Handler) -> Iterator[str]:
    """A server that gives each connection to `handler` in a thread; its address."""
    listener = socket.create_server((HOST, 0), backlog=128)
    threading.Thread(target=_accept, args=(listener, handler), daemon=True).start()
    try:
        yield f"{HOST}:{listener.getsockname()[1]}"
    finally:
        # shutdown wakes the accept; close alone would leave it waiting.
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _accept(listener: socket.socket, handler: Handler) -> None:
    while True:
        try:
            peer, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_handle, args=(peer, handler), daemon=True).start()


def _handle(peer: socket.socket, handler: Handler) -> None:
    with peer, contextlib.suppress(OSError):
        peer.settimeout(30)
        handler(peer)


def echo(peer: socket.socket) -> None:
    """Say everything back until the caller is done."""
    while data := peer.recv(65536):
        peer.sendall(data)


def sends(data: bytes) -> Handler:
    """Say this at once and hang up."""
    return lambda peer: peer.sendall(data)


def answers(data: bytes) -> Handler:
    """Wait for a word, say this, stay on the line until the caller goes."""

    def handler(peer: socket.socket) -> None:
        while peer.recv(65536):
            peer.sendall(data)

    return handler


def dial(address: tuple[str, int]) -> socket.socket:
    """A plain connection with a deadline on everything."""
    peer = socket.create_connection(address, timeout=5)
    peer.settimeout(10)
    return peer


def drain(peer: socket.socket) -> bytes:
    """Everything until the other side closes."""
    pieces = []
    while data := peer.recv(65536):
        pieces.append(data)
    return b"".join(pieces)


def exactly(peer: socket.socket, size: int) -> bytes:
    """So many bytes."""
    pieces, left = [], size
    while left:
        data = peer.recv(min(left, 65536))
        assert data, f"closed with {left} bytes to come"
        pieces.append(data)
        left -= len(data)
    return b"".join(pieces)


def silent(peer: socket.socket, for_s: float) -> bool:
    """Whether nothing at all (no byte, no close) arrives for that long."""
    peer.settimeout(for_s)
    try:
        peer.recv(1)
    except TimeoutError:
        return True
    finally:
        peer.settimeout(10)
    return False


def round_trip_s(peer: socket.socket, data: bytes = b"ping") -> float:
    """How long an echo takes."""
    began = time.monotonic()
    peer.sendall(data)
    assert exactly(peer, len(data)) == data
    return time.monotonic() - began
