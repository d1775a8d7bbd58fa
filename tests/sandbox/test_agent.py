"""The voice agent in a running sandbox: what a caller hears, and what is stored by then."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
import pytest
import requests

from drill.sandbox.speech import tone

pytestmark = [pytest.mark.processes, pytest.mark.timeout(150)]
SILENCE = base64.b64encode(b"\xff" * 160).decode()
HERTZ = {"chat": 400, "lookup": 600, "note": 800}
Frames = list[dict[str, Any]]


class Caller:
    """A caller that remembers every frame it was sent."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, call_sid: str) -> None:
        self.socket = socket
        self.call_sid = call_sid
        self.frames: Frames = []

    async def begin(self) -> None:
        given = {"patient": "synthetic-0042", "synthetic": "1", "drill_id": "test-agent"}
        start = {"streamSid": "MZ1", "callSid": self.call_sid, "customParameters": given}
        await self.send({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        await self.send({"event": "start", "start": start, "streamSid": "MZ1"})

    async def send(self, frame: dict[str, Any]) -> None:
        await self.socket.send_str(json.dumps(frame))

    async def audio(self, payload: str) -> None:
        await self.send({"event": "media", "streamSid": "MZ1", "media": {"payload": payload}})
        await asyncio.sleep(0.02)

    async def say(self, intent: str) -> None:
        voice = tone(HERTZ[intent], 300)
        for at in range(0, len(voice), 160):
            await self.audio(base64.b64encode(voice[at : at + 160]).decode())

    async def hear(self, kind: str, limit_s: float = 8.0) -> dict[str, Any]:
        """Silence until a frame of this kind has come."""
        async with asyncio.timeout(limit_s):
            while not any(frame["event"] == kind for frame in self.frames):
                await self.audio(SILENCE)
        at = next(at for at, frame in enumerate(self.frames) if frame["event"] == kind)
        frame = self.frames[at]
        del self.frames[: at + 1]
        return frame

    async def listen(self) -> None:
        async for message in self.socket:
            self.frames.append(json.loads(message.data))


def call(edge: str, call_sid: str, scene: Callable[[Caller], Awaitable[None]]) -> int | None:
    """Play a scene over one call; the close code in the end."""

    async def play() -> int | None:
        async with aiohttp.ClientSession() as session, session.ws_connect(edge) as socket:
            caller = Caller(socket, call_sid)
            listening = asyncio.create_task(caller.listen())
            await caller.begin()
            await scene(caller)
            await asyncio.wait_for(listening, 10)
            return socket.close_code

    return asyncio.run(play())


@pytest.fixture(scope="module")
def target(running: Path) -> dict[str, Any]:
    """The sandbox's own description of itself."""
    tables: dict[str, Any] = tomllib.loads(running.read_text())["target"]
    found: dict[str, Any] = next(iter(tables.values()))
    return found


def test_three_turns_are_told_stored_and_recorded(running: Path, target: dict[str, Any]) -> None:
    """Each mark says full, carries the digest, and its turn is in the store the moment it is heard."""
    store = target["store"]
    rows, marks = [], []

    async def scene(caller: Caller) -> None:
        greeting = await caller.hear("mark")
        assert greeting["mark"]["name"] == "greeting"
        with psycopg.connect(store["dsn"], passfile=str(running.parent / store["passfile"])) as db:
            for intent in ("chat", "lookup", "note"):
                await caller.say(intent)
                name = (await caller.hear("mark"))["mark"]["name"].split(":")
                found = db.execute("SELECT intent, outcome, digest FROM turn WHERE turn_id = %s", (name[3],))
                rows.append(found.fetchone())
                marks.append(name)
                db.rollback()
        await caller.send({"event": "stop", "stop": {}, "streamSid": "MZ1"})

    assert call(target["edge"], "CA-three", scene) == 1000
    for seq, intent in enumerate(("chat", "lookup", "note"), 1):
        digest = hashlib.sha256(f"CA-three|{seq}|{intent}".encode()).hexdigest()[:16]
        _, number, outcome, _, patient, told = marks[seq - 1]
        assert (number, outcome, patient, told) == (str(seq), "full", "synthetic-0042", digest)
        assert rows[seq - 1] == (intent, "full", digest)
    query = {"identifier": f"urn:drill:turn|{marks[2][3]}"}
    found = requests.get(f"{target['ehr']['direct']}/DocumentReference", params=query, timeout=5).json()
    assert [entry["resource"]["subject"]["reference"] for entry in found["entry"]] == [
        "Patient/synthetic-0042"
    ]


def test_a_caller_who_talks_over_the_agent_is_heard(target: dict[str, Any]) -> None:
    """Speech during the reply clears it; what was saved is told all the same, and the new turn answered."""

    async def scene(caller: Caller) -> None:
        await caller.hear("mark")
        await asyncio.sleep(1.1)  # the greeting has been played
        await caller.say("chat")
        await caller.hear("media")
        await caller.say("chat")
        await caller.hear("clear")
        names = [(await caller.hear("mark"))["mark"]["name"] for _ in range(2)]
        assert [name[:12] for name in names] == ["turn:1:full:", "turn:2:full:"]
        await caller.send({"event": "stop", "stop": {}, "streamSid": "MZ1"})

    assert call(target["edge"], "CA-barge", scene) == 1000


def test_a_key_is_a_turn(target: dict[str, Any]) -> None:
    """DTMF is answered like a word."""

    async def scene(caller: Caller) -> None:
        await caller.hear("mark")
        await caller.send({"event": "dtmf", "streamSid": "MZ1", "dtmf": {"digit": "7"}})
        assert (await caller.hear("mark"))["mark"]["name"].startswith("turn:1:full:")
        await caller.send({"event": "stop", "stop": {}, "streamSid": "MZ1"})

    assert call(target["edge"], "CA-key", scene) == 1000


@pytest.mark.parametrize("frame", ["{", '{"event":"media","media":{"payload":"%%%"}}', "[]"])
def test_a_broken_frame_ends_that_call_only(target: dict[str, Any], frame: str) -> None:
    """The line is closed with the code for bad data; the agent stays well."""

    async def scene(caller: Caller) -> None:
        await caller.socket.send_str(frame)

    assert call(target["edge"], "CA-broken", scene) == aiohttp.WSCloseCode.INVALID_TEXT
    assert all(requests.get(zone["health"], timeout=5).ok for zone in target["zones"])


def test_the_agents_count_agrees_with_the_counter_in_between(target: dict[str, Any]) -> None:
    """Calls that the breakers let through and requests that were sent: the same number."""

    def total(url: str, start: str, label: str) -> float:
        lines = requests.get(url, timeout=5).text.splitlines()
        found = [line for line in lines if line.startswith(start) and label in line]
        return sum(float(line.rsplit(" ", 1)[1]) for line in found)

    counted = total(target["ehr"]["requests"]["url"], "egress_requests_total", "link=")
    admitted = sum(
        total(zone["metrics"], "resilience4j_circuitbreaker_calls_seconds_count", 'name="ehr"')
        for zone in target["zones"]
    )
    assert counted == admitted > 0
