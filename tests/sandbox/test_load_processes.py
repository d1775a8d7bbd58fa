"""One load of several Locust processes: every call once, every stream sealed, and no thinning out unseen."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from test_load import agent, of, ordered, running, stopped, wait_for

from drill.journal import read_stream
from drill.model.events import CallStarted, LoadSample, ScheduleWritten, TurnEnded
from drill.traffic import schedule as arrivals

pytestmark = pytest.mark.processes


def streams(folder: Path) -> list[Path]:
    """What the workers write."""
    return sorted(folder.glob("load-*.jsonl"))


def both_seen(folder: Path, count: int) -> Callable[[], bool]:
    """Two workers, each with so many turns behind it."""

    def look() -> bool:
        found = [read_stream(path) for path in streams(folder)]
        return len(found) == 2 and all(len(of(stream, TurnEnded)) >= count for stream in found)

    return look


def test_two_workers_hold_one_schedule(tmp_path: Path) -> None:
    """Each its own calls of the one written schedule, by one start, in a stream of its own."""
    order = ordered(tmp_path, 17081, concurrency=12, processes=2)
    with agent(17081), running(order) as load:
        wait_for(both_seen(tmp_path, 6))
        assert stopped(load) == 0
    found = [read_stream(path) for path in streams(tmp_path)]
    assert [stream.fault for stream in found] == ["", ""]
    schedule = arrivals.from_json(order.schedule.read_text(), "schedule.json")
    assert {e.digest for s in found for e in of(s, ScheduleWritten)} == {schedule.digest}
    calls = [[e for e in of(stream, CallStarted) if e.attempt == 1] for stream in found]
    assert all(len(of(stream, LoadSample)) >= 2 for stream in found)
    t0_ns = min(call.intended_ns for own in calls for call in own) - round(schedule.arrivals[0].at_s * 1e9)
    for number, own in enumerate(calls):
        # By the time they were due: on a busy machine a call may be up before one that was due earlier.
        due = sorted(own, key=lambda call: call.intended_ns)
        share = schedule.arrivals[number::2][: len(due)]
        assert [call.patient for call in due] == [arrival.patient for arrival in share]
        for call, arrival in zip(due, share, strict=True):
            assert abs(call.intended_ns - t0_ns - round(arrival.at_s * 1e9)) < 5_000_000


def test_a_run_that_lost_a_worker_does_not_go_on(tmp_path: Path) -> None:
    """The others' calls alone are not what was planned: exit code 4, their streams sealed."""
    order = ordered(tmp_path, 17082, concurrency=12, processes=2)
    with agent(17082), running(order) as load:
        wait_for(both_seen(tmp_path, 2))
        psutil.Process(load.process.pid).children()[0].kill()
        wait_for(lambda: load.returncode is not None)
    assert load.returncode == 4
    assert sorted(read_stream(path).fault != "" for path in streams(tmp_path)) == [False, True]


def test_workers_end_with_a_master_that_is_killed(tmp_path: Path) -> None:
    """In order: what they saw is sealed."""
    order = ordered(tmp_path, 17083, concurrency=12, processes=2)
    with agent(17083), running(order) as load:
        wait_for(both_seen(tmp_path, 2))
        workers = psutil.Process(load.process.pid).children()
        os.kill(load.process.pid, signal.SIGKILL)
        psutil.wait_procs(workers, timeout=20.0)
        assert not [worker for worker in workers if worker.is_running()]
    assert [read_stream(path).fault for path in streams(tmp_path)] == ["", ""]
