"""The helpers of a conductor that is gone: the kernel told each to end, and one that hangs while it
does would call the platform for ever.

The conductor wrote down who they are before anything else was done. A process id may be anybody's by now: it
is the helper's while it leads a session of its own, began before it was written down, and no longer before
than a helper takes to start.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

from drill.journal import read_stream
from drill.model.events import ChildStarted, Recorded

PATIENCE_S = 10.0
LOOK_EVERY_S = 0.05
STARTS_WITHIN_S = 5.0


def end_orphans(run: Path, patience_s: float = PATIENCE_S) -> list[int]:
    """Wait for the helpers of a run to end, then SIGKILL to the session of each that did not; their ids."""
    told = read_stream(run / "journal" / "control.jsonl").events
    alive = [each for each in _helpers(told) if _runs(each)]
    deadline = time.monotonic() + patience_s
    while any(map(_runs, alive)) and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_S)
    hung = [each.pid for each in alive if _runs(each)]
    for pid in hung:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
    return hung


def _helpers(told: Iterable[Recorded]) -> list[psutil.Process]:
    started = [(r.t_ns, r.event) for r in told if isinstance(r.event, ChildStarted)]
    found = [_ours(t_ns, event.pid) for t_ns, event in started if event.child != "reaper"]
    return [process for process in found if process is not None]


def _ours(written_ns: int, pid: int) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        age_s = time.time() - process.create_time()
        known_s = (time.monotonic_ns() - written_ns) / 1e9
        ours = os.getsid(pid) == pid and -0.1 < age_s - known_s < STARTS_WITHIN_S
    except (psutil.Error, ProcessLookupError):
        return None
    return process if ours else None


def _runs(process: psutil.Process) -> bool:
    """A zombie does nothing any more, whoever is to collect it."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
