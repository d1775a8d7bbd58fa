"""Platforms that send rubbish, too much, or nothing: each call counts as what it was, the others go on."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import gevent
import pytest
from gevent import socket
from gevent.server import StreamServer

from drill.load import script
from drill.load.call import Call, Identity
from drill.load.engine import Engine
from drill.load.frames import LARGEST_MESSAGE, Parser
from drill.load.websocket import BACKLOG_ALL, BACKLOG_AUDIO, Line, connect
from drill.model.errors import WorldError
from drill.model.events import CallEnded, Event

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
Answer = Callable[[socket.socket], None]


def frame(payload: bytes, head: int = 0x81) -> bytes:
    """A server's frame of any length."""
    if len(payload) < 126:
        return bytes((head, len(payload))) + payload
    if len(payload) < 1 << 16:
        return bytes((head, 126)) + len(payload).to_bytes(2) + payload
    return bytes((head, 127)) + len(payload).to_bytes(8) + payload


def media(audio: bytes) -> bytes:
    """Agent audio in a frame."""
    body = {"event": "media", "media": {"payload": base64.b64encode(audio).decode()}}
    return frame(json.dumps(body).encode())


def shaken(sock: socket.socket) -> None:
    """The server's part of the handshake."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += sock.recv(4096)
    key = request.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0]
    accept = base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest())
    sock.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


@contextmanager
def platform(then: Answer) -> Iterator[str]:
    """Shakes hands and does as it is told; its address."""

    def serve(sock: socket.socket, _: object) -> None:
        with suppress(OSError):
            shaken(sock)
            then(sock)

    server = StreamServer(("127.88.2.1", 0), serve)
    server.start()
    try:
        yield f"ws://127.88.2.1:{server.server_port}/media"
    finally:
        server.stop(timeout=0.1)


class Calls:
    """An engine at work, and how its calls ended."""

    def __init__(self, frame_ms: int = 20) -> None:
        self.engine, self.ended = Engine(frame_ms), dict[str, CallEnded]()
        self.numbers = itertools.count()
        self.wheel = gevent.spawn(self.engine.run)

    def add(self, url: str) -> Line:
        """One more call."""
        name, line = f"CA{next(self.numbers)}", connect(url, 2.0)
        who, ends_ns = Identity(name, f"MZ{name}", "synthetic-0002", "d"), 1 << 62
        self.engine.add(Call(who, script.turns(1), ends_ns, self._see), line, lambda: None)
        return line

    def _see(self, event: Event, _: int) -> None:
        if isinstance(event, CallEnded):
            self.ended[event.call] = event

    def until(self, holds: Callable[[], bool], within_s: float = 10.0) -> None:
        """Let it work."""
        with gevent.Timeout(within_s):
            while not holds():
                assert not self.wheel.ready(), "the wheel stopped"
                gevent.sleep(0.01)


@pytest.fixture
def calls() -> Iterator[Calls]:
    """Closed at the end; the wheel has survived."""
    found = Calls()
    yield found
    assert not found.wheel.ready()
    found.engine.close("the test is over")
    found.wheel.join(timeout=2.0)
    assert found.wheel.successful()


def listening(sock: socket.socket) -> None:
    """A platform that is well, as far as frames go: it listens and says nothing."""
    while sock.recv(1 << 16):
        pass


def sends(*pieces: bytes) -> Answer:
    """Say this and listen on."""

    def then(sock: socket.socket) -> None:
        for piece in pieces:
            sock.sendall(piece)
        listening(sock)

    return then


def cuts(data: bytes) -> Answer:
    """Say this and be gone."""
    return lambda sock: sock.sendall(data)


@pytest.mark.parametrize(
    ("hostile", "told"),
    [
        (sends(b"\xff\xfe\xfd\xfc" * 1000), "reserved bits"),
        (sends(frame(b"this is no JSON")), "not a frame of the twilio dialect"),
        (sends(frame(b"\xff\xfe")), "not a frame of the twilio dialect"),
        (sends(frame(b"[" * 100_000)), "not a frame of the twilio dialect"),
        (sends(frame(b'{"event":"media","media":{"payload":"***"}}')), "not a frame of the twilio dialect"),
        (sends(frame(b'{"event":"mark"}')), "not a frame of the twilio dialect"),
        (sends(b"\x81\x7f" + (LARGEST_MESSAGE + 1).to_bytes(8)), "too large"),
        (sends(frame(b"x" * 4096, head=0x01), *[frame(b"x" * 60_000, head=0x00)] * 18), "too large"),
        (sends(frame(b"", head=0x89) * 60_000), "takes no more|control frames"),
        (cuts(frame(b"x" * 1000)[:500]), "closed the connection"),
        (cuts(media(b"\x10" * 160)[:1]), "closed the connection"),
        (sends(frame((1011).to_bytes(2) + b"tired", head=0x88)), "1011 tired"),
    ],
    ids=[
        "bytes", "text", "not-utf8", "nested", "base64", "fields", "length", "endless", "pings", "mid-frame",
        "mid-head", "farewell",
    ],
)  # fmt: skip
def test_a_call_that_is_sent_rubbish_was_dropped_and_the_others_go_on(
    calls: Calls, hostile: Answer, told: str
) -> None:
    """Told in the call's end; the neighbour's frames still leave in time."""
    with platform(hostile) as bad, platform(listening) as good:
        calls.add(good)
        calls.add(bad)
        calls.until(lambda: "CA1" in calls.ended)
        calls.engine.take_lateness()
        gevent.sleep(0.2)
        assert calls.engine.take_lateness().total >= 8
    assert calls.ended["CA1"].outcome == "dropped"
    assert re.search(told, calls.ended["CA1"].detail)
    assert calls.engine.calls_up == 1


def test_large_frames_are_heard_and_not_kept(calls: Calls) -> None:
    """One of 1 MB, in small pieces, is a minute of audio; the call lives and keeps its length only."""
    big = media(b"\x10" * 700_000)
    assert 900_000 < len(big) < LARGEST_MESSAGE
    with platform(sends(*(big[at : at + 5000] for at in range(0, len(big), 5000)))) as url:
        line = calls.add(url)
        calls.until(lambda: line._parser._wanted > 0)
        calls.until(lambda: not line._parser._rest)
        gevent.sleep(0.1)
    assert calls.engine.calls_up == 1


def test_marks_that_are_never_asked_for_back_do_not_pile_up(calls: Calls) -> None:
    """An agent that marks without end is answered as far as there is room."""
    name = b'{"event":"mark","mark":{"name":"%d"}}'
    with platform(sends(*(frame(name % n) * 200 for n in range(100)))) as url:
        line = calls.add(url)
        gevent.sleep(1.0)
        assert calls.engine.calls_up == 1
        assert len(line._out) <= BACKLOG_ALL


def test_a_call_that_is_up_beyond_every_limit_is_found(calls: Calls) -> None:
    """Not before: the platform may keep a caller waiting so long. One that is over is none."""
    with platform(listening) as url:
        calls.add(url)
        (limit_ns,) = (seat.call.limit_ns for seat in calls.engine._seats.values())
        assert calls.engine.outlived(limit_ns) is None
        late = calls.engine.outlived(limit_ns + 1)
        assert late is not None
        assert late.identity.call_sid == "CA0"
        late.cut(0, "by the test")
        calls.until(lambda: bool(calls.ended) and calls.engine.outlived(limit_ns + 1) is None)


def test_a_platform_that_reads_nothing_costs_a_bounded_backlog() -> None:
    """Audio that finds no room is dropped, as on a phone line; what is kept has a bound."""
    near, far = socket.socketpair()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    near.setblocking(0)
    line = Line(near.fileno(), Parser())
    for _ in range(2000):
        line.send(b"x" * 400, droppable=True)
        line.flush()
    assert line.dropped > 1000
    assert len(line._out) <= BACKLOG_AUDIO + 500
    with pytest.raises(BrokenPipeError):
        for _ in range(2000):
            line.send(b"x" * 400)
    far.close()
    near.close()


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\n\r\n", b"\x00" * 9000, b"HTTP/1.1 101", b""])
def test_a_handshake_that_is_none_is_a_refused_call(answer: bytes) -> None:
    """WorldError, and no descriptor is left behind."""

    def serve(sock: socket.socket, _: object) -> None:
        with suppress(OSError):
            sock.recv(4096)
            sock.sendall(answer)

    server = StreamServer(("127.88.2.1", 0), serve)
    server.start()
    with pytest.raises(WorldError):
        connect(f"ws://127.88.2.1:{server.server_port}/media", 0.5)
    server.stop(timeout=0.1)


@pytest.mark.parametrize("frame_ms", [20, 40, 100, 200])
def test_each_fidelity_sends_all_frames_in_order(frame_ms: int) -> None:
    """Fewer sends, the same audio: fifty frames a second, numbered without a gap."""
    got = bytearray()
    reads = itertools.count()

    def then(sock: socket.socket) -> None:
        while data := sock.recv(1 << 16):
            got.extend(data)
            next(reads)

    calls = Calls(frame_ms)
    with platform(then) as url:
        calls.add(url)
        gevent.sleep(1.5)
        calls.engine.close("the test is over")
        calls.wheel.join(timeout=2.0)
    chunks = [int(piece.split(b'"')[0]) for piece in bytes(got).split(b'"chunk":"')[1:]]
    assert chunks == list(range(1, len(chunks) + 1))
    assert 1200 // 20 <= len(chunks) <= 1700 // 20
    assert next(reads) <= 1700 // frame_ms + 3
