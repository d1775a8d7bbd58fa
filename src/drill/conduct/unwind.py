"""The way out of a drill, the same whatever led there: backwards, faults first.

Faults are undone by the toolkit, or else by the reaper, or else here, from the journal. Nothing that cannot
be written down any more keeps the rest from being undone and ended.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable

from drill.conduct.readback import read_back
from drill.conduct.run import Run
from drill.faults import Proxies
from drill.faults.ledger import left
from drill.journal import Journal
from drill.model.errors import DrillError, JournalError
from drill.model.events import Aborted, PhaseEntered
from drill.reaper.heal import restore
from drill.restore.workspace import swept

# A quarter of what an abort may take. A toolkit that is told to end reverts within a tenth of a second; one
# that is killed while it does loses nothing, since the reaper does it again.
REVERTS_WITHIN_S = 0.25


def unwind(run: Run, *, aborted: bool) -> None:
    """Faults, then load, then the read-back, then the probes; see the module. Each is tried, whatever became
    of those before it."""
    haste = run.asked.haste
    hung = _hung(run) if aborted else lambda: False
    _tried(run, "the toolkit could not be ended", lambda: run.helpers.end_toolkit(hung))
    _tried(run, "what is outstanding could not be undone", lambda: _released(run))
    run.note(PhaseEntered("unwind"))
    _tried(run, "a restored copy could not be removed", lambda: swept(run.folder))
    _tried(run, "the target's lock could not be cleared", lambda: _cleared(run))
    _tried(run, "the load could not be ended", lambda: run.helpers.end_load(haste=haste))
    if not run.asked.haste:
        _tried(run, "nothing could be read back", lambda: _read_back(run))
    _tried(run, "the probes could not be ended", lambda: run.helpers.end_probes(haste=haste))


def _tried(run: Run, failed: str, work: Callable[[], object]) -> None:
    try:
        work()
    except (DrillError, OSError, subprocess.SubprocessError) as error:
        run.note(Aborted(f"{failed}: {error}"))


def _released(run: Run) -> None:
    if not run.helpers.release_reaper() and (run.folder / "journal" / "faults.jsonl").exists():
        _undo(run)


def _cleared(run: Run) -> None:
    if not left(run.folder):
        run.lock.clear()


def _read_back(run: Run) -> None:
    run.live.update()
    with Journal(run.folder / "journal" / "readback.jsonl", run.run_id) as journal:
        read_back(journal, run.plan, run.target, run.run_id, run.live)


def _hung(run: Run) -> Callable[[], bool]:
    """True once the toolkit has had its moment and a fault is still there: somebody else has to undo it."""
    began_s = time.monotonic()

    def hung() -> bool:
        if time.monotonic() - began_s < REVERTS_WITHIN_S:
            return False
        with contextlib.suppress(JournalError):
            run.live.update()
        return bool(run.live.outstanding())

    return hung


def _undo(run: Run) -> None:
    try:
        healed = restore(run.folder, Proxies(), f"conductor pid {os.getpid()}")
    except (DrillError, OSError) as error:
        run.note(Aborted(f"what is outstanding could not be undone: {error}"))
        return
    if healed.failed:
        run.note(Aborted("could not restore: " + "; ".join(healed.failed)))
