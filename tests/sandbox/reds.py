"""Drills that must not be green; a function conducts each: (folder, instance) -> exit code and summary."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from drilling import ROOT, WITHIN_S, Summary, command, drill, embedded, variant

from drill.embedded import SandboxOptions, sandbox

Outcome = tuple[int, Summary]
Work = Callable[[Path, int], Outcome]
# The experiment under which a defect of voice shows; most show without any, so theirs is short.
UNDER = {"silent-fallback": "model-slow", "tts-stall": "speech-stalling"}


def on_ehr(defect: str, folder: Path) -> Path:
    """Fewer callers, half the recovery; turns that block one another need longer until they are enough."""
    more = [("fault: 14s", "fault: 22s")] if defect == "cascade" else []
    return variant(
        "fast.yaml", folder / "drill.yaml", ("recovery: 30s", "recovery: 16s"),
        ("sustained: 6s", "sustained: 4s"), ("concurrency: 24", "concurrency: 16"),
        ("within: 25s", "within: 12s"), ("closes_within: 15s", "closes_within: 12s"), *more,
    )  # fmt: skip


def on_zone(defect: str, folder: Path) -> Path:
    """With half the callers; room is told of only when enough call, a loss when enough is said meanwhile."""
    more = [("mean_call: 60s", "mean_call: 20s")] if defect == "no-capacity" else []
    if defect == "asynchronous-replication":
        more += [experiment("zone-kill", folder, "stall_s: 1.5", "stall_s: 4")]
    return variant(
        "zone-fast.yaml", folder / "drill.yaml", ("recovery: 45s", "recovery: 26s"),
        ("concurrency: 24", "concurrency: 12"), ("redundancy_within: 40s", "redundancy_within: 20s"),
        ("zone_back_within: 30s", "zone_back_within: 20s"), *more,
    )  # fmt: skip


def on_voice(defect: str, folder: Path) -> Path:
    """No recovery is waited for; who has no answer hangs up after 15 s."""
    fault = "fault: 17s" if defect in UNDER else "fault: 3s"
    # A queue is long only where many stand in it.
    more = [("concurrency: 20", "concurrency: 30")] if defect == "media-head-of-line" else []
    return variant(
        "voice-fast.yaml", folder / "drill.yaml",
        ("fault: 9s, recovery: 13s", f"{fault}, recovery: 2s"),
        ("tests/sandbox/all-at-once.yaml", f"experiments/{UNDER.get(defect, 'voice-delay')}.yaml"), *more,
    )  # fmt: skip


DRILLS = {"ehr": on_ehr, "zone": on_zone, "voice": on_voice}


def defective(kind: str, defect: str, folder: Path, instance: int) -> Outcome:
    """A defect under the kind of drill that is meant for it."""
    where = embedded(instance, "ha" if kind == "zone" else "lite")
    room = ("--set", "capacity=13") if defect == "no-capacity" else ()
    return drill(DRILLS[kind](defect, folder), folder, *where, "--defect", defect, *room)


def sham(folder: Path, instance: int) -> Outcome:
    """Everything but the fault."""
    return drill(on_ehr("", folder), folder, *embedded(instance), "--sham")


def raising(folder: Path, instance: int) -> Outcome:
    """An action that cannot do its work."""
    change = experiment("ehr-outage", folder, 'seconds: "${hold_s}"', "seconds: soon")
    return drill(variant("fast.yaml", folder / "drill.yaml", change), folder, *embedded(instance))


def experiment(name: str, folder: Path, old: str, new: str) -> tuple[str, str]:
    """A shipped experiment with its text changed, beside the drill; the change that has the drill take it."""
    text = (ROOT / "experiments" / f"{name}.yaml").read_text(encoding="utf-8")
    assert old in text, f"{name} has no {old!r}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "changed.yaml").write_text(text.replace(old, new), encoding="utf-8")
    return f"../../experiments/{name}.yaml", "changed.yaml"


def ended(who: str, number: signal.Signals) -> Work:
    """A drill of which one process gets a signal once the fault is on."""

    def work(folder: Path, instance: int) -> Outcome:
        process = subprocess.Popen(
            command(on_ehr("", folder), folder, *embedded(instance)),
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            until(lambda: faults(folder) > 0, 200)
            os.kill(process.pid if who == "conductor" else _child(who, process.pid), number)
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
        process = subprocess.Popen(
            command(on_zone("", folder), folder, "--target-file", str(target)),
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            until(lambda: faults(folder) > 1, 200)  # replication is stalled first
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        until(lambda: _states(state) == {"up"}, 90)
        until(lambda: not shown(re.escape(f"{folder}/zone-failure")), 60)


def faults(runs: Path) -> int:
    """How many a run has applied so far."""
    ledgers = runs.glob("*/*/journal/faults.jsonl")
    return sum(path.read_text(encoding="utf-8").count('"fault.applied"') for path in ledgers)


def until(holds: Callable[[], bool], within_s: float) -> None:
    """Poll until it holds."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.25)


def shown(pattern: str) -> list[str]:
    """Processes that are there."""
    told = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in told.splitlines() if re.search(pattern, line)]


def _child(pattern: str, parent: int) -> int:
    told = subprocess.run(
        ["ps", "--ppid", str(parent), "-o", "pid=,args="], capture_output=True, text=True, check=True
    ).stdout
    return next(int(line.split()[0]) for line in told.splitlines() if pattern in line)


def _states(state: Path) -> set[str]:
    argv = [sys.executable, "-m", "drill.sandbox", "status", "--state", str(state), "--json"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    return {process["state"] for process in json.loads(done.stdout)["processes"]}
