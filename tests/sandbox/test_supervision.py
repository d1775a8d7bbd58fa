"""The platform as a set of processes: it comes back, it refuses politely, and it leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import psutil
import pytest

from drill.sandbox import commands
from drill.sandbox.layout import ZONES, Address, Layout
from drill.sandbox.order import Order

pytestmark = pytest.mark.processes

COMMAND = (sys.executable, "-m", "drill.sandbox")
UP_S = 150.0
GONE_S = 3.0
BACK_S = 60.0
LEFT_BYTES = 20_000_000
AUTOGROUPS = Path("/proc/sys/kernel/sched_autogroup_enabled")


@dataclass(frozen=True, slots=True)
class Box:
    """One instance under test."""

    instance: int
    state: Path

    @property
    def layout(self) -> Layout:
        """Its addresses."""
        return Layout(self.instance)

    def command(self, verb: str, *more: str) -> list[str]:
        """The command line."""
        return [*COMMAND, verb, "--instance", str(self.instance), "--state", str(self.state), *more]

    def run(self, verb: str, *more: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            self.command(verb, *more), capture_output=True, text=True, timeout=UP_S, check=False
        )

    def up(self, *more: str) -> None:
        """Up, or the test fails with what was said."""
        done = self.run("up", "--proxy", "embedded", *more)
        assert done.returncode == 0, done.stderr

    def status(self) -> dict[str, Any]:
        """What `status --json` says."""
        found: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return found

    def member(self, name: str) -> dict[str, Any]:
        """One process of the status."""
        return next(it for it in self.status()["processes"] if it["name"] == name)

    def processes(self) -> list[str]:
        """Everything alive that names the state folder, wherever it was reparented to."""
        found = []
        for process in psutil.process_iter(["cmdline", "status"]):
            line = " ".join(process.info["cmdline"] or ())
            if str(self.state) in line and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(line)
        return found

    def members(self) -> list[psutil.Process]:
        """The supervisor and everything below it."""
        supervisor = psutil.Process(self.status()["pid"])
        return [supervisor, *supervisor.children(recursive=True)]


def until(true: Callable[[], bool], seconds: float) -> bool:
    """Whether it came true in time."""
    deadline_s = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.05)
    return True


def open_ports(layout: Layout) -> list[str]:
    """Addresses of the instance that accept connections."""
    found = []
    for what, address in layout.claims(cluster=True).items():
        with socket.socket() as probe:
            probe.settimeout(1.0)
            if probe.connect_ex(address) == 0:
                found.append(what)
    return found


def lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def nothing_left(box: Box, members: list[psutil.Process]) -> bool:
    """No process and no port."""
    return not any(map(lives, members)) and not box.processes() and not open_ports(box.layout)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A running instance that the tests of this module share."""
    box = Box(13, tmp_path_factory.mktemp("shared"))
    box.up()
    yield box
    box.run("down")


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Box]:
    """An instance that is not up yet, and is down afterwards."""
    box = Box(14, tmp_path / "state")
    yield box
    box.run("down")


def killed(box: Box, name: str) -> int:
    """SIGKILL a process of the platform; its pid."""
    pid = int(box.member(name)["pid"])
    os.kill(pid, signal.SIGKILL)
    return pid


@pytest.mark.parametrize("name", ["agent-b", "store-a", "store-b", "ehr", "egress", "edge"])
def test_a_killed_process_comes_back(shared: Box, name: str) -> None:
    """Whatever is killed is started again, works, and the restart is counted."""
    before = shared.member(name)["restarts"]
    pid = killed(shared, name)

    def back() -> bool:
        now = shared.member(name)
        return bool(now["state"] == "up" and now["pid"] != pid and now["restarts"] == before + 1)

    assert until(back, BACK_S), shared.member(name)


def test_a_restarted_fault_proxy_has_its_links_again(shared: Box) -> None:
    """A fault proxy forgets with its process; the way to the EHR must not stay cut."""
    killed(shared, "faultproxy")
    assert until(lambda: bool(shared.member("faultproxy")["restarts"]), BACK_S)
    links = {f"link {zone}" for zone in "abc"}
    assert until(lambda: links <= set(open_ports(shared.layout)), BACK_S)


def test_a_killed_zone_dies_whole_and_comes_back_whole(shared: Box) -> None:
    """The zone's first process takes agent and store along at once; both return."""
    before = {name: int(shared.member(name)["pid"]) for name in ("agent-b", "store-b")}
    first = psutil.Process(before["agent-b"]).parent()
    assert first is not None
    first.kill()
    assert until(lambda: not any(psutil.pid_exists(pid) for pid in before.values()), GONE_S)
    assert until(lambda: shared.run("status").returncode == 0, BACK_S)
    assert all(shared.member(name)["pid"] not in before.values() for name in before)


