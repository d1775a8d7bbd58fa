"""Whole drills that must not be green: platforms with a defect, drills that were not whole.

Red and grey need no quiet machine, so two are conducted at a time, each on a net of its own; what never
comes back need not be waited for as long.
"""

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
from drilling import ROOT, WITHIN_S, Summary, command, drill, embedded, of_status, variant

from drill.embedded import SandboxOptions, sandbox

pytestmark = [pytest.mark.processes, pytest.mark.timeout(1200)]
INSTANCE = 50
AT_A_TIME = 2
# What a reader has to be told first; dead air may be told of as what callers made of it.
DEFECTS = {
    "breaker-never-opens": "breaker.opened",
    "breaker-never-closes": "breaker.closed",
    "retry-storm": "breaker.no_retry_storm",
    "ehr-write-lost": "ehr_writes.lost",
    "ehr-write-doubled": "ehr_writes.doubled",
    "calls-dropped-on-ehr-error": "calls.dropped",
    "cascade": "calls.no_cascade",
    "asynchronous-replication": "turns.lost",
    "no-failover": "failover.primary",
    "slow-failover": "failover.primary",
    "health-check-lies": "failover.detected",
    "no-restart": "failover.zone_back",
    "sticky-clients": "recovery.time_to_recover",
    "no-capacity": "capacity.blocked",
    "replica-never-resyncs": "failover.redundancy",
    "no-barge-in": {"voice.barge_in"},
    "late-audio": {"voice.talk_over", "voice.barge_in"},
    "no-endpointing": {"calls.latency", "calls.answered"},
    "media-head-of-line": {"calls.latency", "voice.greeting"},
    "greeting-lost": {"voice.greeting"},
    "silent-fallback": {"calls.dropped", "voice.missed"},
    "tts-stall": {"calls.dropped", "voice.missed"},
}
NAMES = tuple(DEFECTS)
VOICES, ZONES = NAMES[NAMES.index("no-barge-in") :], NAMES[7 : NAMES.index("no-barge-in")]
# The experiment under which a defect of voice shows; most show without any, so theirs is short.
UNDER = {"silent-fallback": "model-slow", "tts-stall": "speech-stalling"}
Change = tuple[str, str]
Outcome = tuple[int, Summary]


def _ehr(folder: Path, *more: Change) -> Path:
    return variant("fast.yaml", folder / "drill.yaml", *more)


def _zone(folder: Path, defect: str) -> Path:
    """With half the callers; room is told of only when enough call."""
    more = [("mean_call: 60s", "mean_call: 20s")] if defect == "no-capacity" else []
    return variant(
        "zone-fast.yaml", folder / "drill.yaml", ("recovery: 45s", "recovery: 26s"),
        ("concurrency: 24", "concurrency: 12"), ("redundancy_within: 30s", "redundancy_within: 20s"), *more,
    )  # fmt: skip


def _voice(folder: Path, defect: str) -> Path:
    """No recovery is waited for; who has no answer hangs up after 15 s."""
    times = "baseline: 8s, fault: 17s" if defect in UNDER else "baseline: 13s, fault: 3s"
    # A queue is long only where many stand in it.
    more = [("concurrency: 20", "concurrency: 30")] if defect == "media-head-of-line" else []
    return variant(
        "voice-fast.yaml", folder / "drill.yaml",
        ("{ramp: 2s, baseline: 10s, fault: 9s, recovery: 10s}", f"{{ramp: 2s, {times}, recovery: 2s}}"),
        ("tests/sandbox/all-at-once.yaml", f"experiments/{UNDER.get(defect, 'voice-delay')}.yaml"), *more,
    )  # fmt: skip


def defective(defect: str, folder: Path, instance: int) -> Outcome:
    """A defect under the drill that is meant for it."""
    if defect in VOICES:
        return drill(_voice(folder, defect), folder, *embedded(instance), "--defect", defect)
    if defect in ZONES:
        room = ("--set", "capacity=13") if defect == "no-capacity" else ()
        return drill(_zone(folder, defect), folder, *embedded(instance, "ha"), "--defect", defect, *room)
    return drill(_ehr(folder), folder, *embedded(instance), "--defect", defect)


def sham(folder: Path, instance: int) -> Outcome:
    """Everything but the fault."""
    return drill(_ehr(folder), folder, *embedded(instance), "--sham")


def raising(folder: Path, instance: int) -> Outcome:
    """An action that cannot do its work."""
    experiment = (ROOT / "experiments" / "ehr-outage.yaml").read_text(encoding="utf-8")
    changed = experiment.replace('seconds: "${hold_s}"', "seconds: soon")
    assert changed != experiment
    file = _ehr(folder, ("../../experiments/ehr-outage.yaml", "raising.yaml"))
    (folder / "raising.yaml").write_text(changed, encoding="utf-8")
    return drill(file, folder, *embedded(instance))


