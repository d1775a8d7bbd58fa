"""A restored copy goes, whoever wrote it was killed in the middle of that."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from drill.model.errors import WorldError
from drill.restore.exercise import sweep
from drill.restore.exercise.source import PAUSED
from drill.restore.workspace import workspace


def test_what_is_written_while_it_is_removed_is_removed_as_well(tmp_path: Path) -> None:
    """Somebody unpacks a backup for half a second more."""
    work, until = workspace(tmp_path), time.monotonic() + 0.5

    def unpacks() -> None:
        number = 0
        while time.monotonic() < until:
            number += 1
            with contextlib.suppress(OSError):
                (work / "data" / str(number)).mkdir(parents=True)

    writer = threading.Thread(target=unpacks)
    writer.start()
    while not work.exists():
        time.sleep(0.001)
    assert sweep(work)
    writer.join()
    sweep(work)
    assert not work.exists()


def test_what_cannot_be_removed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is not called removed."""
    monkeypatch.setattr(sys.modules[sweep.__module__], "GONE_WITHIN_S", 0.0)
    monkeypatch.setattr("shutil.rmtree", lambda *_, **__: None)
    workspace(tmp_path).mkdir()
    with pytest.raises(WorldError, match="could not be removed"):
        sweep(workspace(tmp_path))


def test_a_replica_that_cannot_be_told_to_go_on_keeps_the_note_of_it(tmp_path: Path) -> None:
    """Another sweep tries again."""
    work = workspace(tmp_path)
    work.mkdir()
    (work / PAUSED).write_text('["127.0.0.1", 1, "nobody", "none", ""]')
    with pytest.raises(WorldError):
        sweep(work)
    assert (work / PAUSED).exists()


def test_a_note_that_was_torn_paused_nothing(tmp_path: Path) -> None:
    """It is whole before a replica is told to stand still."""
    work = workspace(tmp_path)
    work.mkdir()
    (work / PAUSED).write_text('["127.0.0.1", 1,')
    assert sweep(work)
    assert not work.exists()


def test_the_reaper_of_a_dead_conductor_removes_the_copy(tmp_path: Path) -> None:
    """Its pipe ends; nobody else is left to do it."""
    (tmp_path / "journal").mkdir()
    (workspace(tmp_path) / "data").mkdir(parents=True)
    argv = [sys.executable, "-m", "drill.reaper", "--run", str(tmp_path), "--run-id", "r"]
    done = subprocess.run(argv, input=b"", stdout=subprocess.DEVNULL, timeout=60, check=False)
    assert done.returncode == 0
    assert not workspace(tmp_path).exists()


def test_the_reaper_of_a_conductor_that_is_through_leaves_it_to_that_one(tmp_path: Path) -> None:
    """Who says `q` removes it himself, and within a second when he was told to stop."""
    (tmp_path / "journal").mkdir()
    workspace(tmp_path).mkdir()
    argv = [sys.executable, "-m", "drill.reaper", "--run", str(tmp_path), "--run-id", "r"]
    done = subprocess.run(argv, input=b"q", stdout=subprocess.DEVNULL, timeout=60, check=False)
    assert done.returncode == 0
    assert workspace(tmp_path).exists()
