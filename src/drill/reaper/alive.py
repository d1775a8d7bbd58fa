"""Whether a run has a living process: the kernel's lock on a file, which ends with its last holder.

A process id is used again and a time stamp is too old on a machine that slept; a lock is neither.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from drill.model.errors import WorldError

ALIVE = "alive"


def hold(path: Path) -> int | None:
    """A descriptor that holds the lock until it, and each copy a child was given, is closed; None when
    somebody else holds it. WorldError when the file cannot be made."""
    try:
        held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise WorldError(f"{path} cannot be made: {error.strerror}") from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return None
    return held


def is_alive(run: Path) -> bool:
    """Whether the conductor or the reaper of a run lives."""
    if not (run / ALIVE).exists():
        return False
    held = hold(run / ALIVE)
    if held is not None:
        os.close(held)
    return held is None