def ended(pattern: str, number: signal.Signals) -> Callable[[Path, int], Outcome]:
    """A drill of which one process gets a signal once the fault is on."""

    def work(folder: Path, instance: int) -> Outcome:
        file = _ehr(folder)
        process = subprocess.Popen(command(file, folder, *embedded(instance)), cwd=ROOT,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip
        try:
            until(lambda: faults(folder) > 0, 120)
            os.kill(process.pid if pattern == "conductor" else _child(pattern, process.pid), number)
            out, err = process.communicate(timeout=WITHIN_S)
        finally:
            process.kill()
        assert out, err
        return process.returncode, json.loads(out)[0]

    return work


def abandoned(folder: Path, instance: int) -> None:
    """SIGKILL to the conductor while a zone is down: its helper gives the zone back by itself."""
    state = folder / "platform"
    with sandbox(SandboxOptions(instance=instance, state=state)) as target:
        process = subprocess.Popen(command(_zone(folder, ""), folder, "--target-file", str(target)), cwd=ROOT,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        try:
            until(lambda: faults(folder) > 1, 120)  # replication is stalled first
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        until(lambda: _states(state) == {"up"}, 90)
        until(lambda: not _shown(re.escape(f"{folder}/zone-failure")), 60)


def _states(state: Path) -> set[str]:
    argv = [sys.executable, "-m", "drill.sandbox", "status", "--state", str(state), "--json"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    return {process["state"] for process in json.loads(done.stdout)["processes"]}


def _shown(pattern: str) -> list[str]:
    shown = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in shown.splitlines() if re.search(pattern, line)]


def _child(pattern: str, parent: int) -> int:
    shown = subprocess.run(
        ["ps", "--ppid", str(parent), "-o", "pid=,args="], capture_output=True, text=True, check=True
    ).stdout
    return next(int(line.split()[0]) for line in shown.splitlines() if pattern in line)


def until(holds: Callable[[], bool], within_s: float) -> None:
    """Poll until it holds."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.25)


def faults(runs: Path) -> int:
    """How many a run has applied so far."""
    ledgers = runs.glob("*/*/journal/faults.jsonl")
    return sum(path.read_text(encoding="utf-8").count('"fault.applied"') for path in ledgers)


OTHERS: dict[str, Callable[[Path, int], Outcome | None]] = {
    "sham": sham,
    "raising": raising,
    "abandoned": abandoned,
    "dead load": ended("locust", signal.SIGKILL),
    "dead probes": ended("drill.probes", signal.SIGKILL),
    "ctrl-c": ended("conductor", signal.SIGINT),
}
Drilled = dict[str, Future[Any]]


@pytest.fixture(scope="module")
def drilled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drilled]:
    """All of them, some at a time."""
    folder = tmp_path_factory.mktemp("red")
    works = {defect: partial(defective, defect) for defect in DEFECTS} | OTHERS
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield {
            name: pool.submit(work, folder / name, INSTANCE + number)
            for number, (name, work) in enumerate(works.items())
        }


@pytest.mark.parametrize(("defect", "objectives"), DEFECTS.items())
def test_a_defect_fails_and_is_named_first(drilled: Drilled, defect: str, objectives: str | set[str]) -> None:
    """Exit 1, the objective of that promise fails, and the report's first sentence names what broke."""
    code, summary = drilled[defect].result()
    expected = {objectives} if isinstance(objectives, str) else objectives
    assert code == 1
    assert of_status(summary, "FAIL") & expected, summary["verdicts"]
    title, _, said, *_ = (Path(summary["run"]) / "report.md").read_text(encoding="utf-8").splitlines()
    assert title.startswith("# FAIL")
    said = said.replace("\\", "")  # Markdown escapes underscores
    assert any(name in said for name in of_status(summary, "FAIL") & expected), said


def test_a_sham_drill_is_unknown(drilled: Drilled) -> None:
    """Exit 2, because its witness was never seen."""
    code, summary = drilled["sham"].result()
    assert code == 2
    assert "integrity.witness" in of_status(summary, "UNKNOWN")
    assert of_status(summary, "FAIL") == set()


def test_a_dead_load_generator_is_never_green(drilled: Drilled) -> None:
    """Locust killed in the fault window: UNKNOWN or FAIL, and the fault is reverted."""
    code, summary = drilled["dead load"].result()
    assert code in (1, 2)
    assert "integrity.children" in of_status(summary, "UNKNOWN") | of_status(summary, "FAIL")
    assert "integrity.reverted" not in of_status(summary, "FAIL")


def test_dead_probes_are_never_green(drilled: Drilled) -> None:
    """Probes killed in the fault window: no data is no PASS."""
    code, summary = drilled["dead probes"].result()
    assert code in (1, 2)
    assert "integrity.witness" not in of_status(summary, "PASS") or of_status(summary, "UNKNOWN")


def test_ctrl_c_reverts_and_judges_what_was_seen(drilled: Drilled) -> None:
    """SIGINT to the conductor: the fault is reverted, streams are sealed, nothing is PASS as a whole."""
    code, summary = drilled["ctrl-c"].result()
    assert code in (1, 2)
    assert "integrity.ended" in of_status(summary, "UNKNOWN")
    assert "integrity.reverted" in of_status(summary, "PASS")


def test_a_fault_that_raises_is_never_green(drilled: Drilled) -> None:
    """UNKNOWN, though Chaos Toolkit calls it completed."""
    code, _ = drilled["raising"].result()
    assert code == 2


def test_a_drill_that_is_killed_midway_leaves_no_zone_behind(drilled: Drilled) -> None:
    """See `abandoned`."""
    drilled["abandoned"].result()


def test_no_process_of_any_of_them_is_left(drilled: Drilled) -> None:
    """Neither of a sandbox nor of a drill, however it ended."""
    for future in drilled.values():
        future.exception()
    nets = "|".join(str(instance) for instance in range(INSTANCE, INSTANCE + len(drilled)))
    assert [line for line in _shown(rf"sandbox-({nets})\b") if "pytest" not in line] == []
