"""RFC 6455 both ways, whatever way the bytes are cut."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drill.load.frames import CLOSE, LARGEST_MESSAGE, PING, TEXT, Message, Parser, ProtocolError, encode
from drill.load.websocket import Address, check_answer


def served(opcode: int, payload: bytes, *, final: bool = True) -> bytes:
    """A server's frame: not masked."""
    head = bytes([(0x80 if final else 0) | opcode])
    if len(payload) < 126:
        return head + bytes([len(payload)]) + payload
    if len(payload) < 65536:
        return head + b"\x7e" + len(payload).to_bytes(2) + payload
    return head + b"\x7f" + len(payload).to_bytes(8) + payload


@settings(deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(1, 50))
def test_messages_survive_any_cut(payloads: list[bytes], step: int) -> None:
    """TCP keeps no frame borders."""
    stream = b"".join(served(TEXT, payload) for payload in payloads)
    parser, got = Parser(), list[Message]()
    for at in range(0, len(stream), step):
        got += parser.feed(stream[at : at + step])
    assert got == [Message(TEXT, payload) for payload in payloads]


def test_fragments_are_joined_and_a_ping_between_them_is_its_own() -> None:
    """Control frames may stand inside a fragmented message."""
    stream = (
        served(TEXT, b"he", final=False)
        + served(PING, b"?")
        + served(0, b"", final=False)
        + served(0, b"llo")
    )
    assert Parser().feed(stream) == [Message(PING, b"?"), Message(TEXT, b"hello")]


@pytest.mark.parametrize(
    "stream",
    [
        b"\x81\x81\0\0\0\0a",  # masked
        b"\xc1\x00",  # reserved bit
        served(0, b"no beginning"),
        served(TEXT, b"a", final=False) + served(TEXT, b"b"),
        served(PING, b"x" * 126),
        served(CLOSE, b"", final=False),
        served(0x3, b""),
        b"\x81\x7f" + (LARGEST_MESSAGE + 1).to_bytes(8),
        served(TEXT, b"", final=False) + served(0, b"x" * 1000, final=False) * 1100,
    ],
)
def test_a_server_that_breaks_the_protocol_is_refused(stream: bytes) -> None:
    """Including one that never ends a message."""
    with pytest.raises(ProtocolError):
        Parser().feed(stream)


@pytest.mark.parametrize("length", [0, 125, 126, 65535, 65536])
def test_a_client_frame_is_masked_and_tells_its_length(length: int) -> None:
    """The zero key leaves the payload as it is."""
    frame = encode(TEXT, b"x" * length)
    assert frame[0] == 0x81
    assert frame[1] & 0x80
    assert frame.endswith(b"\0\0\0\0" + b"x" * length)
    unmasked = frame[:1] + bytes([frame[1] & 0x7F]) + frame[2 : len(frame) - length - 4] + b"x" * length
    assert Parser().feed(unmasked) == [Message(TEXT, b"x" * length)]


def test_only_the_answer_to_our_key_opens_the_stream() -> None:
    """A 101 by somebody who did not read the request is none."""
    accept = base64.b64encode(
        hashlib.sha1(b"key258EAFA5-E914-47DA-95CA-C5AB0DC85B11", usedforsecurity=False).digest()
    )
    good = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nSEC-WEBSOCKET-ACCEPT: " + accept
    check_answer(good, b"key")
    for bad in (
        good.replace(b"101", b"200"),
        good.replace(accept, b"no"),
        b"",
        b"HTTP/1.1 503 Service Unavailable",
    ):
        with pytest.raises(ProtocolError):
            check_answer(bad, b"key")


def test_an_address_is_taken_apart() -> None:
    """Path and query are kept; TLS is not spoken."""
    assert Address.of("ws://127.0.0.1:99/media?x=1") == Address("127.0.0.1", 99, "/media?x=1")
    for bad in ("wss://127.0.0.1/media", "http://127.0.0.1", "ws://", "media"):
        with pytest.raises(ValueError, match="ws://"):
            Address.of(bad)
