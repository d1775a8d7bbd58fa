"""Actions for Chaos Toolkit experiments."""

from __future__ import annotations

import time

from chaoslib.exceptions import ActivityFailed

from drill.faults.ehr import MODES
from drill.model.errors import DrillError
from drill.toolkit.session import open_sessions, opened

__all__ = ["ehr_fault", "hold", "revert", "sham"]

HOLD_MAX_S = 3600.0


def ehr_fault(mode: str, target: str | None = None, target_file: str | None = None) -> list[str]:
    """Make the EHR fail on every link that leads to it, in one of the six ways; returns the fault ids.

    Each fault's prior state is written to the ledger before it is applied, and it is read back after.
    """
    if mode not in MODES:
        raise ActivityFailed(f"mode {mode!r} is no way an EHR fails; write one of {', '.join(MODES)}")
    try:
        return opened(target, target_file).apply_ehr(mode)
    except DrillError as error:
        raise ActivityFailed(str(error)) from error


def hold(seconds: float | str = 20) -> float:
    """Keep things as they are for this long; an hour at most."""
    length_s = float(seconds)
    if not 0 <= length_s <= HOLD_MAX_S:
        raise ActivityFailed(f"hold takes 0 to {HOLD_MAX_S:g} seconds, not {length_s:g}")
    time.sleep(length_s)
    return length_s


def revert() -> str:
    """Bring back the state from before every fault of this experiment, in reverse order."""
    try:
        for each in open_sessions():
            each.revert_all("rollback")
    except DrillError as error:
        raise ActivityFailed(str(error)) from error
    return "reverted"


def sham() -> str:
    """Does nothing: stands in for an injecting action in a sham drill, which must end UNKNOWN."""
    return "sham: nothing was injected"
