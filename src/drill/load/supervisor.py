"""Locust from outside: started with the run's settings, ended in order or by force. No gevent here.

Locust takes over the sockets, signals and threads of its process, so it gets one of its own, in
a session of its own. The kernel asks it to end when the thread that started it dies: with
SIGTERM, so that it can still hang up its calls and seal its stream.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from drill.model.errors import WorldError

PATIENCE_S = 15.0
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class LoadOrder:
    """A load run as it is asked for."""

    profile: Path
    edge: str
    run_id: str
    stream: Path
    schedule: Path
    concurrency: int
    mean_call_s: float
    ramp_s: float
    seconds: float
    seed: int

    def argv(self) -> list[str]:
        """Failing turns are what a drill is about: they do not make Locust's exit code."""
        return [sys.executable, "-m", "locust", "-f", str(self.profile), "--headless", "--only-summary",
                "--exit-code-on-error", "0", "--stop-timeout", "5"]  # fmt: skip

    def environ(self, base: Mapping[str, str]) -> dict[str, str]:
        """Ours on top of `base`, without whatever else would configure Locust."""
        kept = {name: value for name, value in base.items() if not name.startswith("LOCUST_")}
        return kept | {
            "DRILL_LOAD_STREAM": str(self.stream),
            "DRILL_RUN_ID": self.run_id,
            "DRILL_ID": self.run_id,
            "DRILL_EDGE": self.edge,
            "DRILL_CONCURRENCY": str(self.concurrency),
            "DRILL_MEAN_CALL_S": str(self.mean_call_s),
            "DRILL_RAMP_S": str(self.ramp_s),
            "DRILL_SECONDS": str(self.seconds),
            "DRILL_SEED": str(self.seed),
            "DRILL_SCHEDULE": str(self.schedule),
        }


@dataclass(frozen=True, slots=True)
class Load:
    """A running Locust and the log it writes."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        """Its process id, which is its session's too."""
        return self.process.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        return self.process.poll()

    def stop(self, patience_s: float = PATIENCE_S) -> int:
        """SIGTERM, after `patience_s` SIGKILL to its whole session; its exit code."""
        self.process.terminate()
        try:
            self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
        return self.process.wait(timeout=5)


def start(order: LoadOrder, log: Path) -> Load:
    """Start it; WorldError when that is not possible. Call from a thread that lives as long as the run."""
    with log.open("ab") as out:
        try:
            process = subprocess.Popen(
                order.argv(), env=order.environ(os.environ), stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=_tied_to(os.getpid()),  # noqa: PLW1509  # one prctl
            )  # fmt: skip
        except OSError as error:
            raise WorldError(f"Locust could not be started: {error}") from error
    return Load(process, log)


def _tied_to(parent: int) -> Callable[[], None]:
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork, where it is safe

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)  # died between fork and prctl

    return tie
