"""Shipped experiments run alone, and the runner leaves nothing behind whatever ends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from drill.faults.toxiproxy import ProxyState, Server
from drill.journal import read_stream
from drill.model.events import ExperimentEnded, FaultApplied, FaultReverted
from drill.target import load_target

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]
ROOT = Path(__file__).parents[2]
WITNESS = {
    "ehr-outage": "timeout",
    "ehr-outage-refused": "refused",
    "ehr-outage-slow": "slow",
    "ehr-outage-resetting": "reset",
    "ehr-outage-errors": "http_5xx",
    "ehr-outage-wrong-patient": "wrong_patient",
}


def links(target_file: Path) -> list[ProxyState]:
    """The EHR links as their fault proxy tells them now."""
    ehr = load_target(target_file).ehr
    assert ehr is not None
    return [Server(link.api).read(link.proxy) for link in ehr.links]


@pytest.mark.parametrize(("name", "witness"), WITNESS.items())
def test_an_experiment_runs_alone(running: Path, tmp_path: Path, name: str, witness: str) -> None:
    """`chaos run` on the plain file: the fault is felt through every link, and is gone afterwards."""
    before = links(running)
    chaos = Path(sys.executable).with_name("chaos")
    done = subprocess.run(
        [chaos, "--no-version-check", "--no-log-file", "run", ROOT / "experiments" / f"{name}.yaml"],
        cwd=tmp_path, env={**os.environ, "DRILL_TARGET": str(running), "DRILL_HOLD_S": "1"},
        capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    journal = json.loads((tmp_path / "journal.json").read_text())
    outputs = {run["activity"]["name"]: run.get("output") for run in journal["run"]}
    assert (done.returncode, journal["status"], outputs["ehr-witness"]) == (0, "completed", witness)
    assert links(running) == before


def start_runner(target: Path, folder: Path, experiment: dict[str, Any]) -> subprocess.Popen[bytes]:
    (folder / "experiment.json").write_text(json.dumps(experiment))
    argv = [sys.executable, "-m", "drill.toolkit.runner", "--experiment", folder / "experiment.json",
            "--stream", folder / "faults.jsonl", "--run-id", "r", "--target", target,
            "--target-name", load_target(target).name]  # fmt: skip
    return subprocess.Popen(argv, cwd=folder)


def action(func: str, **arguments: object) -> dict[str, Any]:
    provider = {"type": "python", "module": "drill.toolkit.actions", "func": func, "arguments": arguments}
    return {"type": "action", "name": func, "provider": provider}


def experiment(*method: dict[str, Any]) -> dict[str, Any]:
    return {"title": "test", "description": "test", "method": list(method), "rollbacks": []}


def await_applied(stream: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if stream.exists() and stream.read_text().count("fault.applied") == 3:
            return
        time.sleep(0.1)
    raise AssertionError("the faults were not applied in time")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_runner_told_to_end_reverts_first(running: Path, tmp_path: Path, number: signal.Signals) -> None:
    """In the middle of a hold, without any rollback in the experiment, the links come back."""
    before = links(running)
    process = start_runner(
        running, tmp_path, experiment(action("ehr_fault", mode="slow"), action("hold", seconds=60))
    )
    await_applied(tmp_path / "faults.jsonl")
    process.send_signal(number)
    process.wait(timeout=20)
    assert links(running) == before
    stream = read_stream(tmp_path / "faults.jsonl")
    assert stream.fault == ""
    assert sum(isinstance(r.event, FaultReverted) for r in stream.events) == 3


def test_a_runner_whose_parent_dies_reverts(running: Path, tmp_path: Path) -> None:
    """The process that started it is killed: the runner notices by itself."""
    before = links(running)
    method = experiment(action("ehr_fault", mode="refused"), action("hold", seconds=60))
    (tmp_path / "experiment.json").write_text(json.dumps(method))
    script = (
        "import subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-m', 'drill.toolkit.runner', *sys.argv[1:]])\n"
        "time.sleep(60)"
    )
    argv = [sys.executable, "-c", script, "--experiment", tmp_path / "experiment.json",
            "--stream", tmp_path / "faults.jsonl", "--run-id", "r", "--target", running,
            "--target-name", load_target(running).name]  # fmt: skip
    parent = subprocess.Popen(argv)
    await_applied(tmp_path / "faults.jsonl")
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 15
    while read_stream(tmp_path / "faults.jsonl").fault and time.monotonic() < deadline:
        time.sleep(0.1)
    assert read_stream(tmp_path / "faults.jsonl").fault == ""
    assert links(running) == before


def test_a_failed_action_shows_though_chaoslib_says_completed(running: Path, tmp_path: Path) -> None:
    """chaoslib's own status hides it; the detail and the missing fault events do not."""
    process = start_runner(running, tmp_path, experiment(action("ehr_fault", mode="no-such-way")))
    process.wait(timeout=30)
    events = [r.event for r in read_stream(tmp_path / "faults.jsonl").events]
    ended = next(e for e in events if isinstance(e, ExperimentEnded))
    assert not any(isinstance(e, FaultApplied) for e in events)
    assert "ehr_fault" in ended.detail


def test_a_killed_runner_is_healed_from_its_journal(running: Path, tmp_path: Path) -> None:
    """SIGKILL leaves the faults on; `drill heal` restores the prior state, and then finds nothing."""
    before = links(running)
    folder = tmp_path / "journal"
    folder.mkdir()
    process = start_runner(
        running, folder, experiment(action("ehr_fault", mode="errors"), action("hold", seconds=60))
    )
    await_applied(folder / "faults.jsonl")
    process.kill()
    process.wait()
    assert links(running) != before
    heal = [sys.executable, "-m", "drill", "heal", str(tmp_path)]
    first = subprocess.run(heal, capture_output=True, text=True, check=True)
    assert first.stdout.count("link-upstream") == 3
    assert links(running) == before
    assert "nothing is outstanding" in subprocess.run(heal, capture_output=True, text=True, check=True).stdout
