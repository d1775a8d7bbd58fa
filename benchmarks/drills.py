"""Whole drills on the embedded platform. Each takes minutes and wants a quiet machine."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.show import show
from benchmarks.truth import recovered_after_s
from drill.embedded import SandboxOptions, sandbox
from drill.journal import merge
from drill.model.events import PhaseEntered, TurnEnded
from drill.objectives.recovery import measure
from drill.runs import judge_run
from drill.timeline import fold

RUNS = 10
STARTS = {"lite": 15, "ha": 20}  # one primary and its replica; three members that agree on one
DRILL = "drills/ehr-outage.yaml"
RUNS_FOLDER = Path("runs")


def sandbox_start() -> None:
    """From nothing to the first good turn of a call, three times with each store."""
    for profile, limit_s in STARTS.items():
        times = []
        for _ in range(3):
            began = time.monotonic_ns()
            with sandbox(SandboxOptions(instance=7, profile=profile)) as target:
                times.append((_first_good_turn_ns(target) - began) / 1e9)
        name = f"sandbox ({profile}) from nothing to the first good call"
        show(name, statistics.median(times), limit_s, "s", f"max {max(times):.1f}")


def _first_good_turn_ns(target: Path) -> int:
    """A load of one call, watched until its first turn is acknowledged."""
    from drill.conduct.children import end, spawn
    from drill.journal import Tail
    from drill.target import load_target

    folder = target.parent
    stream = folder / "load.jsonl"
    stream.unlink(missing_ok=True)
    env = {"DRILL_LOAD_STREAM": str(stream), "DRILL_RUN_ID": "bench",
           "DRILL_EDGE": load_target(target).edge,
           "DRILL_CONCURRENCY": "1", "DRILL_RAMP_S": "0.1",
           "DRILL_SECONDS": "60", "DRILL_SEED": "1"}  # fmt: skip
    argv = [sys.executable, "-m", "locust", "-f", "loadprofiles/steady_calls.py", "--headless"]
    child, tail = spawn("load", argv, folder / "load.log", env), Tail(stream)
    deadline = time.monotonic() + 40
    try:
        while time.monotonic() < deadline:
            good = [r for r in tail.read() if isinstance(r.event, TurnEnded) and r.event.ledger == "ok"]
            if good:
                return good[0].t_ns
            time.sleep(0.05)
    finally:
        end(child, 10)
    raise SystemExit("no turn was acknowledged within 40 s")


def _run(*more: str) -> tuple[Path, float]:
    """One drill by its command line: the run's folder and the wall time of it all."""
    began = time.monotonic()
    argv = [sys.executable, "-m", "drill", "run", DRILL, "--quiet", "--json", *more]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if not done.stdout:
        raise SystemExit(done.stderr)
    return Path(json.loads(done.stdout)[0]["run"]), time.monotonic() - began


def drill_wall() -> None:
    """Wall time of one EHR drill on a running platform (whose start has a figure of its own)."""
    with sandbox(SandboxOptions(instance=7)) as target:
        folder, wall_s = _run("--target-file", str(target))
    events = merge(judge_run(folder).streams)
    entered = {r.event.phase: r.t_ns / 1e9 for r in events if isinstance(r.event, PhaseEntered)}
    show("EHR drill, wall", wall_s, 120, "s")
    rest_s = wall_s - (entered["unwind"] - entered["baseline"])
    show("  of which not baseline, fault or recovery window", rest_s, 10, "s")


def ttr_against_truth() -> None:
    """TTR as measured from callers against the platform's own log of its turns, over ten runs."""
    errors = []
    for number in range(RUNS):
        with sandbox(SandboxOptions(instance=7)) as target:
            folder, _ = _run("--target-file", str(target), "--seed", str(number))
            judged = judge_run(folder)
            timeline = fold(merge(judged.streams), judged.plan)
            limits = judged.plan.objectives.recovery
            if limits is None or timeline.applied_s is None:
                raise SystemExit(f"{folder}: no fault was applied")
            found = measure(timeline, limits)
            measured_s = found.recovered_s if found else None
            fault_ns = timeline.start_ns + round(timeline.applied_s * 1e9)
            truth_s = recovered_after_s(target.parent / "truth", fault_ns, limits)
        errors.append(abs((measured_s or 0.0) - truth_s))
        print(f"  run {number}: measured {measured_s:.3f} s, truth {truth_s:.3f} s  ({folder})", flush=True)
    show(f"TTR against the platform's own log, worst of {RUNS}", max(errors), 0.1, "s")
