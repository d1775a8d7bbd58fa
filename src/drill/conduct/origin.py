"""Where a run comes from: what its first line says."""

from __future__ import annotations

import platform
import subprocess
from datetime import UTC, datetime

from drill.model.events import RunStarted
from drill.model.plan import Plan


def started(plan: Plan, run_id: str, argv: tuple[str, ...], version: str, operator: str) -> RunStarted:
    """See RunStarted; with the interpreter, the checkout's commit and the time of now."""
    return RunStarted(
        run_id, plan.drill, plan.digest, plan.seed, plan.sham, argv, version,
        platform.python_version(), _commit(), utc_now(), operator,
    )  # fmt: skip


def utc_now() -> str:
    """UTC to the microsecond, as text."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _commit() -> str:
    """The checkout's commit, `+dirty` when files differ from it; "" outside a checkout."""
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty=+dirty", "--abbrev=40", "--exclude=*"],
            capture_output=True, text=True, timeout=5, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip()
