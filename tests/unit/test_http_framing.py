"""Counting requests in a byte stream."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from drill.sandbox.http_framing import RequestCounter

GET = b"GET /fhir/Patient?identifier=a HTTP/1.1\r\nHost: ehr\r\n\r\n"
TRAP = b"GET / HTTP/1.1\r\n\r\n"
POST = b"POST /fhir HTTP/1.1\r\nHost: ehr\r\ncontent-length: %d\r\n\r\n%s" % (len(TRAP), TRAP)
CHUNKED = (
    b"POST /fhir HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"%x;note=1\r\n%s\r\n0\r\nTrailer: x\r\n\r\n" % (len(TRAP), TRAP)
)


@given(st.lists(st.sampled_from([GET, POST, CHUNKED]), max_size=6), st.lists(st.integers(0, 400), max_size=8))
def test_every_split_gives_the_same_count(requests: list[bytes], cuts: list[int]) -> None:
    """Requests inside bodies are no requests, and packets may end anywhere."""
    stream = b"".join(requests)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    counter = RequestCounter()
    pieces = [stream[a:b] for a, b in pairwise(edges)]
    assert sum(counter.feed(piece) for piece in pieces) == len(requests)
    assert not counter.broken


@given(st.binary(max_size=3000))
def test_what_is_not_http_does_no_harm(data: bytes) -> None:
    """Any bytes can be fed."""
    RequestCounter().feed(data)


def test_an_endless_head_is_given_up() -> None:
    """Memory is bounded when it is not HTTP."""
    counter = RequestCounter()
    for _ in range(20):
        counter.feed(b"x" * 10_000)
    assert counter.broken
