"""What hangs while it quits is ended, and nobody else is."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from drill.journal import Journal
from drill.model.events import ChildStarted
from drill.reaper.orphans import end_orphans


@pytest.fixture
def hanging() -> Iterator[subprocess.Popen[bytes]]:
    """A process that leads a session, as every helper does, and takes no SIGTERM."""
    process = subprocess.Popen(["/bin/sh", "-c", "trap '' TERM; exec sleep 60"], start_new_session=True)
    yield process
    process.kill()
    process.wait(5)


def told(folder: Path, child: str, pid: int, t_ns: int | None = None) -> None:
    """The conductor's word about one helper."""
    (folder / "journal").mkdir()
    with Journal(folder / "journal" / "control.jsonl", "r") as journal:
        journal.append(ChildStarted(child, pid), t_ns=t_ns)


def test_a_helper_that_hangs_is_ended(hanging: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """Its conductor is gone, so nobody else would."""
    told(tmp_path, "load", hanging.pid)
    assert end_orphans(tmp_path, patience_s=0.1) == [hanging.pid]
    assert hanging.wait(5) == -9


def test_a_process_that_got_the_id_later_is_left_alone(
    hanging: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    """An id is used again."""
    told(tmp_path, "load", hanging.pid, t_ns=1)
    assert end_orphans(tmp_path, patience_s=0.1) == []
    assert hanging.poll() is None
