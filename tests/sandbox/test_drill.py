"""Whole drills with real processes: green only when it should be, red and grey when they should be."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from machine import Machine

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]
ROOT = Path(__file__).parents[2]
FAST = Path(__file__).with_name("fast.yaml")
INSTANCE = 70
AT_A_TIME = 2

DEFECTS = {
    "breaker-never-opens": "breaker.opened",
    "breaker-never-closes": "breaker.closed",
    "retry-storm": "breaker.no_retry_storm",
    "ehr-write-lost": "ehr_writes.lost",
    "ehr-write-doubled": "ehr_writes.doubled",
    "calls-dropped-on-ehr-error": "calls.dropped",
    "cascade": "calls.no_cascade",
}


def command(tmp_path: Path, *more: str, file: Path = FAST, instance: int = INSTANCE) -> list[str]:
    return [sys.executable, "-m", "drill", "run", str(file), "--sandbox", "--instance", str(instance),
            "--profile", "lite", "--json", "--quiet", "--seed", "7", "--runs", str(tmp_path),
            *more]  # fmt: skip


def drill(
    tmp_path: Path, *more: str, file: Path = FAST, instance: int = INSTANCE
) -> tuple[int, dict[str, Any]]:
    """Run one drill on a sandbox of its own; its exit code and its summary."""
    done = subprocess.run(
        command(tmp_path, *more, file=file, instance=instance),
        cwd=ROOT, capture_output=True, text=True, timeout=220, check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)[0]


def statuses(summary: dict[str, Any], status: str) -> set[str]:
    return {name for name, verdict in summary["verdicts"].items() if verdict["status"] == status}


def ours() -> list[str]:
    """Processes of the test's sandbox and drill that are still there."""
    shown = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    mark = rf"sandbox-{INSTANCE}|127\.{20 + INSTANCE}\."
    return [line for line in shown.splitlines() if re.search(mark, line) and "pytest" not in line]


def test_a_clean_platform_passes_and_judging_again_gives_the_same_bytes(tmp_path: Path) -> None:
    """Exit 0, every objective PASS; the stored run gives the same verdicts and report, byte for byte.

    Sealed, it verifies; altered in one byte of its journal, it does not.
    """
    machine = Machine()
    code, summary = drill(tmp_path)
    machine.excuse(statuses(summary, "UNKNOWN"))
    assert (code, statuses(summary, "FAIL"), statuses(summary, "UNKNOWN")) == (0, set(), set())
    run = Path(summary["run"])
    before = {name: (run / name).read_bytes() for name in ("verdicts.json", "report.html", "report.md")}
    again = subprocess.run([sys.executable, "-m", "drill", "judge", str(run)], cwd=tmp_path, check=False)
    assert again.returncode == 0
    assert {name: (run / name).read_bytes() for name in before} == before
    assert ours() == []
    bundle = tmp_path / "run.evidence.tar"
    assert evidence(tmp_path, "keygen", "operator") == evidence(
        tmp_path, "seal", str(run), "--key", "operator.key", "-o", str(bundle)
    ) == (0, "")  # fmt: skip
    assert evidence(tmp_path, "verify", str(bundle), "--key", "operator.pub") == (0, "")
    data = bundle.read_bytes()
    bundle.write_bytes(data.replace(b"turn.ended", b"turn.ender", 1))
    assert evidence(tmp_path, "verify", str(bundle), "--key", "operator.pub") == (1, "content")


def evidence(folder: Path, *arguments: str) -> tuple[int, str]:
    """A command about evidence: its exit code, and the broken link that it names."""
    argv = [sys.executable, "-m", "drill", *arguments]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    broken = re.search(r"^BROKEN at (\w+)", done.stdout, re.MULTILINE)
    return done.returncode, broken[1] if broken else done.stderr


Drilled = dict[str, Future[tuple[int, dict[str, Any]]]]


@pytest.fixture(scope="module")
def drilled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drilled]:
    """What must not be green, some at a time on nets of their own: red and grey need no quiet machine."""
    folder = tmp_path_factory.mktemp("drilled")
    works: dict[str, Callable[[Path, int], tuple[int, dict[str, Any]]]] = {
        defect: partial(_defective, defect) for defect in DEFECTS
    }
    works |= {"sham": _sham, "load": partial(killed, "locust"), "probes": partial(killed, "drill.probes")}
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield {
            name: pool.submit(work, folder / name, INSTANCE + 1 + number)
            for number, (name, work) in enumerate(works.items())
        }


def _defective(defect: str, runs: Path, instance: int) -> tuple[int, dict[str, Any]]:
    return drill(runs, "--defect", defect, instance=instance)


