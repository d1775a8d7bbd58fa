"""WebSocket framing (RFC 6455) without a socket: bytes in, messages out.

Clients must mask. The mask keeps a hostile script from writing a proxy's language through a
browser; this client is no browser and its text is its own, so it uses the zero key: the frame
is legal for every receiver and its payload can be built once and sent as it is.
"""

from __future__ import annotations

from typing import NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
LARGEST_MESSAGE = 1 << 20
_ZERO_KEY = b"\0\0\0\0"
_FIN = 0x80


class ProtocolError(ValueError):
    """The server broke RFC 6455, or sent more than a caller can want."""


class Message(NamedTuple):
    """A whole message or control frame."""

    opcode: int
    payload: bytes


def encode(opcode: int, payload: bytes) -> bytes:
    """One unfragmented client frame."""
    length = len(payload)
    if length < 126:
        head = bytes((_FIN | opcode, 0x80 | length))
    elif length < 1 << 16:
        head = bytes((_FIN | opcode, 0x80 | 126)) + length.to_bytes(2)
    else:
        head = bytes((_FIN | opcode, 0x80 | 127)) + length.to_bytes(8)
    return b"".join((head, _ZERO_KEY, payload))


class Parser:
    """Server frames from a byte stream, fragments put together, nothing unbounded."""

    __slots__ = ("_buffer", "_opcode", "_parts", "_size")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._opcode = CONTINUATION
        self._parts: list[bytes] = []
        self._size = 0

    def preload(self, data: bytes) -> None:
        """Keep bytes that came with the handshake until the first `feed`."""
        self._buffer += data

    def feed(self, data: bytes) -> list[Message]:
        """Messages completed by these bytes; ProtocolError ends the connection."""
        self._buffer += data
        messages = []
        while (frame := self._frame()) is not None:
            message = self._assemble(*frame)
            if message is not None:
                messages.append(message)
        return messages

    def _frame(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        length, begin = buffer[1] & 0x7F, 2
        if buffer[1] & 0x80 or buffer[0] & 0x70:
            raise ProtocolError("a server frame is masked or has reserved bits set")
        if length >= 126:
            begin = 4 if length == 126 else 10
            if len(buffer) < begin:
                return None
            length = int.from_bytes(buffer[2:begin])
        if length > LARGEST_MESSAGE:
            raise ProtocolError(f"a frame of {length} bytes is too large")
        if len(buffer) < begin + length:
            return None
        frame = (buffer[0], bytes(buffer[begin : begin + length]))
        del buffer[: begin + length]
        return frame

    def _assemble(self, head: int, payload: bytes) -> Message | None:
        opcode, final = head & 0x0F, head & _FIN
        if opcode >= CLOSE:
            if not final or len(payload) > 125 or opcode > PONG:
                raise ProtocolError("a control frame is fragmented, too long or unknown")
            return Message(opcode, payload)
        if final and opcode != CONTINUATION and not self._parts:
            self._known(opcode)
            return Message(opcode, payload)
        return self._fragment(opcode, payload, final)

    def _fragment(self, opcode: int, payload: bytes, final: int) -> Message | None:
        if (opcode == CONTINUATION) != bool(self._parts):
            raise ProtocolError("fragments are out of order")
        if opcode != CONTINUATION:
            self._opcode = self._known(opcode)
        self._parts.append(payload)
        self._size += len(payload) + 1  # counted even when empty: an endless row of nothing is bounded too
        if self._size > LARGEST_MESSAGE:
            raise ProtocolError("a fragmented message is too large")
        if not final:
            return None
        message = Message(self._opcode, b"".join(self._parts))
        self._parts, self._size = [], 0
        return message

    @staticmethod
    def _known(opcode: int) -> int:
        if opcode not in (TEXT, BINARY):
            raise ProtocolError(f"opcode {opcode} is unknown")
        return opcode
