"""naive HOST PORT CALLS WARM_S SECONDS: the same calls as a plain Locust user holds them; prints the cost.

The idiom of the tutorials: websocket-client (which Locust brings along) under gevent's patches, one greenlet
per call that sends a frame every 20 ms and one that reads, json.dumps and json.loads for each.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import base64
import json
import sys
import time

import gevent
import websocket

from benchmarks.calls.cost import Meter

_FRAME_S = 0.02
_SILENCE = b"\xff" * 160


class _User:
    """One call."""

    sent = received = 0

    def __init__(self, url: str, number: int) -> None:
        self._stream_sid = f"MZ{number:032d}"
        self._socket = websocket.create_connection(url, timeout=None)
        self._socket.settimeout(None)

    def speak(self) -> None:
        number, due_s = 0, time.monotonic()
        while True:
            number += 1
            self._socket.send(json.dumps(self._frame(number)))
            _User.sent += 1
            due_s += _FRAME_S
            gevent.sleep(max(0.0, due_s - time.monotonic()))

    def hear(self) -> None:
        while True:
            frame = json.loads(self._socket.recv())
            if frame["event"] == "media":
                base64.b64decode(frame["media"]["payload"])
                _User.received += 1

    def _frame(self, number: int) -> dict[str, object]:
        payload = base64.b64encode(_SILENCE).decode()
        media = {
            "track": "inbound", "chunk": str(number), "timestamp": str(number * 20), "payload": payload,
        }  # fmt: skip
        sequence = str(number + 1)
        return {
            "event": "media", "sequenceNumber": sequence, "media": media, "streamSid": self._stream_sid,
        }  # fmt: skip


def main(host: str, port: str, calls: int, warm_s: float, seconds: float) -> None:
    """Callers do not start in step: they are spread over the 20 ms."""
    for number in range(calls):
        user = _User(f"ws://{host}:{port}/media", number)
        gevent.spawn(user.hear)
        gevent.spawn_later(number / calls * _FRAME_S, user.speak)
    gevent.sleep(warm_s)
    meter, sent, received = Meter(), _User.sent, _User.received
    gevent.sleep(seconds)
    meter.tell(_User.received - received, _User.sent - sent)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5]))
