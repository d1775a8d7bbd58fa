"""agent ANSWER_MS VOICE_MS HOST PORT: the reference agent where there is no C compiler; agent.c is quicker.

It looks at each call ten times a second, and only for what changes something: the call's beginning and end, a
key, the last voice frame. What it prints is its own account of turns and calls, for benchmarks/truth.py.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import itertools
import json
import re
import socket
import sys
import time

from drill.load.frames import CLOSE, TEXT
from drill.load.script import digest
from drill.load.speech import FRAME_MS, SPEECH
from drill.model.units import NS_PER_S

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_SLICES, _ROUND_MS = 10, 100
_LARGEST_FRAME = 512  # of a caller's; the longest piece of one that can be cut off by a read
_START = re.compile(rb'\{"event":"start".*?"customParameters":\{[^}]*\}.*?\}')
_STAMP = b'"timestamp":"'
_VOICES = {b'"payload":"' + payload[:24]: intent for intent, payload in SPEECH.items()}


def _frame(text: bytes, opcode: int = TEXT) -> bytes:
    """A server's frame."""
    length = len(text)
    return bytes((0x80 | opcode, length)) + text if length < 126 else (
        bytes((0x80 | opcode, 126)) + length.to_bytes(2) + text
    )  # fmt: skip


class _Peer:
    """One call."""

    __slots__ = (
        "_answer_ms", "_call", "_due_ms", "_eos_ns", "_intent", "_left", "_parts", "_patient", "_seen",
        "_seq", "_socket", "_up_ns", "_voice",
    )  # fmt: skip

    def __init__(self, connection: socket.socket, answer_ms: int, voice_ms: int) -> None:
        connection.settimeout(0)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket, self._seen, self._call, self._patient, self._voice = connection, b"", "", "", b""
        self._seq, self._left, self._answer_ms, self._parts = 0, 0, answer_ms, voice_ms // _ROUND_MS
        self._up_ns = self._eos_ns = 0
        self._intent, self._due_ms = "", -1  # what is to be answered, and when; -1 while nothing is

    @property
    def begun(self) -> bool:
        """Whether it is known who calls."""
        return bool(self._call)

    def serve(self) -> bool:
        """Hear and say what there is; False when the call is over."""
        try:
            data = self._socket.recv(1 << 16)
        except BlockingIOError:
            data = None
        except OSError:
            return False
        try:
            if data:
                heard = self._seen + data
                self._seen = heard[-_LARGEST_FRAME:]
                return self._heard(heard)
            return data is None and self._speak()
        except OSError:
            return False

    def close(self) -> None:
        """Give the socket back, and tell how long the call was."""
        if self._up_ns:
            print(json.dumps({"t_ns_up": self._up_ns, "t_ns_over": time.monotonic_ns()}))
        self._socket.close()

    def _heard(self, heard: bytes) -> bool:
        if not self._call:
            self._seen = heard
            return self._begun(heard)
        if b'"event":"stop"' in heard:
            self._socket.send(_frame((1000).to_bytes(2), CLOSE))
            return False
        if not self._left:
            self._listen(heard)
        if self._due_ms >= 0 and _stamp(heard, len(heard)) >= self._due_ms:
            self._due_ms, self._left = -1, self._parts
            print(json.dumps({"t_ns_eos": self._eos_ns, "t_ns_audio": time.monotonic_ns()}))
        return self._speak()

    def _begun(self, heard: bytes) -> bool:
        """The handshake, and then the frame that says who calls."""
        head, end, rest = heard.partition(b"\r\n\r\n")
        if end and head.startswith(b"GET "):
            key = re.search(rb"(?i)sec-websocket-key: *(\S+)", head)
            if key is None:
                return False
            accept = base64.b64encode(hashlib.sha1(key[1] + _GUID, usedforsecurity=False).digest())
            self._socket.send(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
            )
            self._seen = heard = rest
        if found := _START.search(heard):
            start = json.JSONDecoder().raw_decode(heard[found.start() :].decode("latin-1"))[0]["start"]
            self._call, self._patient = start["callSid"], start["customParameters"]["patient"]
            self._voice = _voice(start["streamSid"].encode())
            self._seen, self._up_ns = b"", time.monotonic_ns()
            self._socket.send(self._voice + _mark("greeting"))
        return True

    def _listen(self, heard: bytes) -> None:
        """Every piece of a caller's voice puts the answer off; the first one of a turn counts it."""
        at, intent = max((heard.rfind(voice), intent) for voice, intent in _VOICES.items())
        if at < 0:
            at, intent = heard.rfind(b'"event":"dtmf"'), "chat"
        if at >= 0 and (spoken_ms := _stamp(heard, at)) >= 0:
            self._seq += self._due_ms < 0
            self._intent, self._due_ms = intent, spoken_ms + self._answer_ms
            self._eos_ns = self._up_ns + (spoken_ms + FRAME_MS) * NS_PER_S // 1000

    def _speak(self) -> bool:
        if self._left:
            self._left -= 1
            said = self._voice
            if not self._left:
                own = digest(self._call, self._seq, self._intent)
                said += _mark(f"turn:{self._seq}:full:t-{self._call[2:14]}-{self._seq}:{self._patient}:{own}")
                self._seen = b""
            return self._socket.send(said) == len(said)
        return True


def _stamp(heard: bytes, before: int) -> int:
    """Milliseconds of the last time stamp that is whole; -1 when there is none."""
    at = heard.rfind(_STAMP, 0, before)
    if at < 0:
        return -1
    digits = heard[at + len(_STAMP) : at + len(_STAMP) + 12].split(b'"', 1)
    return int(digits[0]) if len(digits) == 2 else _stamp(heard, at)


def _voice(stream: bytes) -> bytes:
    """100 ms of voice in frames of 20 ms."""
    media = b'{"event":"media","streamSid":"' + stream + b'","media":{"payload":"' + SPEECH["chat"] + b'"}}'
    return _frame(media) * 5


def _mark(name: str) -> bytes:
    return _frame(json.dumps({"event": "mark", "mark": {"name": name}}, separators=(",", ":")).encode())


def main(answer_ms: int, voice_ms: int, host: str, port: int) -> None:
    """Serve for ever; a slice of the calls each 10 ms, and all those that are only being set up."""
    door = socket.create_server((host, port), backlog=4096)
    door.settimeout(0)
    fresh: set[_Peer] = set()
    slices: list[set[_Peer]] = [set() for _ in range(_SLICES)]
    due_ns, step_ns = time.monotonic_ns(), _ROUND_MS * NS_PER_S // 1000 // _SLICES
    for turn in itertools.count():
        with contextlib.suppress(BlockingIOError):
            while True:
                fresh.add(_Peer(door.accept()[0], answer_ms, voice_ms))
        for group in (fresh, slices[turn % _SLICES]):
            for peer in [peer for peer in group if not peer.serve()]:
                group.remove(peer)
                peer.close()
        for peer in [peer for peer in fresh if peer.begun]:
            fresh.remove(peer)
            min(slices, key=len).add(peer)
        sys.stdout.flush()
        # One that was held up sees every call once, at once, and then keeps its pace again.
        due_ns = max(due_ns, time.monotonic_ns() - step_ns * _SLICES) + step_ns
        time.sleep(max(0, due_ns - time.monotonic_ns()) / NS_PER_S)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
