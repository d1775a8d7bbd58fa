"""What the load saw, written to its journal stream; without a stream it only listens.

Calls and turns are written as they happen, one sample a second tells how honest the generator
was meanwhile, and a clock anchor at each end ties the stream to UTC. Written lines are handed
to the system twice a second, so that the conductor sees a run while it lasts.
"""

from __future__ import annotations

import time
from pathlib import Path

from drill.journal import Journal
from drill.load.lateness import Lateness
from drill.load.stolen import processors
from drill.model.events import ClockAnchor, Event, LoadSample, ScheduleWritten
from drill.traffic.schedule import Schedule

_NS_PER_MS = 1_000_000
_ANCHOR_TRIES = 5
LATE_MS = 20.0


class Recorder:
    """One run's record. After `finish` nothing more is written."""

    def __init__(self, path: Path | None, run_id: str) -> None:
        self._journal = None if path is None else Journal(path, run_id)
        self._arrival_late_ms = 0.0
        self._cpu_ns, self._wall_ns = time.process_time_ns(), time.monotonic_ns()
        self._machine = processors()

    def begin(self, schedule: Schedule) -> None:
        """Anchor the clock and name the schedule, before the first call."""
        self._anchor()
        demand, calls = schedule.demand, len(schedule.arrivals)
        written = ScheduleWritten(calls, schedule.digest, demand.seed, demand.concurrency)
        self.record(written, time.monotonic_ns())
        self.flush()

    def record(self, event: Event, t_ns: int) -> None:
        """Write an event that happened at `t_ns`."""
        if self._journal is not None:
            self._journal.append(event, t_ns=t_ns)

    def arrived(self, intended_ns: int, now_ns: int) -> None:
        """A call of the schedule was started now."""
        self._arrival_late_ms = max(self._arrival_late_ms, (now_ns - intended_ns) / _NS_PER_MS)

    def sample(self, calls_up: int, lateness: Lateness) -> LoadSample:
        """Write, and return, what the time since the last sample was like."""
        cpu_ns, wall_ns, machine = time.process_time_ns(), time.monotonic_ns(), processors()
        share = (cpu_ns - self._cpu_ns) / max(1, wall_ns - self._wall_ns)
        sample = LoadSample(
            calls_up,
            lateness.quantile_ms(0.99),
            round(self._arrival_late_ms, 3),
            round(share, 4),
            lateness.total,
            lateness.later_than(LATE_MS),
            round(machine.share_since(self._machine), 4),
        )
        self._cpu_ns, self._wall_ns, self._arrival_late_ms, self._machine = cpu_ns, wall_ns, 0.0, machine
        self.record(sample, wall_ns)
        return sample

    def flush(self) -> None:
        """Let other processes read what was written."""
        if self._journal is not None:
            self._journal.flush()

    def finish(self) -> None:
        """Anchor the clock again and seal the stream; harmless when done twice."""
        journal = self._journal
        if journal is not None:
            self._anchor()
            self._journal = None
            journal.seal()

    def _anchor(self) -> None:
        t_ns, anchor = clock_anchor()
        self.record(anchor, t_ns)


def clock_anchor() -> tuple[int, ClockAnchor]:
    """UTC between two readings of the monotonic clock: the tightest of a few tries."""
    width_ns, before_ns, utc_ns = min(_reading() for _ in range(_ANCHOR_TRIES))
    return before_ns + width_ns // 2, ClockAnchor(utc_ns, width_ns // 2 + 1)


def _reading() -> tuple[int, int, int]:
    before_ns, utc_ns, after_ns = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
    return after_ns - before_ns, before_ns, utc_ns
