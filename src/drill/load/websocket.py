"""A caller's WebSocket over gevent: handshake by waiting, everything after it without.

Theory: one greenlet serves all calls, so nothing here may wait once the line is up: reads take
what is there, writes give what fits. What does not fit is kept up to a bound; beyond it audio
is dropped, as a phone network would, and a platform that does not even take control frames
has hung up.
"""

from __future__ import annotations

import base64
import hashlib
import os
import socket as constants
from dataclasses import dataclass
from urllib.parse import urlsplit

from gevent import Timeout, socket

from drill.load.frames import CLOSE, PING, PONG, TEXT, Message, Parser, ProtocolError, encode
from drill.model.errors import WorldError

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_LARGEST_HEAD = 8192
_READ = 1 << 16
BACKLOG_AUDIO = 1 << 16
BACKLOG_ALL = 1 << 18
_GONE = encode(CLOSE, (1000).to_bytes(2))


@dataclass(frozen=True, slots=True)
class Address:
    """A ws:// URL taken apart."""

    host: str
    port: int
    path: str

    @classmethod
    def of(cls, url: str) -> Address:
        """ValueError when it is no such URL."""
        parts = urlsplit(url)
        if parts.scheme != "ws" or not parts.hostname:
            raise ValueError(f"{url!r} is not a ws://host:port/path address")
        query = f"?{parts.query}" if parts.query else ""
        return cls(parts.hostname, parts.port or 80, (parts.path or "/") + query)


class Line:
    """An open stream; `dropped` counts audio frames that found no room."""

    __slots__ = ("_backlog", "_parser", "dropped", "fd")

    def __init__(self, fd: int, parser: Parser) -> None:
        self.fd, self._parser, self._backlog, self.dropped = fd, parser, bytearray(), 0

    def send(self, text: bytes, *, droppable: bool = False) -> None:
        """One text message; OSError when the line is gone."""
        if self._backlog:
            if droppable and len(self._backlog) > BACKLOG_AUDIO:
                self.dropped += 1
            else:
                self._later(encode(TEXT, text))
            return
        self._write(encode(TEXT, text))

    def _write(self, data: bytes) -> None:
        try:
            sent = os.write(self.fd, data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            self._later(data[sent:])

    def _later(self, data: bytes) -> None:
        self._backlog += data
        if len(self._backlog) > BACKLOG_ALL:
            raise BrokenPipeError("the platform takes no more frames")

    def flush(self) -> None:
        """Give again what did not fit before."""
        if self._backlog:
            data = bytes(self._backlog)
            self._backlog.clear()
            self._write(data)

    def receive(self) -> tuple[list[bytes], str]:
        """Text messages that are there, and why nothing comes after them ("" while the line lives)."""
        try:
            data = os.read(self.fd, _READ)
        except BlockingIOError:
            return [], ""
        if not data:
            return [], "the platform closed the connection"
        return self._sorted(self._parser.feed(data))

    def leftover(self) -> tuple[list[bytes], str]:
        """Messages that came in one packet with the handshake."""
        return self._sorted(self._parser.feed(b""))

    def _sorted(self, messages: list[Message]) -> tuple[list[bytes], str]:
        texts = []
        for opcode, payload in messages:
            if opcode == TEXT:
                texts.append(payload)
            elif opcode == PING:
                self._write_control(encode(PONG, payload))
            elif opcode == CLOSE:
                return texts, _farewell(payload)
        return texts, ""

    def _write_control(self, frame: bytes) -> None:
        if self._backlog:
            self._later(frame)
        else:
            self._write(frame)

    def say_goodbye(self) -> None:
        """A close frame, as the caller's last word."""
        self._write_control(_GONE)

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.fd)


def _farewell(payload: bytes) -> str:
    code = int.from_bytes(payload[:2]) if len(payload) >= 2 else 1005
    return f"the platform hung up: {code} {payload[2:].decode('utf-8', 'replace')[:60]}".rstrip()


def connect(url: str, deadline_s: float) -> Line:
    """Shake hands, all of it within the deadline; WorldError says why when the platform does not."""
    with Timeout(deadline_s) as deadline:
        try:
            return _connected(url)
        except Timeout as expired:
            if expired is not deadline:
                raise
    raise WorldError(f"no media stream at {url}: no answer to the handshake within {deadline_s:g} s")


def _connected(url: str) -> Line:
    address = Address.of(url)
    try:
        sock = socket.create_connection((address.host, address.port))
    except OSError as error:
        raise WorldError(f"cannot connect to {address.host}:{address.port}: {error}") from error
    try:
        sock.setsockopt(constants.IPPROTO_TCP, constants.TCP_NODELAY, 1)
        parser = _shake_hands(sock, address)
        return Line(sock.detach(), parser)
    except (OSError, ProtocolError) as error:
        raise WorldError(f"no media stream at {url}: {error}") from error
    finally:
        sock.close()  # harmless once the descriptor was taken out


def _shake_hands(sock: socket.socket, address: Address) -> Parser:
    key = base64.b64encode(os.urandom(16))
    sock.sendall(
        (
            f"GET {address.path} HTTP/1.1\r\nHost: {address.host}:{address.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key.decode()}\r\n\r\n"
        ).encode()
    )
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(4096)
        if not more or len(data) > _LARGEST_HEAD:
            raise ProtocolError("the answer to the handshake is cut short or endless")
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    check_answer(head, key)
    parser = Parser()
    parser.preload(rest)
    return parser


def check_answer(head: bytes, key: bytes) -> None:
    """ProtocolError unless this is the 101 that belongs to our key."""
    status, *lines = head.decode("latin-1").split("\r\n")
    if status.split(" ", 2)[1:2] != ["101"]:
        raise ProtocolError(f"the platform answered {status[:60]!r}")
    fields = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    wanted = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest()).decode()
    if fields.get("sec-websocket-accept") != wanted or fields.get("upgrade", "").lower() != "websocket":
        raise ProtocolError("the answer to the handshake is not for our key")
