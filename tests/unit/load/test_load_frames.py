"""RFC 6455 both ways, whatever way the bytes are cut."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drill.load.frames import (
    BINARY,
    CLOSE,
    LARGEST_MESSAGE,
    PING,
    TEXT,
    Binary,
    Control,
    Parser,
    ProtocolError,
    encode,
    encode_masked,
)
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
    parser, got = Parser(), list[bytes]()
    for at in range(0, len(stream), step):
        got += parser.feed(stream[at : at + step])
    assert got == payloads


def test_fragments_are_joined_and_a_ping_between_them_is_its_own() -> None:
    """Control frames may stand inside a fragmented message."""
    stream = (
        served(TEXT, b"he", final=False)
        + served(PING, b"?")
        + served(0, b"", final=False)
        + served(0, b"llo")
    )
    parser = Parser()
    assert parser.feed(stream) == [b"hello"]
    assert parser.take_controls() == [Control(PING, b"?")]
    assert parser.take_controls() == []


def test_binary_messages_are_told_from_texts() -> None:
    """Whole or in fragments."""
    whole, text, pieces = Parser().feed(
        served(BINARY, b"ab") + served(TEXT, b"ab") + served(BINARY, b"a", final=False) + served(0, b"b")
    )
    assert [type(message) for message in (whole, text, pieces)] == [Binary, bytes, Binary]
    assert whole == text == pieces


def test_a_large_frame_in_small_pieces_costs_its_length_only() -> None:
    """What is not complete is not looked at again: a frame of 1 MB in 16,384 reads is no quadratic matter."""
    stream, parser, got = served(TEXT, b"x" * LARGEST_MESSAGE) + served(TEXT, b"y"), Parser(), list[bytes]()
    for at in range(0, len(stream), 64):
        got += parser.feed(stream[at : at + 64])
    assert [len(message) for message in got] == [LARGEST_MESSAGE, 1]


def test_pings_without_end_are_refused() -> None:
    """Nobody needs an answer to ten thousand of them at once."""
    with pytest.raises(ProtocolError, match="control frames"):
        Parser().feed(served(PING, b"") * 20_000)


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
    assert Parser().feed(unmasked) == [b"x" * length]


@pytest.mark.parametrize("length", [0, 3, 4, 125, 126, 65536])
def test_a_random_mask_comes_off_again(length: int) -> None:
    """Same head, its own key each time; byte by byte the key takes the mask off."""
    payload = bytes(range(256)) * (length // 256) + bytes(range(length % 256))
    zero, first, second = encode(TEXT, payload), encode_masked(TEXT, payload), encode_masked(TEXT, payload)
    at = len(zero) - length
    assert first[: at - 4] == second[: at - 4] == zero[: at - 4]
    assert first[at - 4 : at] != second[at - 4 : at]
    assert bytes(b ^ first[at - 4 + i % 4] for i, b in enumerate(first[at:])) == payload


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