def _sham(runs: Path, instance: int) -> tuple[int, dict[str, Any]]:
    return drill(runs, "--sham", instance=instance)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("defect", "objective"), DEFECTS.items())
def test_a_defect_fails_and_is_named_first(drilled: Drilled, defect: str, objective: str) -> None:
    """Exit 1, the objective of that promise fails, and the report's first sentence names what broke."""
    code, summary = drilled[defect].result()
    assert code == 1
    assert objective in statuses(summary, "FAIL")
    report = (Path(summary["run"]) / "report.md").read_text(encoding="utf-8")
    title, _, said, *_ = report.splitlines()
    assert title.startswith("# FAIL")
    assert objective in said.replace("\\", "")  # Markdown escapes underscores


@pytest.mark.timeout(600)
def test_a_sham_drill_is_unknown(drilled: Drilled) -> None:
    """Everything but the fault: exit 2, because its witness was never seen."""
    code, summary = drilled["sham"].result()
    assert code == 2
    assert "integrity.witness" in statuses(summary, "UNKNOWN")
    assert statuses(summary, "FAIL") == set()


def edited(tmp_path: Path, name: str, **changes: tuple[str, str]) -> Path:
    """A copy of the fast drill with an experiment of its own, changed by text replacement."""
    experiment = (ROOT / "experiments" / "ehr-outage.yaml").read_text(encoding="utf-8")
    for old, new in changes.values():
        assert old in experiment
        experiment = experiment.replace(old, new)
    (tmp_path / f"{name}.experiment.yaml").write_text(experiment, encoding="utf-8")
    text = FAST.read_text(encoding="utf-8").replace(
        "../../experiments/ehr-outage.yaml", f"{name}.experiment.yaml"
    )
    text = text.replace("../../", f"{ROOT}/")
    path = tmp_path / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def killed(
    pattern: str, tmp_path: Path, instance: int, number: signal.Signals = signal.SIGKILL
) -> tuple[int, dict[str, Any]]:
    """Run the fast drill and end one of its helpers once the fault is on."""
    process = subprocess.Popen(
        command(tmp_path, instance=instance),
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        _await_fault(tmp_path)
        os.kill(_pid(pattern, process.pid), number)
        out, err = process.communicate(timeout=150)
    finally:
        process.kill()
    assert out, err
    return process.returncode, json.loads(out)[0]


def _await_fault(tmp_path: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if any("fault.applied" in p.read_text() for p in tmp_path.glob("*/*/journal/faults.jsonl")):
            return
        time.sleep(0.2)
    raise AssertionError("the fault was never applied")


def _pid(pattern: str, parent: int) -> int:
    if pattern == "conductor":
        return parent
    shown = subprocess.run(
        ["ps", "--ppid", str(parent), "-o", "pid=,args="], capture_output=True, text=True, check=True
    )
    return next(int(line.split()[0]) for line in shown.stdout.splitlines() if pattern in line)


@pytest.mark.timeout(600)
def test_a_dead_load_generator_is_never_green(drilled: Drilled) -> None:
    """Locust killed in the fault window: UNKNOWN or FAIL, and the fault is reverted."""
    code, summary = drilled["load"].result()
    assert code in (1, 2)
    assert "integrity.children" in statuses(summary, "UNKNOWN") | statuses(summary, "FAIL")
    assert "integrity.reverted" not in statuses(summary, "FAIL")


@pytest.mark.timeout(600)
def test_dead_probes_are_never_green(drilled: Drilled) -> None:
    """Probes killed in the fault window: no data is no PASS."""
    code, summary = drilled["probes"].result()
    assert code in (1, 2)
    assert "integrity.witness" not in statuses(summary, "PASS") or statuses(summary, "UNKNOWN")


def test_ctrl_c_reverts_and_judges_what_was_seen(tmp_path: Path) -> None:
    """SIGINT to the conductor: the fault is reverted, streams are sealed, nothing is PASS as a whole."""
    code, summary = killed("conductor", tmp_path, INSTANCE, signal.SIGINT)
    assert code in (1, 2)
    assert "integrity.ended" in statuses(summary, "UNKNOWN")
    assert "integrity.reverted" in statuses(summary, "PASS")
    assert ours() == []


def test_a_fault_that_raises_is_never_green(tmp_path: Path) -> None:
    """An action that cannot do its work ends UNKNOWN, though Chaos Toolkit calls it completed."""
    file = edited(tmp_path, "raises", hold=('seconds: "${hold_s}"', "seconds: soon"))
    done = subprocess.run(
        command(tmp_path, file=file), cwd=ROOT, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 2, done.stderr
