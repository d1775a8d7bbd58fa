"""One proxied connection: two links, and the manners of closing.

An EOF closes its own direction only; a CLOSE or RESET, from a toxic or a peer, ends both.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Sequence

from drill.sandbox.faultproxy.channel import Ending
from drill.sandbox.faultproxy.link import Link, PlacedToxic

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Connection:
    """A client and its upstream; `closed` is called once when both are gone.

    `hard` tells, when a toxic closes the connection, whether peers shall see a reset. As in the
    original it is enough that a reset_peer toxic lies on the proxy, whatever its toxicity: that
    is how an answer can be cut in its middle (limit_data) and then reset.
    """

    def __init__(
        self,
        client: Streams,
        server: Streams,
        placed: Sequence[PlacedToxic],
        *,
        hard: Callable[[], bool],
        closed: Callable[[Connection], None],
    ) -> None:
        self._writers = client[1], server[1]
        self._hard, self._closed = hard, closed
        self._open = 2
        for writer in self._writers:
            # drain() then means "handed to the kernel": a close right after it cuts nothing off.
            writer.transport.set_write_buffer_limits(high=0)
        up = [toxic for toxic in placed if toxic.stream == "upstream"]
        down = [toxic for toxic in placed if toxic.stream == "downstream"]
        self.links = {
            "upstream": Link(client[0], server[1], up, self._ended),
            "downstream": Link(server[0], client[1], down, self._ended),
        }

    def close(self, *, hard: bool = False) -> None:
        """End both directions now; `hard` sends resets."""
        if self._open < 0:
            return
        self._open = -1
        for link in self.links.values():
            link.cancel()
        for writer in self._writers:
            if hard:
                _linger_zero(writer)
            writer.transport.abort()
        self._closed(self)

    def _ended(self, ending: Ending) -> None:
        self._open -= 1
        if ending is Ending.EOF and self._open > 0:
            return
        hard = ending is Ending.RESET or (ending is Ending.CLOSE and self._hard())
        # Not from within the link's own task, which close() cancels.
        asyncio.get_running_loop().call_soon(lambda: self.close(hard=hard))


def _linger_zero(writer: asyncio.StreamWriter) -> None:
    """Make the coming close of this socket a TCP reset."""
    sock: socket.socket | None = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
