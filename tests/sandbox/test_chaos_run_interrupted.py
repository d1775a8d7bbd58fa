"""A shipped experiment under plain `chaos run` leaves nothing behind when it is told to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from drill.faults.toxiproxy import ProxyState, Server
from drill.target import load_target

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]
ROOT = Path(__file__).parents[2]


def links(target_file: Path) -> list[ProxyState]:
    """The EHR links as their fault proxy tells them now."""
    ehr = load_target(target_file).ehr
    assert ehr is not None
    return [Server(link.api).read(link.proxy) for link in ehr.links]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_experiment_rolls_back(running: Path, tmp_path: Path, number: signal.Signals) -> None:
    """Chaos Toolkit alone would skip the rollbacks then; the experiment file says otherwise."""
    before = links(running)
    process = subprocess.Popen(
        [Path(sys.executable).with_name("chaos"), "--no-version-check", "--no-log-file",
         "run", ROOT / "experiments" / "ehr-outage-refused.yaml"],
        cwd=tmp_path, env={**os.environ, "DRILL_TARGET": str(running), "DRILL_HOLD_S": "60"},
    )  # fmt: skip
    deadline = time.monotonic() + 40
    while any(link.enabled for link in links(running)):
        assert time.monotonic() < deadline, "the fault was not applied in time"
        time.sleep(0.1)
    time.sleep(2)  # into the hold
    process.send_signal(number)
    process.wait(timeout=40)
    assert links(running) == before
