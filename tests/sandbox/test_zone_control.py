"""Zone control on real zones with tiny services: what is ordered is so before it is answered."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from drill.sandbox import control, shim
from drill.sandbox.checks import Check
from drill.sandbox.homes import Home, sweep
from drill.sandbox.keeper import Keeper
from drill.sandbox.layout import Address, Layout
from drill.sandbox.spec import Spec
from drill.sandbox.zones import isolation

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]

LAYOUT = Layout(80)
# Forks a child that is not told apart from it by anything, as PostgreSQL does.
_SERVICE = """
import http.server, os, sys, time
if os.fork() == 0:
    time.sleep(600)
handler = http.server.SimpleHTTPRequestHandler
http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), handler).serve_forever()
"""


@dataclass
class Rig:
    """Zones a and b and `outside`, one service in each."""

    homes: dict[str, Home]
    keepers: dict[str, Keeper]
    session: aiohttp.ClientSession

    async def ask(self, method: str, path: str) -> tuple[int, Any]:
        async with self.session.request(method, f"http://{LAYOUT.control}{path}") as answer:
            return answer.status, await answer.json()

    async def post(self, path: str) -> Any:
        status, body = await self.ask("POST", path)
        assert status == 200, body
        return body

    async def until(self, true: Callable[[], bool], seconds: float) -> float:
        """How long it took to come true; the test fails when it does not in time."""
        began_s = time.monotonic()
        while not true():
            assert time.monotonic() - began_s < seconds, {n: k.facts() for n, k in self.keepers.items()}
            await asyncio.sleep(0.02)
        return time.monotonic() - began_s

    async def up(self, name: str = "tiny-a", seconds: float = 15.0) -> float:
        return await self.until(lambda: self.keepers[name].state == "up", seconds)

    def members(self, zone: str = "a") -> set[int]:
        return shim.descendants(self.homes[zone].root_pid) | {self.homes[zone].root_pid}


@asynccontextmanager
async def rig(root: Path, kind: str, *, once: bool = False) -> AsyncIterator[Rig]:
    keepers: dict[str, Keeper] = {}
    kept = isolation(kind)
    homes = {
        name: Home(name, kept, lambda name, code: keepers[name].ended(code)) for name in ("a", "b", "outside")
    }

    def gone(home: Home) -> None:
        for keeper in keepers.values():
            if keeper.spec.zone == home.name:
                keeper.ended(-9)

    for number, zone in enumerate(homes, 1):
        at = Address(LAYOUT.host(number, 1), 17001)
        argv = (sys.executable, "-c", _SERVICE, at.host, str(at.port))
        spec = Spec(f"tiny-{zone}", zone, argv, Check(at, "/"))
        keeper = Keeper(spec, homes[zone].zone, root / f"{zone}.log", root / f"{zone}.pid", lambda: None)
        keeper.once = once
        keeper.allowed.set()
        keepers[spec.name] = keeper
    tasks = [
        asyncio.create_task(it.keep(root / f"zone-{it.name}.log", partial(gone, it))) for it in homes.values()
    ]
    members = [asyncio.create_task(it.keep()) for it in keepers.values()]
    try:
        async with (
            control.listening(homes, list(keepers.values()), LAYOUT.control),
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session,
        ):
            built = Rig(homes, keepers, session)
            for name in keepers:
                await built.up(name)
            yield built
        for task in (*tasks, *members):
            assert not task.done(), task
    finally:
        for group in (members, tasks):
            for task in group:
                task.cancel()
            await asyncio.gather(*group, return_exceptions=True)


def play(root: Path, kind: str, scene: Callable[[Rig], Awaitable[None]], **more: bool) -> None:
    """Run a scene on a rig."""

    async def whole() -> None:
        async with rig(root, kind, **more) as built:
            await scene(built)

    asyncio.run(whole())


def alive(pids: set[int]) -> set[int]:
    return {pid for pid, state in shim.states(pids).items() if state not in "ZX"}


both = pytest.mark.parametrize("kind", ["auto", "processes"])


@both
def test_down_kills_everything_and_holds_it_until_up(tmp_path: Path, kind: str) -> None:
    """At the answer nothing of the zone is alive; it stays down; up brings it back, and is no restart."""

    async def scene(it: Rig) -> None:
        members = it.members()
        assert len(members) >= 3
        body = await it.post("/zones/a/down")
        assert not alive(members)
        assert body == {
            "state": "down",
            "services": {"tiny-a": {"state": "ended (-9)", "pid": 0, "restarts": 0, "commanded": 0}},
        }
        assert (await it.post("/zones/a/down"))["state"] == "down"
        assert (await it.post("/zones/a/thaw"))["state"] == "down"
        assert (await it.ask("POST", "/zones/a/freeze"))[0] == 409
        status, body = await it.ask("POST", "/zones/a/services/tiny-a/kill")
        assert (status, body) == (409, {"error": "tiny-a does not run"})
        await asyncio.sleep(7)  # longer than any back-off
        assert it.homes["a"].state == "down"
        assert it.keepers["tiny-a"].pid == 0
        assert (await it.post("/zones/a/up"))["state"] == "up"
        assert await it.up() < 3.0
        assert (it.keepers["tiny-a"].restarts, it.keepers["tiny-a"].commanded) == (0, 1)
        await it.post("/zones/a/up")
        assert it.keepers["tiny-b"].commanded == 0
        for _ in range(3):  # a flapping zone is no failure of its service
            await it.post("/zones/a/down")
            await it.post("/zones/a/up")
        assert await it.up() < 3.0
        assert it.keepers["tiny-a"].restarts == 0

    play(tmp_path, kind, scene)


@both
def test_a_frozen_zone_is_still_until_it_is_thawed(tmp_path: Path, kind: str) -> None:
    """Every process is stopped at the answer; nothing is mended or started in it; thawed, it goes on."""

    async def scene(it: Rig) -> None:
        pid = it.keepers["tiny-a"].pid
        root = it.homes["a"].root_pid
        assert (await it.post("/zones/a/freeze"))["state"] == "frozen"
        zone = await asyncio.shield(it.homes["a"]._open)
        assert zone.unstopped() == []
        assert len(it.members()) >= 3
        await it.post("/zones/a/freeze")
        assert (await it.post("/zones/a/up"))["state"] == "frozen"
        await asyncio.sleep(8)  # longer than it takes to find a hang
        assert it.keepers["tiny-a"].state == "frozen"
        assert it.keepers["tiny-a"].pid == pid
        assert (await it.post("/zones/a/thaw"))["state"] == "up"
        assert await it.up(seconds=4) < 4
        assert it.keepers["tiny-a"].pid == pid
        await it.post("/zones/a/thaw")
        # Killed while frozen: it comes back after the thaw only.
        await it.post("/zones/a/freeze")
        assert (await it.post("/zones/a/services/tiny-a/kill"))["services"]["tiny-a"]["pid"] == 0
        await asyncio.sleep(1.5)
        assert it.keepers["tiny-a"].pid == 0
        await it.post("/zones/a/thaw")
        await it.up()
        # Power off ends what is frozen as well.
        await it.post("/zones/a/freeze")
        members = it.members()
        await it.post("/zones/a/down")
        assert not alive(members)
        assert (await it.post("/zones/a/up"))["state"] == "up"
        await it.up()
        assert it.homes["a"].root_pid != root

    play(tmp_path, kind, scene)


def test_a_killed_service_and_a_hung_one_come_back_by_themselves(tmp_path: Path) -> None:
    """Both are restarts that nobody asked for; the hang is mended within about ten seconds."""

    async def scene(it: Rig) -> None:
        kept = it.keepers["tiny-a"]
        pid = kept.pid
        await it.post("/zones/a/services/tiny-a/kill")
        await it.until(lambda: kept.pid not in (0, pid), 5)
        await it.up()
        assert (kept.restarts, kept.commanded) == (1, 0)
        pid = kept.pid
        await it.post("/zones/a/services/tiny-a/freeze")
        assert shim.states([pid])[pid] == "T"
        await it.until(lambda: kept.state == "deaf", 3)
        await it.until(lambda: kept.pid not in (0, pid), 12)
        await it.up()
        assert (kept.restarts, kept.commanded) == (2, 0)

    play(tmp_path, "auto", scene)


def test_under_the_defect_nothing_is_started_again(tmp_path: Path) -> None:
    """Neither what hangs, nor what was killed, nor what its zone took along; and the state says so."""

    async def scene(it: Rig) -> None:
        pid = it.keepers["tiny-b"].pid
        await it.post("/zones/b/services/tiny-b/freeze")
        await it.post("/zones/a/down")
        await it.post("/zones/a/up")
        await asyncio.sleep(8)
        assert it.keepers["tiny-a"].state == "ended (-9), left so"
        assert it.keepers["tiny-b"].state == "deaf"
        assert it.keepers["tiny-b"].pid == pid

    play(tmp_path, "auto", scene, once=True)


def test_what_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    """Unknown zones, services and orders are 404; `outside` cannot be switched at all."""

    async def scene(it: Rig) -> None:
        for path in (
            "/zones/outside/down",
            "/zones/d/down",
            "/zones/a/services/tiny-b/kill",
            "/zones/a/melt",
        ):
            status, body = await it.ask("POST", path)
            assert status == 404, path
            assert body["error"]
        status, body = await it.ask("GET", "/zones")
        assert status == 200
        assert set(body["zones"]) == {"a", "b"}
        assert body["zones"]["a"]["services"]["tiny-a"]["state"] == "up"

    play(tmp_path, "auto", scene)


def test_a_zone_killed_by_somebody_comes_back_as_a_restart(tmp_path: Path) -> None:
    """Not every end is ordered: the first process killed from outside is a mishap."""

    async def scene(it: Rig) -> None:
        kept, pid = it.keepers["tiny-a"], it.keepers["tiny-a"].pid
        os.kill(it.homes["a"].root_pid, signal.SIGKILL)
        await it.until(lambda: kept.pid not in (0, pid), 10)
        await it.up()
        assert (kept.restarts, kept.commanded) == (1, 0)

    play(tmp_path, "auto", scene)


def test_sweeping_spares_a_zone_that_opens(tmp_path: Path) -> None:
    """Its first process is there before it is known; it must not be taken for a leftover."""

    async def scene() -> None:
        home = Home("a", isolation("auto"), lambda *_: None)
        task = asyncio.create_task(home.keep(tmp_path / "zone.log", lambda: None))
        while not home.opening:  # noqa: ASYNC110  # that very moment is wanted
            await asyncio.sleep(0)
        while home.opening:
            sweep([home])
            await asyncio.sleep(0)
        assert home.root_pid
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scene())
