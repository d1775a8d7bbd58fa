"""`drill abort`: a file in the run's folder asks, conductor and reaper look for it ten times a second.

No signal is sent: the process id in a journal may be anybody's by now, and a conductor that is stopped takes
none. When it does nothing, the reaper does.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from drill.faults.ledger import outstanding, read_ledger
from drill.journal import merge
from drill.model.errors import WorldError
from drill.model.events import LeaseEnded
from drill.reaper.alive import ALIVE, is_alive

FILE = "abort"
EFFECT_WITHIN_S = 60.0
LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Stopped:
    """A run that was told to stop: seconds until nothing of it was outstanding."""

    run: Path
    took_s: float


def asked_for(run: Path) -> bool:
    """Whether somebody asked for the run's abort."""
    return (run / FILE).exists()


def living(root: Path) -> list[Path]:
    """Folders of the runs below a folder that are alive."""
    return [path.parent for path in sorted(root.rglob(ALIVE)) if is_alive(path.parent)]


def abort(run: Path) -> Stopped:
    """Ask, and wait until nothing is outstanding and nobody can inject any more.

    WorldError when the run does not live, or does not stop in time.
    """
    if not is_alive(run):
        raise WorldError(f"{run} is no drill that runs; if it left faults behind, `drill heal {run}`")
    if not (run / "journal" / "control.jsonl").exists():
        raise WorldError(f"{run} is an experiment that runs alone: stop its `chaos run` by Ctrl-C")
    (run / FILE).touch()
    began = time.monotonic()
    while time.monotonic() - began < EFFECT_WITHIN_S:
        if _stopped(run):
            return Stopped(run, time.monotonic() - began)
        time.sleep(LOOK_EVERY_S)
    raise WorldError(f"{run} did not stop within {EFFECT_WITHIN_S:g} s; run `drill heal {run}`")


def _stopped(run: Path) -> bool:
    """The reaper has ended the lease, or nobody of the run is left, and all is undone."""
    streams = read_ledger(run)
    ended = any(isinstance(r.event, LeaseEnded) for s in streams for r in s.events)
    return (ended or not is_alive(run)) and not outstanding(merge(streams))
