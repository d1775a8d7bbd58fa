"""The way out goes on whatever fails on it: faults, load, probes."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from drill.conduct import unwind as way_out
from drill.conduct.children import Child, end
from drill.conduct.signals import Asked
from drill.model.events import Aborted, Event


class Broken:
    """Helpers of which each end fails in another way, and a run that notes what is said of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.helpers, self.lock = folder, self, self
        self.asked = Asked(folder)
        self.tried: list[str] = []
        self.noted: list[Event] = []

    def end_toolkit(self, _hung: object) -> None:
        self.tried.append("toolkit")
        raise subprocess.TimeoutExpired("toolkit", 10)

    def release_reaper(self) -> bool:
        self.tried.append("reaper")
        raise OSError("the pipe is gone")

    def end_load(self, *, haste: bool) -> None:
        self.tried.append(f"load {haste}")
        raise subprocess.TimeoutExpired("load", 10)

    def end_probes(self, *, haste: bool) -> None:
        self.tried.append(f"probes {haste}")

    def clear(self) -> None:
        self.tried.append("lock")

    def note(self, event: Event) -> None:
        self.noted.append(event)


def test_every_step_is_tried_and_each_failure_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One helper that cannot be ended must not keep the others alive."""

    def unreadable(_run: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(way_out, "_read_back", unreadable)
    run: Any = Broken(tmp_path)
    way_out.unwind(run, aborted=False)
    assert run.tried == ["toolkit", "reaper", "load False", "probes False"]
    told = [each.reason.partition(":")[0] for each in run.noted if isinstance(each, Aborted)]
    assert told == [
        "the toolkit could not be ended",
        "what is outstanding could not be undone",
        "the target's lock could not be cleared",  # the folder holds no ledger
        "the load could not be ended",
        "nothing could be read back",
    ]


class Undying:
    """A process that the kernel does not let go of."""

    pid, returncode = 2**22 + 1, None

    def poll(self) -> None:
        return None

    def terminate(self) -> None:
        return None

    def wait(self, timeout: float) -> None:
        raise subprocess.TimeoutExpired("helper", timeout)


def test_a_helper_that_not_even_sigkill_ends_is_no_error(tmp_path: Path) -> None:
    """It did not end in order; whoever unwinds has more to do."""
    process: Any = Undying()
    assert not end(Child("load", process, tmp_path / "log"), patience_s=0.0)
