"""Reading the store back ends in time, whoever froze, and a row that is none is no turn."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from drill.model.errors import WorldError
from drill.model.events import StoredTurn
from drill.model.target import Store
from drill.probes import readback

_SSL, _GSS = 80877103, 80877104


@contextlib.contextmanager
def listening(handler: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that gives each connection to `handler`; its address."""
    server = socket.create_server(("127.0.0.1", 0))
    peers: list[socket.socket] = []

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                peers.append(server.accept()[0])
                threading.Thread(target=handler, args=(peers[-1],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield "{}:{}".format(*server.getsockname())
    finally:
        for each in (server, *peers):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def frozen(peer: socket.socket) -> None:
    """The kernel took the connection; nobody is there."""


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def freezes_later(peer: socket.socket) -> None:
    """A PostgreSQL that lets one in, and answers no query."""
    with contextlib.suppress(OSError):
        while struct.unpack("!i", peer.recv(8)[4:])[0] in (_SSL, _GSS):
            peer.sendall(b"N")
        peer.recv(65536)
        version = message(b"S", b"server_version\x00" + b"18.0\x00")
        peer.sendall(message(b"R", struct.pack("!i", 0)) + version + message(b"Z", b"I"))
        while peer.recv(65536):
            pass


def store(*hosts: str) -> Store:
    return Store(f"postgresql://drill@{','.join(hosts)}/voice", None, "SELECT 1", "SELECT 1")


def test_frozen_hosts_do_not_use_up_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of several gets its share, and the reason is told in one line."""
    monkeypatch.setattr(readback, "CONNECT_WITHIN_S", 4)
    began = time.monotonic()
    with (
        listening(frozen) as one,
        listening(frozen) as other,
        pytest.raises(WorldError, match=r"the store cannot be reached: .*timeout.*"),
    ):
        readback.connect(store(one, other))
    assert 3.5 < time.monotonic() - began < 8


def test_a_server_that_freezes_after_the_greeting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own statement timeout is no use then; ours is."""
    monkeypatch.setattr(readback, "ANSWER_WITHIN_S", 0.5)
    began = time.monotonic()
    with listening(freezes_later) as address, pytest.raises(WorldError, match="the store cannot be reached"):
        list(readback.stored_turns(store(address), "r"))
    assert time.monotonic() - began < 3


def test_nobody_there() -> None:
    """Refused is a WorldError."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(WorldError, match="refused"):
        readback.connect(store(f"127.0.0.1:{port}"))


def test_a_row_is_a_turn_with_or_without_its_position() -> None:
    """Four columns or five, nothing else."""
    assert readback._turn(("t", "c", 1, "d")) == StoredTurn("t", "c", 1, "d", 0)
    assert readback._turn(("t", "c", 1, "d", 7)).position == 7
    for row in ((), ("t", "c", 1), ("t", "c", "x", "d"), ("t", "c", 1, "d", None), ("t", "c", 1, "d", 1, 1)):
        with pytest.raises(WorldError, match="`turns` has to give"):
            readback._turn(row)
