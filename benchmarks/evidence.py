"""Evidence in bulk: a million and ten million events judged and rendered; every byte tampered with."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.big import write_run
from benchmarks.show import show

MILLION = 1_000_000
_JUDGE = """
import pathlib, sys
from drill.runs import judge_run, write_results
write_results(judge_run(pathlib.Path(sys.argv[1])))
"""


def a_million_events() -> None:
    """One million, then ten: seconds and memory of a process that does nothing else."""
    per_event_us = []
    for events, limit_s, limit_mb in ((MILLION, 20, 500), (10 * MILLION, 200, 5000)):
        with tempfile.TemporaryDirectory() as folder:
            written = write_run(Path(folder) / "run", events)
            seconds, mb = _judged(Path(folder) / "run")
        note = f"{written} events"
        show(f"judge and render {events:,} events", seconds, limit_s, "s", note)
        show(f"judge and render {events:,} events, memory", mb, limit_mb, "MB", note)
        per_event_us.append(seconds / written * 1e6)
    show("per event, ten million over one million", per_event_us[1] / per_event_us[0], 1.3, "x")


def _judged(run: Path) -> tuple[float, float]:
    began = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-c", _JUDGE, str(run)])
    _, status, used = os.wait4(child.pid, 0)
    assert status == 0
    return time.perf_counter() - began, used.ru_maxrss * 1024 / 1e6


def tampered() -> None:
    """Every byte of a small bundle altered, deleted and doubled, by both verifiers; shares in per cent."""
    from unit.evidence.test_tamper import Sealed

    with tempfile.TemporaryDirectory() as folder:
        sealed = Sealed(Path(folder))
        data, places = sealed.data, range(len(sealed.data))
        cases = {
            "altered": ((sealed.altered(at), sealed.due(at)) for at in places),
            "deleted": ((data[:at] + data[at + 1 :], "container") for at in places),
            "doubled": ((data[: at + 1] + data[at:], "container") for at in places),
        }
        for what, hurt in cases.items():
            named = sum((sealed.named(each), sealed.named_alone(each)) == (due, due) for each, due in hurt)
            missed = len(data) - named
            show(
                f"bytes {what}, not seen or named wrongly",
                missed,
                0,
                "of",
                f"{len(data)} bytes, two verifiers",
            )
