"""A zone taken away for real, four ways; green on the platform that is well, red with every defect."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from drill.embedded import SandboxOptions, sandbox
from machine import Machine

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]
ROOT = Path(__file__).parents[2]
FAST = Path(__file__).with_name("zone-fast.yaml")
SERVICE = Path(__file__).with_name("service-fast.yaml")
INSTANCE = 50
AT_A_TIME = 2
WAYS = ("zone-kill", "zone-pause", "zone-isolate", "zone-flap")
DEFECTS = {
    "asynchronous-replication": "turns.lost",
    "no-failover": "failover.primary",
    "slow-failover": "failover.primary",
    "health-check-lies": "failover.detected",
    "no-restart": "failover.zone_back",
    "sticky-clients": "recovery.time_to_recover",
    "no-capacity": "capacity.blocked",
    "replica-never-resyncs": "failover.redundancy",
}
# Room is missed only by more callers than two bare zones have places for.
SETTINGS = {"no-capacity": ("--set", "capacity=13")}


def command(file: Path, runs: Path, *where: str) -> list[str]:
    return [sys.executable, "-m", "drill", "run", str(file), *where, "--json", "--quiet", "--seed", "7",
            "--runs", str(runs)]  # fmt: skip


def drill(file: Path, runs: Path, *where: str) -> tuple[int, dict[str, Any]]:
    """Run one drill; its exit code and its summary."""
    done = subprocess.run(
        command(file, runs, *where), cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)[0]


def wrong(summary: dict[str, Any]) -> dict[str, str]:
    """What is not PASS, with its sentence."""
    return {name: v["sentence"] for name, v in summary["verdicts"].items() if v["status"] != "PASS"}


def another_way(folder: Path, way: str) -> Path:
    """The fast drill with another experiment. A flapping zone cuts off more callers, for longer."""
    text = FAST.read_text(encoding="utf-8").replace("zone-kill.yaml", f"{way}.yaml")
    if way == "zone-flap":
        text = text.replace("fault: 16s", "fault: 30s").replace("within: 20s,", "within: 40s,")
        text = text.replace("dropped_max: 20", "dropped_max: 40").replace("seconds: 400", "seconds: 600")
    if way == "zone-pause":
        text = text.replace("detected_within: 5s", "detected_within: 8s")
    path = folder / f"{way}.yaml"
    path.write_text(text.replace("../../", f"{ROOT}/"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One platform that is well, for all ways one after the other: it has to come home from each."""
    with sandbox(SandboxOptions(instance=INSTANCE, state=tmp_path_factory.mktemp("zones"))) as target:
        yield target


@pytest.mark.parametrize("way", WAYS)
def test_a_platform_that_is_well_loses_a_zone_and_passes(whole: Path, tmp_path: Path, way: str) -> None:
    """Exit 0 and every objective PASS."""
    machine = Machine()
    code, summary = drill(another_way(tmp_path, way), tmp_path, "--target-file", str(whole))
    machine.excuse(wrong(summary))
    assert (code, wrong(summary)) == (0, {})


def test_a_service_that_hangs_comes_back_without_help(whole: Path, tmp_path: Path) -> None:
    """Found, ended and started again by the platform alone: exit 0."""
    path = tmp_path / "service.yaml"
    text = SERVICE.read_text(encoding="utf-8").replace("../../", f"{ROOT}/")
    path.write_text(text, encoding="utf-8")
    machine = Machine()
    code, summary = drill(path, tmp_path, "--target-file", str(whole))
    machine.excuse(wrong(summary))
    assert (code, wrong(summary)) == (0, {})


def test_a_drill_that_is_killed_midway_leaves_no_zone_behind(whole: Path, tmp_path: Path) -> None:
    """SIGKILL to the conductor while the zone is down: its helper gives the zone back by itself."""
    process = subprocess.Popen(command(FAST, tmp_path, "--target-file", str(whole)), cwd=ROOT,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        until(lambda: _killed(tmp_path), 60)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    until(lambda: _settled(whole) == {"up"}, 60)
    until(lambda: not _helpers(tmp_path), 30)


def _killed(runs: Path) -> bool:
    """Whether the zone is down: the stall before it was applied first."""
    faults = [path.read_text(encoding="utf-8") for path in runs.glob("*/*/journal/faults.jsonl")]
    return any(text.count('"fault.applied"') > 1 for text in faults)


def until(holds: Any, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.25)


def _settled(target: Path) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-m", "drill.sandbox", "status", "--state", str(target.parent), "--json"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return {process["state"] for process in json.loads(done.stdout)["processes"]}


def _helpers(runs: Path) -> list[str]:
    shown = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in shown.splitlines() if re.search(re.escape(str(runs)), line)]


@pytest.fixture(scope="module")
def drilled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Any]]]:
    """A drill per defect on a platform of its own, some at a time, so with half the callers; and what never
    comes back need not be waited for as long."""
    folder = tmp_path_factory.mktemp("defects")
    text = FAST.read_text(encoding="utf-8").replace("recovery: 45s", "recovery: 26s")
    text = text.replace("concurrency: 24", "concurrency: 12")
    text = text.replace("redundancy_within: 30s", "redundancy_within: 20s").replace("../../", f"{ROOT}/")
    (folder / "zone.yaml").write_text(text, encoding="utf-8")
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield {
            defect: pool.submit(drill, folder / "zone.yaml", folder / defect, "--sandbox", "--instance",
                                str(INSTANCE + 1 + number), "--defect", defect, *SETTINGS.get(defect, ()))
            for number, defect in enumerate(DEFECTS)
        }  # fmt: skip


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("defect", "objective"), DEFECTS.items())
def test_a_defect_fails_and_is_named(drilled: dict[str, Future[Any]], defect: str, objective: str) -> None:
    """Exit 1, the objective of that promise fails, and the report's first sentence names it."""
    code, summary = drilled[defect].result()
    assert code == 1
    assert objective in {name for name, v in summary["verdicts"].items() if v["status"] == "FAIL"}
    report = (Path(summary["run"]) / "report.md").read_text(encoding="utf-8")
    assert objective in report.splitlines()[2].replace("\\", "")
