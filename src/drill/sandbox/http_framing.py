"""Counting HTTP/1.1 requests in a byte stream without touching it.

Theory: a request is a head that ends in an empty line and a body whose length the head
tells (Content-Length) or that tells itself (chunked). Nothing else is needed to know where
the next request begins. Pure: bytes in, number of request heads completed out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_LENGTH = re.compile(rb"^content-length:[ \t]*(\d+)", re.IGNORECASE | re.MULTILINE)
_CHUNKED = re.compile(rb"^transfer-encoding:.*chunked", re.IGNORECASE | re.MULTILINE)
_LIMIT = 1 << 16  # a head or chunk-size line longer than this is not HTTP


@dataclass(slots=True)
class RequestCounter:
    """Where in the stream we are; `broken` once it is not HTTP (nothing is counted from there on)."""

    broken: bool = False
    _held: bytearray = field(default_factory=bytearray)
    _skip: int = 0
    _chunked: bool = False
    _completed: int = 0

    def feed(self, data: bytes) -> int:
        """Take in the next bytes; how many request heads they completed."""
        if self.broken:
            return 0
        self._held += data
        seen = 0
        while not self.broken and self._step():
            seen += self._completed
        return seen

    def _step(self) -> bool:
        """Consume body bytes, a chunk header or a request head; False when more bytes are needed."""
        self._completed = 0
        if self._skip:
            gone = min(self._skip, len(self._held))
            del self._held[:gone]
            self._skip -= gone
            return self._skip == 0
        return self._chunk() if self._chunked else self._head()

    def _head(self) -> bool:
        while self._held.startswith(b"\r\n"):  # RFC 9112 2.2: empty lines before a request are ignored
            del self._held[:2]
        head = self._take(b"\r\n\r\n")
        if head is None:
            return False
        length = _LENGTH.search(head)
        self._chunked = _CHUNKED.search(head) is not None
        self._skip = int(length[1]) if length and not self._chunked else 0
        self._completed = 1
        return True

    def _chunk(self) -> bool:
        line = self._take(b"\r\n")
        if line is None:
            return False
        size = line.split(b";")[0].strip()
        if not re.fullmatch(rb"[0-9a-fA-F]+", size):
            # After the last chunk come trailers until an empty line; any other line is no chunk header.
            self._chunked = bool(line) and b":" in line
            self.broken = bool(line) and not self._chunked
            return True
        self._skip = int(size, 16) + 2 if int(size, 16) else 0
        return True

    def _take(self, end: bytes) -> bytes | None:
        at = self._held.find(end)
        if at < 0:
            self.broken = len(self._held) > _LIMIT
            return None
        taken = bytes(self._held[:at])
        del self._held[: at + len(end)]
        return taken
