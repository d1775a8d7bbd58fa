"""A child that does not outlive its parent, also when the parent is killed outright."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(death: signal.Signals = signal.SIGTERM) -> None:
    """Have the kernel send `death` when the parent (strictly: its starting thread) ends.

    Linux only; elsewhere the caller's own supervision has to do. A parent that went
    before the request was made is answered the same way, as far as it can be seen.
    """
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(death), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) was refused")
    if os.getppid() != parent:
        os.kill(os.getpid(), death)
