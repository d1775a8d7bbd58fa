"""Questions to real sockets: what a door's silence is called, and that one silent zone delays no other."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from drill.journal import Journal, read_stream
from drill.model import events as ev
from drill.model.target import Member, Store, Target, Wire, Zone
from drill.probes import doors, rhythm
from drill.probes.doors import ask_door, ask_wal
from drill.probes.rhythm import Rhythms
from drill.probes.watch import Watcher

Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def says(reply: bytes, *, after_s: float = 0.0) -> Handle:
    """A server that reads something, waits, answers, and closes."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        await asyncio.sleep(after_s)
        writer.write(reply)
        writer.close()

    return handle


async def breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that ends the connection with a reset."""
    await reader.read(4096)
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def http(body: str = "", status: int = 200) -> bytes:
    """An HTTP answer, whole."""
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    return f"{head}\r\n\r\n{body}".encode()


def closed_port() -> str:
    """An address at which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{held.getsockname()[1]}"


async def serve(handle: Handle) -> tuple[asyncio.Server, str]:
    """A server and its address."""
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    return server, f"{host}:{port}"


def door(handle: Handle | None) -> ev.DoorSample:
    """What the direct question to a server comes to; without one to a closed port."""

    async def ask() -> ev.DoorSample:
        connector = aiohttp.TCPConnector(force_close=True)
        server, at = await serve(handle) if handle else (None, closed_port())
        async with aiohttp.ClientSession(connector=connector) as session:
            try:
                return await ask_door(session, "a", "direct", f"http://{at}/healthz")
            finally:
                if server:
                    server.close()

    return asyncio.run(ask())