def test_a_hung_process_is_found_and_started_again(shared: Box) -> None:
    """What does not answer is as bad as what is gone: it is killed and comes back by itself."""
    before = shared.member("agent-c")
    os.kill(int(before["pid"]), signal.SIGSTOP)

    def back() -> bool:
        now = shared.member("agent-c")
        mended = now["restarts"] == before["restarts"] + 1 and now["commanded"] == before["commanded"]
        return bool(now["state"] == "up" and now["pid"] != before["pid"] and mended)

    assert until(lambda: shared.member("agent-c")["state"] == "deaf", BACK_S)
    assert until(back, BACK_S), shared.member("agent-c")


@pytest.mark.skipif(
    not AUTOGROUPS.exists() or AUTOGROUPS.read_text(encoding="ascii").strip() != "1",
    reason="here the processor is not shared out by session",
)
def test_the_session_of_every_service_is_as_nice_as_the_platform(shared: Box) -> None:
    """Or, where Linux shares by session, niceness would not count, and whoever measures would wait."""

    def told() -> bool:
        pids = [int(path.read_text()) for path in (shared.state / "pids").iterdir()]
        return all(_group_niceness(pid) == os.getpriority(os.PRIO_PROCESS, pid) > 0 for pid in pids)

    assert until(told, 10.0)


def _group_niceness(pid: int) -> int:
    return int(Path(f"/proc/{pid}/autogroup").read_text(encoding="ascii").split()[-1])


def test_commits_are_synchronous(shared: Box) -> None:
    """The standby is attached and synchronous: a commit is on two servers before it is told."""
    psycopg = pytest.importorskip("psycopg")
    query = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
    password = (shared.state / "pg" / "pgpass").read_text().strip().rpartition(":")[2]
    host, port = shared.layout.store("a")
    with psycopg.connect(
        host=host, port=port, user="postgres", dbname="postgres", password=password, connect_timeout=5
    ) as connection:
        assert until(lambda: connection.execute(query).fetchone() == (1,), BACK_S)


def test_secrets_are_for_the_owner_only(shared: Box) -> None:
    """Files that hold a password are readable by nobody else."""
    folder = shared.state / "pg"
    members = sorted(folder.glob("patroni-*.yml"))
    assert len(members) >= len(ZONES)
    for path in (shared.state / "pgpass", *folder.glob("pgpass*"), *members):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_second_up_on_the_same_folder_is_refused(shared: Box) -> None:
    """One line says that it is up already; the running one is not touched."""
    pid = shared.status()["pid"]
    done = shared.run("up")
    assert done.returncode == 4
    assert "is up already" in done.stderr
    assert shared.status()["pid"] == pid


def test_addresses_in_use_are_named_with_their_holders(shared: Box, tmp_path: Path) -> None:
    """Every taken address is named, with the process that holds it, and nothing is started."""
    second = Box(shared.instance, tmp_path / "second")
    done = second.run("up")
    assert done.returncode == 4
    holders = {it["name"]: it["pid"] for it in shared.status()["processes"]}
    for address in shared.layout.claims(cluster=True).values():
        assert str(address) in done.stderr
    assert f"held by pid {holders['ehr']}" in done.stderr
    assert not second.processes()


def test_two_instances_live_side_by_side(shared: Box, fresh: Box) -> None:
    """Another number is another network: both are whole at the same time."""
    fresh.up()
    assert shared.run("status").returncode == 0
    assert fresh.run("status").returncode == 0
    for box in (shared, fresh):
        tables = tomllib.loads((box.state / "target.toml").read_text())["target"]
        (table,) = tables.values()
        assert table["edge"] == f"ws://{box.layout.edge}/media"


async def calls_per_zone(layout: Layout, calls: int) -> list[int]:
    """Open calls at the edge, and what each zone then says that it has."""
    url = f"http://{layout.edge}/media"
    limit = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(timeout=limit) as session, AsyncExitStack() as held:
        for _ in range(calls):
            await held.enter_async_context(session.ws_connect(url))
        found = []
        for zone in ZONES:
            async with session.get(f"http://{layout.agent(zone)}/health") as answer:
                found.append((await answer.json())["calls"])
        return found


