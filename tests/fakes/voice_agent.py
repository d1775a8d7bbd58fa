"""A stand-in voice agent: speaks the media stream dialect, keeps nothing.

Usage: voice_agent.py HOST PORT [--reply-after S] [--hang-up-at TURN] [--mute-at TURN] [--mix-up-at TURN]
                      [--hang-up-calls N] [--refuse-from N] [--refuse-until N] [--talk-on]
`--hang-up-calls`: only the first N calls are hung up on. `--refuse-from N`: call N and those after it are
answered 503, up to and with `--refuse-until`. Calls are numbered from 1 as they are dialled. A caller who
speaks while the agent does is listened to: `clear`; with `--talk-on` the agent speaks on.
Written from the dialect alone and sharing no code with the caller, so that one can catch the other.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import ctypes
import hashlib
import itertools
import json
import signal
import sys
import uuid

from aiohttp import WSMsgType, web

TONE = base64.b64encode(bytes((0x90, 0x10)) * 400).decode()
SILENCE = base64.b64encode(b"\xff" * 800).decode()
EVERY = 10**9
INTENTS = {16: "chat", 24: "lookup", 32: "note"}


def crossings(audio: bytes) -> int:
    """Sign changes in one frame."""
    signs = [byte >> 7 for byte in audio]
    return sum(a != b for a, b in itertools.pairwise(signs))


class Conversation:
    """One call."""

    def __init__(self, socket: web.WebSocketResponse, options: argparse.Namespace, number: int) -> None:
        self.socket, self.options = socket, options
        self.hang_up_at = options.hang_up_at if number <= options.hang_up_calls else 0
        self.sid = self.call = self.patient = ""
        self.seq = self.voiced = self.silent = 0
        self.plays_until_s = 0.0
        self.intent = "chat"
        self.tasks: set[asyncio.Task[None]] = set()

    async def send(self, event: str, **body: object) -> None:
        """One frame."""
        await self.socket.send_str(json.dumps({"event": event, "streamSid": self.sid, **body}))

    async def say(self, mark: str) -> None:
        """A chunk of silence, half a second of tone, and the mark."""
        await self.send("media", media={"payload": SILENCE})
        for _ in range(5):
            await self.send("media", media={"payload": TONE})
        self.plays_until_s = asyncio.get_running_loop().time() + 0.6
        await self.send("mark", mark={"name": mark})

    async def turn(self, intent: str) -> None:
        """Answer."""
        self.seq += 1
        seq = self.seq
        await asyncio.sleep(self.options.reply_after)
        if seq == self.hang_up_at:
            await self.socket.close(code=1011, message=b"tired")
        if seq in (self.hang_up_at, self.options.mute_at):
            return
        patient = "synthetic-9999" if seq == self.options.mix_up_at else self.patient
        digest = hashlib.sha256(f"{self.call}|{seq}|{intent}".encode()).hexdigest()[:16]
        with contextlib.suppress(ConnectionError):  # the caller may be gone
            await self.say(f"turn:{seq}:full:{uuid.uuid4()}:{patient}:{digest}")

    def answer(self, intent: str) -> None:
        """Start answering."""
        task = asyncio.create_task(self.turn(intent))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def hear(self, audio: bytes) -> None:
        """200 ms of silence after 100 ms of voice end a sentence; these 100 ms hush the agent."""
        count = crossings(audio)
        if count:
            self.voiced, self.silent = self.voiced + 1, 0
            self.intent = INTENTS[min(INTENTS, key=lambda wanted: abs(wanted - count))]
        else:
            self.silent += 1
        now_s = asyncio.get_running_loop().time()
        if count and self.voiced == 5 and now_s < self.plays_until_s and not self.options.talk_on:
            self.plays_until_s = 0.0
            await self.send("clear")
        if self.voiced >= 5 and self.silent == 10:
            self.voiced = 0
            self.answer(self.intent)

    async def take(self, frame: dict[str, dict[str, str]]) -> None:
        """One frame of the caller's."""
        match frame["event"]:
            case "start":
                given = frame["start"]["customParameters"]
                assert given["synthetic"] == "1", "an unmarked call"
                self.sid, self.call = frame["start"]["streamSid"], frame["start"]["callSid"]
                self.patient = given["patient"]
                await self.say("greeting")
            case "media":
                await self.hear(base64.b64decode(frame["media"]["payload"], validate=True))
            case "dtmf":
                self.answer("chat")
            case "mark" | "connected":
                return
            case "stop":
                await self.socket.close()


async def media(request: web.Request) -> web.WebSocketResponse:
    """Route of the media stream."""
    options, number = request.app["options"], next(request.app["numbers"])
    if options.refuse_from <= number <= options.refuse_until:
        raise web.HTTPServiceUnavailable
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    conversation = Conversation(socket, options, number)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await conversation.take(json.loads(message.data))
    return socket


def main() -> None:
    """Serve until killed; `ready` on stdout when listening."""
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--reply-after", type=float, default=0.4)
    parser.add_argument("--hang-up-at", type=int, default=0)
    parser.add_argument("--mute-at", type=int, default=0)
    parser.add_argument("--mix-up-at", type=int, default=0)
    parser.add_argument("--hang-up-calls", type=int, default=EVERY)
    parser.add_argument("--refuse-from", type=int, default=EVERY)
    parser.add_argument("--refuse-until", type=int, default=EVERY - 1)
    parser.add_argument("--talk-on", action="store_true")
    app = web.Application()
    app["numbers"] = itertools.count(1)
    app["options"] = parser.parse_args()
    app.router.add_get("/media", media)
    options = app["options"]
    web.run_app(
        app,
        host=options.host,
        port=options.port,
        print=lambda *_: print("ready", flush=True),
        access_log=None,
    )


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: gone with the test run that started it
    sys.exit(main())
