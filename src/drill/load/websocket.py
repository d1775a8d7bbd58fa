"""A caller's WebSocket over gevent: handshake by waiting, everything after it without.

Theory: one greenlet serves all calls, so nothing here may wait once the line is up: reads take
what is there, writes give what fits. What is sent is gathered and given in one system call; what
does not fit is kept up to a bound; beyond it audio is dropped, as a phone network would, and a
platform that does not even take control frames has hung up.
"""

from __future__ import annotations

import base64
import hashlib
import os
import socket as constants
from dataclasses import dataclass
from urllib.parse import urlsplit

from gevent import Timeout, socket

from drill.load.frames import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    TEXT_HEADS,
    Binary,
    Parser,
    ProtocolError,
    encode,
    encode_masked,
)
from drill.model.errors import WorldError

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_LARGEST_HEAD = 8192
_READ = 1 << 16
BACKLOG_AUDIO = 1 << 16
BACKLOG_ALL = 1 << 18
_NORMAL = (1000).to_bytes(2)


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
    """An open stream. What is sent leaves with the next `flush`, all of it in one system call; `dropped`
    counts audio frames that found no room. `random_masks`: as the RFC wants them, at some cost."""

    __slots__ = ("_encode", "_out", "_parser", "_zero", "dropped", "fd", "pongs")

    def __init__(self, fd: int, parser: Parser, *, random_masks: bool = False) -> None:
        self.fd, self._parser, self._out, self.dropped = fd, parser, b"", 0
        self.pongs: list[bytes] = []
        self._zero, self._encode = not random_masks, encode_masked if random_masks else encode

    def send(self, message: bytes, *, droppable: bool = False, opcode: int = TEXT) -> None:
        """One message, binary when it is `Binary`; OSError when the line is gone."""
        if opcode == TEXT and self._zero and type(message) is not Binary:
            frame = TEXT_HEADS[len(message)] + message  # `encode`, without the call: nearly all are such
        else:
            frame = self._encode(BINARY if type(message) is Binary else opcode, message)
        out = self._out
        if not out:
            self._out = frame
        elif droppable and len(out) > BACKLOG_AUDIO:
            self.dropped += 1
        elif len(out) > BACKLOG_ALL:
            raise BrokenPipeError("the platform takes no more frames")
        else:
            self._out = out + frame

    def ping(self, payload: bytes) -> None:
        """One ping, which the other end has to answer with the same payload; OSError likewise."""
        self.send(payload, opcode=PING)

    def flush(self) -> None:
        """Give what was sent, and what did not fit before; OSError when the line is gone."""
        out = self._out
        if out:
            try:
                sent = os.write(self.fd, out)
            except BlockingIOError:
                return
            self._out = b"" if sent == len(out) else out[sent:]

    def read(self) -> bytes | OSError | None:
        """What is there; the error instead that ended the line, None while there is nothing."""
        try:
            return os.read(self.fd, _READ)
        except BlockingIOError:
            return None
        except OSError as error:
            return error

    def understood(self, data: bytes | OSError | None) -> tuple[list[bytes], str]:
        """Messages in what was read, and why nothing comes after them ("" while the line lives)."""
        if not data:
            return [], "" if data is None else "the platform closed the connection"
        if isinstance(data, OSError):
            raise data
        parser = self._parser
        messages = parser.feed(data)
        return messages, self._obeyed() if parser.controls else ""

    def leftover(self) -> tuple[list[bytes], str]:
        """Messages that came in one packet with the handshake."""
        return self._parser.feed(b""), self._obeyed()

    def _obeyed(self) -> str:
        """Answer pings, keep pongs; a farewell's words."""
        for opcode, payload in self._parser.take_controls():
            if opcode == PING:
                self.send(payload, opcode=PONG)
            elif opcode == PONG:
                self.pongs.append(payload)
            elif opcode == CLOSE:
                return _farewell(payload)
        return ""

    def say_goodbye(self) -> None:
        """A close frame, as the caller's last word, and out with it."""
        self.send(_NORMAL, opcode=CLOSE)
        self.flush()

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.fd)


def _farewell(payload: bytes) -> str:
    code = int.from_bytes(payload[:2]) if len(payload) >= 2 else 1005
    return f"the platform hung up: {code} {payload[2:].decode('utf-8', 'replace')[:60]}".rstrip()


def connect(url: str, deadline_s: float, *, random_masks: bool = False) -> Line:
    """Shake hands, all of it within the deadline; WorldError says why when the platform does not."""
    with Timeout(deadline_s) as deadline:
        try:
            return _connected(url, random_masks)
        except Timeout as expired:
            if expired is not deadline:
                raise
    raise WorldError(f"no media stream at {url}: no answer to the handshake within {deadline_s:g} s")


def _connected(url: str, random_masks: bool) -> Line:
    address = Address.of(url)
    try:
        sock = socket.create_connection((address.host, address.port))
    except OSError as error:
        raise WorldError(f"cannot connect to {address.host}:{address.port}: {error}") from error
    try:
        sock.setsockopt(constants.IPPROTO_TCP, constants.TCP_NODELAY, 1)
        parser = _shake_hands(sock, address)
        return Line(sock.detach(), parser, random_masks=random_masks)
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
