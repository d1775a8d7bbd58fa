"""A restore as a drill: under calls, to its verdicts; and killed midway, when no copy may stay.

A drill that has to pass wants the machine to itself, so these come with the green ones.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from drilling import HERE, ROOT, command, passes, serving

from drill.embedded import SandboxOptions, sandbox
from drill.restore.stores import open_store
from drill.target import load_target
from machine import Machine, excuse

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]
FAST = HERE / "restore-fast.yaml"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The target file of a sandbox that has a base backup whose log is archived."""
    told = ("backups.every_s=6", "backups.segment_s=1", "backups.lag_s=0", "backups.erase_s=0.4")
    state = tmp_path_factory.mktemp("restore")
    with sandbox(SandboxOptions(86, state, profile="lite", backups=True, settings=told)) as file:
        backups, until = load_target(file).backups, time.monotonic() + 30
        assert backups is not None
        while len(open_store(backups, backups.main).points()) < 2 and time.monotonic() < until:
            time.sleep(0.2)
        yield file


def test_a_backup_comes_back_under_calls_and_the_report_says_what_was_proved(
    file: Path, tmp_path: Path
) -> None:
    run = passes(FAST, tmp_path, "--target-file", str(file))
    assert "What was proved of the copy" in (run / "report.html").read_text()


def test_a_drill_that_is_killed_midway_leaves_no_copy(file: Path, tmp_path: Path) -> None:
    machine, said = Machine(), tmp_path / "said.txt"
    with said.open("wb") as out:
        told = command(FAST, tmp_path, "--target-file", str(file))
        process = subprocess.Popen(told, stdout=out, stderr=out, cwd=ROOT)
    until = time.monotonic() + 120
    while not (found := list(tmp_path.glob("*/*/restored/data/PG_VERSION"))) and time.monotonic() < until:
        if process.poll() is not None:  # a baseline that was not met, so nothing was restored
            excuse((), machine.stolen())
        assert process.poll() is None, said.read_text()
        time.sleep(0.02)
    process.kill()
    process.wait(timeout=10)
    (version,) = found
    work, until = version.parents[1], time.monotonic() + 60
    while work.exists() and time.monotonic() < until:
        time.sleep(0.1)
    assert not work.exists()
    assert not serving(work)