def wal(handle: Handle | None) -> ev.DoorSample:
    """What the replication question to a server comes to; without one to a closed port."""

    async def ask() -> ev.DoorSample:
        server, at = await serve(handle) if handle else (None, closed_port())
        try:
            return await ask_wal("a", at)
        finally:
            if server:
                server.close()

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("handle", "outcome"),
    [
        (says(http("ok")), "ok"),
        (says(http("unfit", 503)), "http_5xx"),
        (says(http("who", 404)), "error"),
        (says(b"what\r\n\r\n"), "error"),
        (says(http("ok"), after_s=0.5), "timeout"),
        (says(b""), "reset"),
        (breaks, "reset"),
        (None, "refused"),
    ],
)
def test_a_door_has_one_word_for_each_way_to_be_shut(
    handle: Handle | None, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dead refuses, frozen is silent, unfit says so, cut off breaks."""
    monkeypatch.setattr(doors, "DOOR_TIMEOUT_S", 0.2)
    sample = door(handle)
    assert (sample.zone, sample.way, sample.outcome) == ("a", "direct", outcome)
    assert 0 < sample.latency_ms < 450


@pytest.mark.parametrize(
    ("handle", "outcome"),
    [
        (says(b"S"), "ok"),
        (says(b"N"), "ok"),
        (says(b"E"), "error"),
        (says(b"N", after_s=0.5), "timeout"),
        (says(b""), "reset"),
        (breaks, "reset"),
        (None, "refused"),
    ],
)
def test_postgresql_answers_with_one_letter(
    handle: Handle | None, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anything else is not PostgreSQL, or nobody."""
    monkeypatch.setattr(doors, "WAL_TIMEOUT_S", 0.2)
    assert wal(handle).outcome == outcome


# --- a whole platform ---

PAGES = {
    "/healthz": "ok",
    "/zones": json.dumps({"zones": {z: {"state": "up", "services": {f"agent-{z}": {"state": "up", "pid": 1,
                          "restarts": 0, "commanded": 0}}} for z in "ab"}}),
    "/clusters": json.dumps({"cluster_statuses": [{"host_statuses": [
                          {"locality": {"zone": z}, "health_status": {}} for z in "ab"]}]}),
    "/patroni": json.dumps({"role": "primary", "state": "running", "timeline": 1}),
}  # fmt: skip


async def platform(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers every question; `/proxies/NAME` with its own address. Patroni speaks with a 503."""
    path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode().partition("?")[0]
    host, port = writer.get_extra_info("sockname")
    page = json.dumps({"listen": f"{host}:{port}"}) if path.startswith("/proxies/") else PAGES[path]
    writer.write(http(page, 503 if path == "/patroni" else 200))
    writer.close()


async def frozen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accepts and says nothing, until the other side has had enough."""
    await reader.read(-1)
    writer.close()


def watched(folder: Path, seconds: float) -> list[ev.Event]:
    """What is written in so many seconds of a platform whose zone b is frozen."""

    async def watch() -> None:
        (well, live), (ill, dead) = await serve(platform), await serve(frozen)
        zones = tuple(Zone(name, f"http://{at}/healthz", "") for name, at in (("a", live), ("b", dead)))
        members = tuple(Member(name, f"http://{at}") for name, at in (("a", live), ("b", dead)))
        wires = (Wire("voice", "edge", "a", "voice-edge-a", f"http://{live}"),)
        target = Target(
            "t", "sandbox", "ha", "", zones, None, None, Store("", None, "", "", members), "", Path(),
            control=f"http://{live}", edge_admin=f"http://{live}", wires=wires,
        )  # fmt: skip
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(seconds, stop.set)
        with Journal(folder / "probes.jsonl", "r") as journal:
            await Watcher(target, journal, 2.0).run(stop)
        for server in (well, ill):
            server.close()

    asyncio.run(watch())
    return [recorded.event for recorded in read_stream(folder / "probes.jsonl").events]


def test_a_frozen_zone_delays_no_other(tmp_path: Path) -> None:
    """Each zone is asked four times a second, whether it answers or not."""
    seen = watched(tmp_path, 1.6)
    asked = Counter((e.zone, e.way, e.outcome) for e in seen if isinstance(e, ev.DoorSample))
    assert set(asked) == {("a", "direct", "ok"), ("a", "link", "ok"), ("b", "direct", "timeout")}
    assert min(asked.values()) >= 6
    told = Counter((e.zone, e.ok, e.role) for e in seen if isinstance(e, ev.MemberSample))
    assert set(told) == {("a", True, "primary"), ("b", False, "")}
    assert min(told.values()) >= 6
    edge = [e for e in seen if isinstance(e, ev.EdgeSample)]
    assert {(e.zone, e.healthy) for e in edge} == {("a", True), ("b", True)}
    services = [e.service for e in seen if isinstance(e, ev.ServiceSample)]
    assert sorted(services) == ["agent-a", "agent-b"]


def test_nothing_is_asked_of_parts_that_a_target_does_not_have(tmp_path: Path) -> None:
    """No control, no edge, no members, no wires: only health and the direct door."""
    bare = Target("t", "sandbox", "lite", "", (Zone("a", f"http://{closed_port()}/", ""),), None, None,
                  None, "", Path())  # fmt: skip

    async def watch() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(0.3, stop.set)
        with Journal(tmp_path / "probes.jsonl", "r") as journal:
            await Watcher(bare, journal, 2.0).run(stop)

    asyncio.run(watch())
    kinds = {type(r.event) for r in read_stream(tmp_path / "probes.jsonl").events}
    assert kinds == {ev.StreamOpened, ev.ClockAnchor, ev.HealthSample, ev.DoorSample, ev.StreamSealed}


def test_beats_are_skipped_when_too_many_questions_are_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question without an end of its own would pile up for ever."""
    monkeypatch.setattr(rhythm, "OPEN_MAX", 3)
    asked = []

    async def hang() -> ev.Event:
        asked.append(1)
        await asyncio.sleep(0.3)
        return ev.HealthSample("a", ok=True, detail="")

    async def beat() -> None:
        with Journal(tmp_path / "probes.jsonl", "r") as journal:
            rhythms = Rhythms(journal, asyncio.Event())
            rhythms.start(0.01, hang)
            await asyncio.sleep(0.2)
            await rhythms.end()

    asyncio.run(beat())
    assert len(asked) == 3


def test_an_error_that_nobody_expects_ends_the_watch(tmp_path: Path) -> None:
    """Samples that silently stop would look like a silent platform."""

    async def fails() -> ev.Event:
        raise RuntimeError("a mistake of ours")

    async def beat() -> None:
        stop = asyncio.Event()
        with Journal(tmp_path / "probes.jsonl", "r") as journal:
            rhythms = Rhythms(journal, stop)
            rhythms.start(0.01, fails)
            await asyncio.wait_for(stop.wait(), 2.0)
            await rhythms.end()

    with pytest.raises(RuntimeError, match="mistake"):
        asyncio.run(beat())
