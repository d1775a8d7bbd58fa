"""`python -m drill.reaper --run FOLDER --run-id ID --lease-s N`: stand by, and undo.

In a session of its own, so that nothing sent to the conductor's process group reaches it. Standard input is
the conductor's pipe; each beat is answered on standard output, so that the conductor notices one who hangs.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from drill.faults import Proxies
from drill.journal import Journal
from drill.model.errors import WorldError
from drill.model.events import LeaseOpened
from drill.reaper.abort import asked_for
from drill.reaper.lease import BEAT, LEASE_S, THROUGH, Lease
from drill.reaper.lock import clear
from drill.reaper.orphans import end_orphans
from drill.reaper.reap import Reaping
from drill.restore.workspace import swept

LOOK_EVERY_S = 0.1


def main() -> int:
    """Watch until the lease is over, then undo; 0 when nothing is outstanding any more."""
    parser = argparse.ArgumentParser(prog="drill.reaper")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--run-id", required=True)
    parser.add_argument("--lease-s", type=float, default=LEASE_S)
    parser.add_argument("--lock", type=int, action="append", default=[], help="descriptor of a target's lock")
    args = parser.parse_args()
    told = _told_to_end()
    journal = Journal(args.run / "journal" / "reaper.jsonl", args.run_id)
    journal.append(LeaseOpened(os.getppid(), args.lease_s), durable=True)
    lease = Lease(args.lease_s, time.monotonic())
    reason = _watch(args.run, lease, told)
    left = Reaping(args.run, journal, Proxies()).reap(reason, spare_s=lease.spare_s)
    if lease.gone:  # told to end by the kernel; nobody else is left to end the one that hangs
        end_orphans(args.run)
    if left or not (reason == THROUGH or _copy_gone(args.run)):
        return 1
    clear(args.lock)
    return 0


def _copy_gone(run: Path) -> bool:
    """A restored copy goes as well, and a replica that stood still goes on; a conductor that is through sees
    to that itself."""
    try:
        swept(run)
    except WorldError as error:
        print(error, file=sys.stderr)
        return False
    return True


def _told_to_end() -> Callable[[], str]:
    """A machine that shuts down says SIGTERM: the last moment to undo. The rest is not for us."""
    said: list[str] = []
    signal.signal(signal.SIGTERM, lambda number, _: said.append(signal.Signals(number).name))
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    return lambda: f"the reaper was told to end by {said[0]}" if said else ""


def _watch(run: Path, lease: Lease, told: Callable[[], str]) -> str:
    os.set_blocking(1, False)
    while True:
        if select.select([0], [], [], LOOK_EVERY_S)[0]:
            lease.hear(os.read(0, 4096), time.monotonic())
            with contextlib.suppress(OSError):
                os.write(1, BEAT)
        if reason := lease.ended(time.monotonic(), abort_asked=asked_for(run)) or told():
            return reason


if __name__ == "__main__":
    raise SystemExit(main())
