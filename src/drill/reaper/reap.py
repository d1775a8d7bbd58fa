"""Fence, end the toolkit, undo in reverse, try again for a while: one pass of the reaper.

The toolkit is ended before the ledger is read, so that there is one at a time who acts on the platform. It
may be reverting itself, and has a moment to finish; what it did is in its ledger, and undoing twice is
harmless. An order that it gave just before it was killed may still be carried out by the platform: what
nobody knows the outcome of is undone a second time, after a moment.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from drill.faults import World
from drill.faults.ledger import SETTLE_S, again, fence, outstanding, read_ledger, revert, unclear
from drill.journal import Journal, merge
from drill.model.errors import JournalError
from drill.model.events import FaultRequested, LeaseEnded, Recorded, StreamOpened

DIES_WITHIN_S = 2.0
LOOK_EVERY_S = 0.02
# A fault proxy that died comes back when its supervisor starts it again; so long is it waited for.
TRY_FOR_S = 30.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 4.0


@dataclass(slots=True)
class Reaping:
    """One run's undoing; `journal` is the reaper's own stream."""

    run: Path
    journal: Journal
    world: World

    def reap(self, reason: str, *, spare_s: float) -> list[FaultRequested]:
        """Undo everything; what is still outstanding after `TRY_FOR_S`. The stream is sealed then.

        The toolkit has `spare_s` to end by itself: it was told to where its parent died.
        """
        fence(self.run).touch()
        self._end_toolkit(spare_s)
        todo = self._outstanding()
        with contextlib.suppress(JournalError):
            self.journal.append(LeaseEnded(reason, len(todo)), durable=True)
        doubtful = unclear(self._events()) & {each.fault_id for each in todo}
        left = self._undo(todo)
        if doubtful:
            time.sleep(SETTLE_S)
            left = self._undo(again(todo, doubtful | {each.fault_id for each in left}))
        try:
            self.journal.seal()
        except JournalError:
            self.journal.abandon()
        return left

    def _undo(self, todo: list[FaultRequested]) -> list[FaultRequested]:
        deadline, pause_s = time.monotonic() + TRY_FOR_S, FIRST_PAUSE_S
        while todo:
            failures = revert(self.journal, todo, self.world, f"reaper pid {os.getpid()}")
            lost = {failure.partition(":")[0] for failure in failures}
            if not lost or time.monotonic() > deadline:
                return [each for each in todo if each.fault_id in lost]
            todo = again(todo, lost)
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        return []

    def _outstanding(self) -> list[FaultRequested]:
        return outstanding(self._events())

    def _events(self) -> Sequence[Recorded]:
        return merge(read_ledger(self.run))

    def _end_toolkit(self, patience_s: float) -> None:
        """A moment if it may be reverting, then SIGKILL to its session. A stream's first line names its
        writer, durably and before any request; that the process is still that one is told by its command
        line."""
        writers = [process for pid in self._writers() if (process := self._ours(pid)) is not None]
        _await_ends(writers, patience_s)
        for process in writers:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        _await_ends(writers, DIES_WITHIN_S)

    def _writers(self) -> list[int]:
        faults = [r.event for r in self._events() if r.stream.startswith("faults")]
        return [event.pid for event in faults if isinstance(event, StreamOpened)]

    def _ours(self, pid: int) -> psutil.Process | None:
        stream = str(self.run / "journal" / "faults")
        try:
            process = psutil.Process(pid)
            return process if any(stream in word for word in process.cmdline()) else None
        except psutil.Error:
            return None


def _await_ends(processes: Iterable[psutil.Process], within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while any(_runs(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_S)


def _runs(process: psutil.Process) -> bool:
    """A zombie does nothing any more, whoever is to collect it."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
