"""Whole load runs in one Locust process against the reference agent, and what their own streams say."""

from __future__ import annotations

import itertools
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil

from benchmarks.calls import rig
from benchmarks.show import show
from drill.journal import Stream, read_stream
from drill.load.order import LoadOrder
from drill.model.events import CallEnded, CallStarted, Event, LoadSample, TurnEnded
from drill.model.units import NS_PER_S

PROFILE = Path("loadprofiles/steady_calls.py")
LATE_MS_MAX, RSS_MB_MAX = 20.0, 100.0
DISPERSION = (0.9, 1.1)
SETTLE_S = 5.0
_AGENT_MS = (600, 800)  # after which time the agent answers, and how long its answer is
E = TypeVar("E", bound=Event)


@dataclass(slots=True)
class Run:
    """A load run that is up: its process, and where it and its agent write."""

    pid: int
    agent_pid: int
    stream: Path
    account: Path
    rss_mb: float = 0.0
    ended_ns: int = 0

    def watch(self, seconds: float) -> None:
        """Let time pass; remember the most memory."""
        until_s, process = time.monotonic() + seconds, psutil.Process(self.pid)
        while time.monotonic() < until_s:
            self.rss_mb = max(self.rss_mb, process.memory_info().rss / 1e6)
            time.sleep(max(0.0, min(0.5, until_s - time.monotonic())))


@contextmanager
def load(folder: Path, name: str, agent_ms: tuple[int, int] = _AGENT_MS, **asked: Any) -> Iterator[Run]:
    """Calls against an agent of their own; the run is ended in order when the block is left."""
    load_core, agent_core = rig.cores()
    stream = folder / f"load-{name}.jsonl"
    log, account = folder / f"{name}.log", folder / name / "agent-0.jsonl"
    account.parent.mkdir()
    with rig.serving(rig.agent(folder, *agent_ms), agent_core, account) as (port, agent_pid):
        values: dict[str, Any] = {
            "profile": PROFILE, "edge": f"ws://{rig.HOST}:{port}/media", "run_id": f"bench-{name}",
            "stream": stream, "schedule": folder / f"{name}.json", "seconds": 600.0, "seed": 4,
            "mean_call_s": 120.0, "max_calls": 5000, "max_calls_per_s": 1000.0,
        }  # fmt: skip
        order = LoadOrder(**(values | asked))
        with rig.running(order.argv(), load_core, log, order.environ(os.environ)) as child:
            run = Run(child.pid, agent_pid, stream, account.parent)
            yield run
            run.ended_ns = time.monotonic_ns()
            child.terminate()
            child.wait(60.0)


def calls_held(folder: Path, number: int, frame_ms: int, seconds: float = 30.0) -> None:
    """So many calls at a time that take turns: how punctual, how heavy, and did all of them work."""
    ramp_s, what = max(10.0, number / 60), f"{number} calls, {frame_ms} ms per send"
    with load(folder, f"held-{number}", concurrency=number, ramp_s=ramp_s, frame_ms=frame_ms) as run:
        run.watch(ramp_s + SETTLE_S + seconds)
    stream = read_stream(run.stream)
    steady = _of(stream, LoadSample)[-round(seconds) : -1]
    frames, late = sum(e.frames for e in steady), sum(e.late_frames for e in steady)
    p99_ms = sorted(e.lateness_ms_p99 for e in steady)[-max(1, len(steady) // 20)]
    up, cpu = (statistics.mean(figure(e) for e in steady) for figure in (_up, _cpu))
    note = f"in 95 % of seconds; {up:.0f} up, CPU {cpu:.0%}, {late} of {frames} frames later than 20 ms"
    show(f"{what}: p99 lateness", p99_ms, LATE_MS_MAX, "ms", note)
    show(f"{what}: resident memory", run.rss_mb, RSS_MB_MAX, "MB")
    failures, turns = _failures(stream)
    show(f"{what}: failures", failures, 0, "", f"{turns} turns {stream.fault}")


def _up(sample: LoadSample) -> float:
    return sample.calls_up


def _cpu(sample: LoadSample) -> float:
    return sample.cpu_share


def _failures(stream: Stream) -> tuple[int, int]:
    """Calls refused or broken and turns not answered in full; what the run's end cut off did not fail."""
    over = {e.call for e in _of(stream, CallEnded) if e.outcome == "cut"}
    turns = [e for e in _of(stream, TurnEnded) if e.call not in over or e.outcome != "unanswered"]
    failed = sum(not e.ok for e in _of(stream, CallStarted))
    failed += sum(e.outcome not in ("completed", "cut") for e in _of(stream, CallEnded))
    return failed + sum(e.outcome != "full" for e in turns), len(turns)


def arrival_dispersion(folder: Path) -> None:
    """Flat traffic: gaps between calls, as they were really dialled, vary like a Poisson process's."""
    ramp_s = 5.0
    with load(folder, "flat", concurrency=300, mean_call_s=10.0, ramp_s=ramp_s) as run:
        run.watch(ramp_s + 40.0)
    stream = read_stream(run.stream)
    first_ns = min(e.intended_ns for e in _of(stream, CallStarted))
    flat_ns = range(first_ns + round(ramp_s * NS_PER_S), run.ended_ns)
    dialled_ns = sorted(
        r.t_ns for r in stream.events if isinstance(r.event, CallStarted) and r.event.intended_ns in flat_ns
    )
    gaps = [after - before for before, after in itertools.pairwise(dialled_ns)]
    cv = statistics.stdev(gaps) / statistics.mean(gaps)
    late_ms = max(e.arrival_lateness_ms_max for e in _of(stream, LoadSample)[:-1])
    low, high = DISPERSION
    note = f"at least {low}, at most {high}; {len(gaps)} gaps, the latest dialled {late_ms:.1f} ms late"
    show("arrivals: coefficient of variation of the gaps", cv, 1.0, "", note)


def _of(stream: Stream, kind: type[E]) -> list[E]:
    return [recorded.event for recorded in stream.events if isinstance(recorded.event, kind)]
