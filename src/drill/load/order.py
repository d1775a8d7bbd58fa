"""What is asked of one Locust process: its command line and its environment. No gevent here."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


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