def test_calls_spread_over_all_zones_as_soon_as_it_is_ready(fresh: Box) -> None:
    """Ready means that the edge uses every zone: the first nine calls are about three each."""
    fresh.up()
    found = asyncio.run(calls_per_zone(fresh.layout, 9))
    assert sum(found) == 9
    assert min(found) >= 2  # the least loaded of nine picks at random: nearly always of all


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="only root can step down")
def test_it_runs_without_any_privilege(fresh: Box) -> None:
    """An ordinary user's `up` and `down` do; here root steps down into a user namespace first."""
    step_down = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    for verb in ("up", "down"):
        command = [*step_down, *fresh.command(verb)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=UP_S, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("isolation", ["auto", "processes"])
def test_sigkill_of_the_supervisor_leaves_nothing(fresh: Box, isolation: str) -> None:
    """No process and no port outlives it, with namespaces or without."""
    fresh.up("--isolation", isolation)
    members = fresh.members()
    assert len(members) > 15
    members[0].kill()
    assert until(lambda: nothing_left(fresh, members), GONE_S), (fresh.processes(), open_ports(fresh.layout))
    assert fresh.status()["phase"] == "down"


def test_down_leaves_nothing_and_may_be_repeated(fresh: Box) -> None:
    """`down` ends it, a second `down` is as good, and the target file is gone with the platform."""
    fresh.up()
    members = fresh.members()
    assert fresh.run("down").returncode == 0
    assert nothing_left(fresh, members)
    assert not (fresh.state / "target.toml").exists()
    assert fresh.run("down").returncode == 0
    left = sum(path.stat().st_size for path in fresh.state.rglob("*") if path.is_file())
    assert left < LEFT_BYTES, "what was stored is still there"
    assert (fresh.state / "logs" / "store-a.log").is_file()


def test_down_of_what_never_was_up_is_fine(fresh: Box) -> None:
    """There is nothing to end, and that is what was wanted."""
    assert fresh.run("down").returncode == 0


def test_it_ends_with_its_parent(fresh: Box) -> None:
    """`--die-with-parent`: when whoever started it is killed, the platform is gone."""
    command = fresh.command("up", "--proxy", "embedded", "--foreground", "--die-with-parent")
    starter = f"import subprocess; subprocess.run({command!r}, stdin=subprocess.DEVNULL)"
    with subprocess.Popen([sys.executable, "-c", starter]) as parent:
        try:
            assert until((fresh.state / "target.toml").exists, UP_S)
            members = fresh.members()
        finally:
            parent.kill()
    assert until(lambda: nothing_left(fresh, members), GONE_S), fresh.processes()


def test_it_ends_with_its_standard_input(fresh: Box) -> None:
    """`--die-with-parent`: a closed pipe is as good as a dead parent."""
    command = fresh.command("up", "--proxy", "embedded", "--foreground", "--die-with-parent")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert until((fresh.state / "target.toml").exists, UP_S)
        members = fresh.members()
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(GONE_S) == 0
    assert nothing_left(fresh, members)


def refused(box: Box, *more: str) -> str:
    """The one line with which `up` is refused as unusable."""
    done = box.run("up", *more)
    assert done.returncode == 3, done
    assert done.stderr.count("\n") == 1, done.stderr
    assert not box.state.exists() or not list(box.state.glob("logs"))
    return done.stderr


def test_an_unknown_defect_is_refused_with_the_known_ones(fresh: Box) -> None:
    """One line, exit 3, and what could have been meant."""
    said = refused(fresh, "--defect", "breaker-is-lazy")
    assert "breaker-is-lazy" in said
    for known in ("breaker-never-opens", "retry-storm", "ehr-write-lost", "cascade"):
        assert known in said


@pytest.mark.parametrize("setting", ["model=1", "model_ms=fast", "model_ms", "breaker_failure_rate=7"])
def test_a_setting_that_cannot_be_is_refused(fresh: Box, setting: str) -> None:
    """A misspelt setting must not silently mean the default."""
    refused(fresh, "--set", setting)


def test_a_disk_without_room_is_refused(fresh: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up under a drill would fail the platform for what is not its fault."""
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=400_000_000))
    with pytest.raises(commands.WorldError, match="has 400 MB left, profile ha takes 1000 MB: make room"):
        commands.up(Order(fresh.instance, fresh.state, (), {}, "embedded", "auto"))
    assert not fresh.state.exists()


def test_a_folder_with_other_things_in_it_is_refused(fresh: Box) -> None:
    """Starting empties its folder, so it must be its own."""
    fresh.state.mkdir()
    (fresh.state / "thesis.txt").write_text("years of work")
    refused(fresh)
    assert (fresh.state / "thesis.txt").read_text() == "years of work"


def test_settings_and_defects_reach_the_agents(fresh: Box) -> None:
    """What was asked for is what every agent was started with."""
    fresh.up("--defect", "retry-storm", "--set", "model_ms=150")
    for zone in "abc":
        config = json.loads((fresh.state / "configs" / f"agent-{zone}.json").read_text())
        assert config["defects"] == ["retry-storm"]
        assert config["settings"] == {"model_ms": "150"}
    assert fresh.status()["defects"] == ["retry-storm"]


def test_a_platform_that_cannot_come_up_says_why(fresh: Box, tmp_path: Path) -> None:
    """A fault proxy that ends at once: exit 4, its name, and nothing is left."""
    broken = tmp_path / "broken-proxy"
    broken.write_text("#!/bin/sh\necho out of cheese\nexit 1\n")
    broken.chmod(0o755)
    done = fresh.run("up", "--proxy", str(broken))
    assert done.returncode == 4
    assert "faultproxy" in done.stderr
    assert "out of cheese" in done.stderr
    assert until(lambda: not open_ports(fresh.layout), GONE_S)
    assert fresh.status()["phase"] == "down"


def test_every_address_of_an_instance_is_its_own() -> None:
    """No two things of one instance, and no two instances, share an address."""
    seen: list[Address] = [address for n in (0, 1, 235) for address in Layout(n).claims().values()]
    assert len(seen) == len(set(seen))
    assert Layout(0).edge == ("127.20.0.1", 10000)
