"""What is asked of one Locust process: its command line and its environment. No gevent here."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from drill.load.speech import FRAME_MS
from drill.model.target import MAX_CALLS, MAX_CALLS_PER_S
from drill.traffic import FLAT

_DROPPED = ("LOCUST_", "DRILL_ALLOW_TARGET", "DRILL_WINDOWS_S", "DRILL_PATIENTS")


@dataclass(frozen=True, slots=True)
class LoadOrder:
    """A load run as it is asked for. `windows_s` is where the arrivals' profile ends; `allow` the host that
    may be called though it is not this machine, "" for none. `frame_ms`: so much audio leaves at a time.
    With several `processes` each writes its own stream, load-1.jsonl and so on beside `stream`."""

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
    arrivals: str = FLAT.name
    windows_s: float = 0.0
    allow: str = ""
    max_calls: int = MAX_CALLS
    max_calls_per_s: float = MAX_CALLS_PER_S
    frame_ms: int = FRAME_MS
    processes: int = 1

    def argv(self) -> list[str]:
        """Failing turns are what a drill is about: they do not make Locust's exit code."""
        several = ["--processes", str(self.processes)] if self.processes > 1 else []
        return [sys.executable, "-m", "locust", "-f", str(self.profile), "--headless", "--only-summary",
                "--exit-code-on-error", "0", "--stop-timeout", "5", *several]  # fmt: skip

    def environ(self, base: Mapping[str, str]) -> dict[str, str]:
        """Ours on top of `base`, without whatever else would configure Locust, or allow a host."""
        kept = {name: value for name, value in base.items() if not name.startswith(_DROPPED)}
        kept |= {"DRILL_ALLOW_TARGET": self.allow} if self.allow else {}
        kept |= {"DRILL_WINDOWS_S": str(self.windows_s)} if self.windows_s else {}
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
            "DRILL_ARRIVALS": self.arrivals,
            "DRILL_FRAME_MS": str(self.frame_ms),
            "DRILL_MAX_CALLS": str(self.max_calls),
            "DRILL_MAX_CALLS_PER_S": str(self.max_calls_per_s),
        }
