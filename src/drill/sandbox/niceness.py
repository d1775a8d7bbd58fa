"""A niceness that counts: the platform must not take the processor from whoever measures it.

Linux may share the processor out by session first (sched(7), "The autogroup feature"); what a process was
told to be then counts only among those of its own session, and each service of a zone leads one. So the
session is told as well. Where there are no autogroups there is no such file, and niceness does what it says.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

_TRIES = 30
_PAUSE_S = 0.12  # the kernel takes one such word in a tenth of a second from whoever is not root


async def settle(pid: int, niceness: int) -> None:
    """Make the session that this process is about to lead as nice as that; best effort, within 4 s."""
    for _ in range(_TRIES):
        if _told(pid, niceness):
            return
        await asyncio.sleep(_PAUSE_S)


def _told(pid: int, niceness: int) -> bool:
    """Whether nothing is left to say: it was taken, or the process ended, or this system shares otherwise."""
    try:
        if os.getsid(pid) != pid:
            return False
        Path(f"/proc/{pid}/autogroup").write_text(str(niceness), encoding="ascii")
    except BlockingIOError:  # too soon after the last one
        return False
    except OSError:
        return True
    return True
