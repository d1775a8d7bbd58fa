"""The pure core and the journal: no platform needed."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.show import show
from drill.journal import Journal
from drill.model.events import TurnInvoked
from drill.runs import judge_run, write_results

APPENDS = 50_000
LAST_RUN = Path("runs")


def journal_append() -> None:
    """Buffered appends of a ledger event, median of five batches."""
    batches = []
    for _ in range(5):
        with tempfile.TemporaryDirectory() as folder:
            journal = Journal(Path(folder) / "load.jsonl", "bench")
            event = TurnInvoked("CAc2236e5aff7f8430173c974e4514f05a", 12, "lookup", time.monotonic_ns())
            began = time.perf_counter()
            for _ in range(APPENDS):
                journal.append(event)
            batches.append((time.perf_counter() - began) / APPENDS * 1e6)
            journal.seal()
    show(
        "journal append, buffered",
        statistics.median(batches),
        15,
        "us",
        f"min {min(batches):.1f} max {max(batches):.1f}",
    )


def judge_and_render() -> None:
    """Judge and render the newest stored run of the EHR drill, as `drill judge` does."""
    runs = sorted(LAST_RUN.glob("ehr-outage/*/plan.json"))
    if not runs:
        print("judge: no stored run of ehr-outage below runs/; run `make drill` first")
        return
    times = []
    for _ in range(5):
        began = time.perf_counter()
        judged = judge_run(runs[-1].parent)
        write_results(judged)
        times.append(time.perf_counter() - began)
    events = sum(len(stream.events) for stream in judged.streams)
    show("judge and render the EHR drill's run", statistics.median(times), 2, "s", f"{events} events")
