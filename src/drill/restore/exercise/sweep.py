"""Nothing of a copy stays: its folders go, whatever ended the restore; a replica that stood still goes on.

`sweep` may be called by anybody at any time, also for a restore whose process was killed.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from drill.model.errors import WorldError
from drill.restore.exercise.source import PAUSED, go_on

SOCKET = "socket"


def remember(workspace: Path, socket: Path) -> None:
    """Where the copy's socket is: outside, because paths of sockets have to be short."""
    (workspace / SOCKET).write_text(str(socket), encoding="utf-8")


def sweep(workspace: Path) -> bool:
    """Remove what is left of a restore; whether there was anything."""
    if not workspace.exists():
        return False
    if (workspace / PAUSED).exists():
        try:
            go_on(workspace / PAUSED)
        except WorldError:
            return True  # kept, so that the next sweep tries again
    mark = workspace / SOCKET
    if mark.exists():
        shutil.rmtree(Path(mark.read_text(encoding="utf-8")), ignore_errors=True)
    shutil.rmtree(workspace, ignore_errors=True)
    return True
