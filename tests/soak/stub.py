"""A helper that holds no fault: `python -m soak.stub STREAM RUN_ID` says what is waited for.

After SIGUSR1 its one caller waits for an answer that does not come.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from drill.journal import Journal
from drill.model.events import CallStarted, HealthSample, LoadSample, TurnInvoked


def main(stream: str, run_id: str) -> None:
    """Until SIGTERM, or until the parent is gone."""
    told: list[int] = []
    hurt: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    signal.signal(signal.SIGUSR1, lambda number, _: hurt.append(number))
    parent = os.getppid()
    with Journal(Path(stream), run_id) as journal:
        journal.append(CallStarted("c1", "synthetic-0001", time.monotonic_ns(), ok=True, detail=""))
        journal.append(HealthSample("a", ok=True, detail=""))
        while not told and os.getppid() == parent:
            if hurt:
                journal.append(TurnInvoked("c1", 1, "chat", time.monotonic_ns() - 10**10))
            journal.append(LoadSample(1, 0.0, 0.0, 0.1, 50, 0))
            journal.flush()
            time.sleep(0.05)


if __name__ == "__main__":
    main(*sys.argv[1:])
