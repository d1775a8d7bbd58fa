"""One schedule, several processes: which calls of it are whose, and when it begins.

    master ──drill_share: number, of, digest, t0──▶ each worker      worker ──drill_failed: why──▶ master

Theory: arrivals are open, so they can be dealt out beforehand: call number i is held by worker i modulo the
number of workers, and while the run lasts nobody has to tell anybody anything. Every worker reads or draws
the schedule itself; the digest says that it is the same one. The start is told in UTC, which is all that
several machines have in common; on one machine all clocks are one. Of Locust this knows messages only.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drill.model.errors import WorldError
from drill.traffic.schedule import Arrival, Schedule

_SHARE, _FAILED = "drill_share", "drill_failed"


@dataclass(frozen=True, slots=True)
class Share:
    """Number `number` (from 0) of `of` workers; `digest` is "" where nobody else has a schedule."""

    number: int
    of: int
    digest: str
    t0_utc_ns: int

    def t0_ns(self) -> int:
        """The start by this machine's monotonic clock."""
        return self.t0_utc_ns - time.time_ns() + time.monotonic_ns()

    def own(self, schedule: Schedule) -> tuple[Arrival, ...]:
        """This process's calls; WorldError when the schedule is not the one that is shared."""
        if self.digest and self.digest != schedule.digest:
            raise WorldError(
                f"this worker's schedule is {schedule.digest[:12]}..., the master's {self.digest[:12]}...; "
                "start all processes with the same settings"
            )
        return schedule.arrivals[self.number :: self.of]

    def stream(self, path: Path | None) -> Path | None:
        """Where this process writes: load.jsonl alone, load-1.jsonl and so on together."""
        if path is None or not self.digest:
            return path
        return path.with_name(f"{path.stem}-{self.number + 1}{path.suffix}")


def alone(lead_s: float) -> Share:
    """All of it, by this process."""
    return Share(0, 1, "", time.time_ns() + round(lead_s * 1e9))


def deal(runner: Any, schedule: Schedule, lead_s: float) -> int:
    """As master: tell every worker that is there its share; how many there are."""
    workers, t0_utc_ns = sorted(client.id for client in runner.clients.ready), alone(lead_s).t0_utc_ns
    for number, worker in enumerate(workers):
        told = {"number": number, "of": len(workers), "digest": schedule.digest, "t0_utc_ns": t0_utc_ns}
        runner.send_message(_SHARE, told, worker)
    return len(workers)


def on_share(runner: Any, keep: Callable[[Share], None]) -> None:
    """As worker: `keep` what the master deals; it comes before the start."""
    runner.register_message(_SHARE, lambda msg, **_: keep(Share(**msg.data)))


def tell_failure(runner: Any, why: str) -> None:
    """As worker: the master ends the run, because the others' calls alone are not what was planned."""
    runner.send_message(_FAILED, {"why": why})


def on_failure(runner: Any, fail: Callable[[str], None]) -> None:
    """As master: hear of a worker that failed."""
    runner.register_message(_FAILED, lambda msg, **_: fail(str(msg.data["why"])))
