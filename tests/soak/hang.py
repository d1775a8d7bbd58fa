"""Activities that do not end when they are told to."""

from __future__ import annotations

import contextlib
import ctypes
import time


def block(seconds: float = 60) -> bool:
    """In C, with the interpreter's lock held: no signal handler of Python can run meanwhile."""
    ctypes.PyDLL(None).sleep(int(seconds))
    return True


def stubborn(seconds: float = 60) -> bool:
    """In Python, and whatever is thrown at it is caught."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with contextlib.suppress(BaseException):
            time.sleep(ends - time.monotonic())
    return True


def patient(seconds: float = 60) -> bool:
    """As most activities are: it ends when it is told to."""
    time.sleep(seconds)
    return True
