"""Activities that do not end when they are told to."""

from __future__ import annotations

import contextlib
import ctypes
import time


def block(seconds: float = 60) -> bool:
    """In C, with the interpreter's lock held, in a wait that no signal interrupts: nothing of Python runs."""
    libc, mutex = ctypes.PyDLL(None), ctypes.create_string_buffer(64)
    ends = (ctypes.c_long * 2)(int(time.time() + seconds), 0)
    libc.pthread_mutex_lock(mutex)
    libc.pthread_mutex_timedlock(mutex, ends)
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
