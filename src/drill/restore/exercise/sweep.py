"""Nothing of a copy stays: its folders go, whatever ended the restore; a replica that stood still goes on.

`sweep` may be called by anybody at any time, also for a restore whose process was killed: what that one wrote
into a folder that was just emptied is removed as well.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from drill.model.errors import WorldError
from drill.restore.exercise.source import PAUSED, go_on

SOCKET = "socket"
GONE_WITHIN_S = 10.0
_AGAIN_S = 0.1


def remember(workspace: Path, socket: Path) -> None:
    """Where the copy's socket is: outside, because paths of sockets have to be short."""
    (workspace / SOCKET).write_text(str(socket), encoding="utf-8")


def sweep(workspace: Path) -> bool:
    """Remove what is left of a restore; whether there was anything.

    WorldError when a replica could not be told to go on, or files stay: another sweep tries again.
    """
    if not workspace.exists():
        return False
    if (workspace / PAUSED).exists():
        go_on(workspace / PAUSED)
    mark = workspace / SOCKET
    if mark.exists():
        shutil.rmtree(Path(mark.read_text(encoding="utf-8")), ignore_errors=True)
    _removed(workspace)
    return True


def _removed(folder: Path) -> None:
    """Again and again while somebody still writes there: he is about to end, or was just killed."""
    until = time.monotonic() + GONE_WITHIN_S
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
        if time.monotonic() > until:
            raise WorldError(f"{folder} could not be removed; see who writes there, and run `drill heal`")
        time.sleep(_AGAIN_S)
