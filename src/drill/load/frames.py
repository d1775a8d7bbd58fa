"""WebSocket framing (RFC 6455) without a socket: bytes in, messages out.

Clients must mask. The mask keeps a hostile script from writing a proxy's language through a
browser; this client is no browser and its text is its own, so it uses the zero key: the frame
is legal for every receiver and its payload is sent as it is. RFC 6455 5.3 asks for a key that
nobody can predict; where something on the way insists on that, there is `encode_masked`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
LARGEST_MESSAGE = 1 << 20
_MOST_CONTROLS = 1 << 14  # more than one read of them
_ZERO_KEY = b"\0\0\0\0"
_LONGEST_ALIKE = 4096
_FIN = _MASKED = 0x80
_WHOLE_TEXT = _FIN | TEXT
_MIDDLING_TEXT = bytes((_WHOLE_TEXT, 126))  # 126 to 65,535 bytes


class ProtocolError(ValueError):
    """The server broke RFC 6455, or sent more than a caller can want."""


class Binary(bytes):
    """The payload of a binary message, where texts are plain bytes."""

    __slots__ = ()


class Control(NamedTuple):
    """A control frame."""

    opcode: int
    payload: bytes


class _TextHeads(dict[int, bytes]):
    """What comes before a text of this length: a frame is sent fifty times a second and call, all alike."""

    def __missing__(self, length: int) -> bytes:
        head = _head(TEXT, length)
        if length < _LONGEST_ALIKE:
            self[length] = head
        return head


TEXT_HEADS: Mapping[int, bytes] = _TextHeads()


def _head(opcode: int, length: int) -> bytes:
    """All that comes before the payload, with the zero key."""
    if length < 126:
        size = bytes((_MASKED | length,))
    elif length < 1 << 16:
        size = bytes((_MASKED | 126,)) + length.to_bytes(2)
    else:
        size = bytes((_MASKED | 127,)) + length.to_bytes(8)
    return bytes((_FIN | opcode,)) + size + _ZERO_KEY


def encode(opcode: int, payload: bytes) -> bytes:
    """One unfragmented client frame under the zero key."""
    if opcode == TEXT:
        return TEXT_HEADS[len(payload)] + payload
    return _head(opcode, len(payload)) + payload


def encode_masked(opcode: int, payload: bytes) -> bytes:
    """The same under a key that nobody can predict."""
    key = os.urandom(4)
    return _head(opcode, len(payload))[:-4] + key + _masked(payload, key)


def _masked(payload: bytes, key: bytes) -> bytes:
    """All bytes at once, as two long numbers: a loop would cost more than the system call."""
    length = len(payload)
    mask = (key * (length // 4 + 1))[:length]
    return (int.from_bytes(payload) ^ int.from_bytes(mask)).to_bytes(length)


class Parser:
    """Server frames from a byte stream, fragments put together, nothing unbounded.

    Most reads hold whole frames, so these are cut out of what was read; only the piece at the end is
    kept, and not looked at again before the frame that it begins is complete.
    """

    __slots__ = ("_opcode", "_parts", "_rest", "_size", "_wanted", "controls")

    def __init__(self) -> None:
        self._rest: bytearray | bytes = b""  # empty for nearly all calls, nearly always
        self._wanted = 0  # so many bytes make `_rest` a whole frame, or at least its head whole
        self._opcode = CONTINUATION
        self._parts: list[bytes] = []
        self._size = 0
        self.controls: list[Control] = []

    def preload(self, data: bytes) -> None:
        """Keep bytes that came with the handshake until the first `feed`."""
        self._rest = bytearray(data) if data else b""

    def take_controls(self) -> list[Control]:
        """Control frames since they were last taken; they may stand inside a fragmented message."""
        told, self.controls = self.controls, []
        return told

    def feed(self, data: bytes) -> list[bytes]:
        """Messages completed by these bytes, binary ones as `Binary`; ProtocolError ends the connection."""
        if self._rest:
            self._rest += data
            if len(self._rest) < self._wanted:
                return []
            data, self._rest = bytes(self._rest), b""
        if data[:2] == _MIDDLING_TEXT and not self._parts:
            size = len(data) - 4
            if size > 0 and data[2] << 8 | data[3] == size:
                return [data[4:]]  # one frame and nothing else, as nearly always
        return self._cut(data)

    def _cut(self, data: bytes) -> list[bytes]:
        """Any number of frames, and perhaps a piece of one more."""
        messages: list[bytes] = []
        at, end = 0, len(data)
        while at < end:
            if data[at : at + 2] == _MIDDLING_TEXT and at + 4 <= end:
                begin, length = at + 4, data[at + 2] << 8 | data[at + 3]
            else:
                begin, length = _measured(data, at, end)
            if begin + length > end:
                self._rest, self._wanted = bytearray(data[at:]), begin + length - at
                break
            payload = data[begin : begin + length]
            if data[at] == _WHOLE_TEXT and not self._parts:
                messages.append(payload)
            else:
                self._assemble(data[at], payload, messages)
            at = begin + length
        return messages

    def _assemble(self, head: int, payload: bytes, messages: list[bytes]) -> None:
        opcode, final = head & 0x0F, head & _FIN
        if opcode >= CLOSE:
            if not final or len(payload) > 125 or opcode > PONG:
                raise ProtocolError("a control frame is fragmented, too long or unknown")
            self.controls.append(Control(opcode, payload))
            if len(self.controls) > _MOST_CONTROLS:
                raise ProtocolError("more control frames at once than anybody needs")
        else:
            self._fragment(opcode, payload, final, messages)

    def _fragment(self, opcode: int, payload: bytes, final: int, messages: list[bytes]) -> None:
        if (opcode == CONTINUATION) != bool(self._parts):
            raise ProtocolError("fragments are out of order")
        if opcode != CONTINUATION:
            self._opcode = self._known(opcode)
        self._parts.append(payload)
        self._size += len(payload) + 1  # counted even when empty: an endless row of nothing is bounded too
        if self._size > LARGEST_MESSAGE + 1:
            raise ProtocolError("a fragmented message is too large")
        if final:
            whole = b"".join(self._parts)
            messages.append(Binary(whole) if self._opcode == BINARY else whole)
            self._parts, self._size = [], 0

    @staticmethod
    def _known(opcode: int) -> int:
        if opcode not in (TEXT, BINARY):
            raise ProtocolError(f"opcode {opcode} is unknown")
        return opcode


def _measured(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Where the payload of the frame at `at` begins, and its length; beyond `end` while that is not known."""
    if end - at < 2:
        return at + 2, 0
    length = data[at + 1]
    if length & _MASKED or data[at] & 0x70:
        raise ProtocolError("a server frame is masked or has reserved bits set")
    if length < 126:
        return at + 2, length
    begin = at + (4 if length == 126 else 10)
    if begin > end:
        return begin, 0
    length = int.from_bytes(data[at + 2 : begin])
    if length > LARGEST_MESSAGE:
        raise ProtocolError(f"a frame of {length} bytes is too large")
    return begin, length
