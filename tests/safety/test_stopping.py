"""A drill is stopped: by its tripwires, by a command, by Ctrl-C; and what stands in the way of the next."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drill.model.events import Aborted, FaultApplied
from drill.model.verdicts import Status
from drill.reaper.alive import is_alive
from drill.reaper.heal import heal_run
from drill.runs import judge_run
from soak.aborts import stop
from soak.platform import TESTS
from soak.trial import Begun, Worker, drill_file

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]
REFUSED = ("ehr_fault", {"mode": "refused"})
GENEROUS_S = 10.0


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """One platform for all of them."""
    with Worker(tmp_path_factory.mktemp("worker")) as made:
        yield made


def begun(worker: Worker, wires: str) -> Begun:
    """A drill in the middle of its fault."""
    drill = worker.begin(REFUSED, "block", wires=wires)
    drill.await_event(FaultApplied, count=3)
    return drill


@pytest.mark.parametrize(
    ("wires", "number", "said"),
    [
        ("{breach_share: 60%, breach_for: 300ms}", signal.SIGUSR1, "100% of callers in breach, above 60%"),
        ("{breached_call_seconds: 101}", signal.SIGUSR1, ""),
        ("{blind_for: 1s}", signal.SIGSTOP, "nothing was seen of the load for 1.00 s"),
    ],
)
def test_a_pulled_wire_undoes_and_never_passes(
    worker: Worker, wires: str, number: signal.Signals, said: str
) -> None:
    """The reason is in the record, with the limit; a budget that is not spent yet stops nothing."""
    before = worker.rig.state()
    drill = begun(worker, wires)
    os.kill(drill.child_pid("load"), number)
    if not said:
        time.sleep(1)
        assert drill.reason() == ""
        os.kill(drill.pid, signal.SIGTERM)
    drill.await_event(Aborted)
    os.kill(drill.child_pid("load"), signal.SIGCONT)
    drill.await_end()
    assert said in drill.reason()
    aborted_s = min(r.t_ns for s in drill.streams() for r in s.events if isinstance(r.event, Aborted)) / 1e9
    assert drill.last_revert_s() - aborted_s < GENEROUS_S
    assert worker.rig.state() == before
    assert judge_run(drill.folder).status is not Status.PASS


def command(*arguments: str | Path) -> tuple[int, str, str]:
    """A command in a shell of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "drill", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def test_drill_abort_stops_what_runs_and_heal_refuses_to_touch_it(worker: Worker) -> None:
    """From another shell; afterwards there is nothing to abort, and nothing to heal."""
    before = worker.rig.state()
    drill = begun(worker, "")
    code, _, err = command("heal", drill.folder)
    assert (code, "drill abort" in err) == (4, True)
    code, out, _ = command("abort", "--runs", drill.runs)
    assert code == 0
    assert "nothing is outstanding" in out
    assert worker.rig.state() == before
    drill.await_end()
    assert command("abort", "--runs", drill.runs)[0] == 4
    assert command("heal", "--runs", drill.runs)[:2] == (0, "nothing is outstanding\n")


def test_drill_heal_without_a_name_finds_what_the_dead_left(worker: Worker) -> None:
    """It says what it restored, the second time that there is nothing; till then a new drill is refused."""
    before = worker.rig.state()
    drill = begun(worker, "")
    drill.kill_child("reaper")
    drill.kill_child("toolkit")
    drill.kill_group(signal.SIGKILL)
    drill.await_nobody()
    assert worker.rig.state() != before
    second = worker.begin(REFUSED)
    second.await_end()
    assert f"run `drill heal {drill.folder.resolve()}` first" in second.reason()
    code, out, _ = command("heal", "--runs", drill.runs)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()][:4] == [*["restored"] * 3, "record"]
    assert worker.rig.state() == before
    assert command("heal", "--runs", drill.runs)[1] == "nothing is outstanding\n"


def test_two_drills_on_one_platform_are_one_too_many(worker: Worker) -> None:
    """The second is refused, with the first one's name, and the first goes on."""
    first = begun(worker, "")
    second = worker.begin(REFUSED)
    second.await_end()
    assert "is held by drill fast of run" in second.reason()
    assert first.reason() == ""
    os.kill(first.pid, signal.SIGTERM)
    first.await_end()


def test_a_conductor_that_takes_no_word_is_stopped_by_the_reaper(worker: Worker) -> None:
    """`drill abort` of a drill whose conductor is stopped by the kernel: the reaper acts in its place."""
    before = worker.rig.state()
    drill = begun(worker, "")
    drill.kill_group(signal.SIGSTOP)
    assert command("abort", drill.folder)[0] == 0
    assert worker.rig.state() == before
    drill.kill_group(signal.SIGCONT)
    drill.await_end()
    assert "abort" in drill.reason() or "reaper" in drill.reason()


def test_an_abort_is_evidence_too(worker: Worker) -> None:
    """Judged, reported and sealed like any other run; see soak.aborts for what is looked at."""
    assert stop(worker, random.Random(1), "SIGTERM", "patient").wrong == []


def test_healing_waits_for_a_reaper_at_work(worker: Worker) -> None:
    """The conductor just died: whoever heals comes second, and both leave the same."""
    before = worker.rig.state()
    drill = begun(worker, "")
    drill.kill_group(signal.SIGKILL)
    assert heal_run(drill.folder).whole
    assert not is_alive(drill.folder)
    assert worker.rig.state() == before
    assert drill.outstanding() == []


def test_a_stopped_suite_begins_no_other_drill(worker: Worker, tmp_path: Path) -> None:
    """Ctrl-C in the first of two drills, with real load and real probes: exit 2, and one run."""
    files = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        files.append(drill_file(tmp_path / name, REFUSED, "block", ""))
    process = subprocess.Popen(
        [sys.executable, "-m", "drill", "run", *files, "--target-file", worker.rig.target, "--runs",
         tmp_path / "runs"], stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(TESTS)},
    )  # fmt: skip
    run = Begun(tmp_path / "runs", process.pid)
    run.await_event(FaultApplied, count=3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2, err
    assert f"stopped; not begun: {files[1].stem}" in err
    assert len(list((tmp_path / "runs").glob("*/*/journal"))) == 1
    assert "stopped by SIGINT" in run.reason()
