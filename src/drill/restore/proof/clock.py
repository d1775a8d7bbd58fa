"""What a check cost, written into the check."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from drill.model.restore import Check


@dataclass(frozen=True, slots=True)
class Clock:
    """Started at `began_s` on the monotonic clock."""

    began_s: float

    def stamp(self, check: Check) -> Check:
        """The check with its cost up to now."""
        return replace(check, took_s=time.monotonic() - self.began_s)


@contextmanager
def timed() -> Iterator[Clock]:
    """From here on."""
    yield Clock(time.monotonic())
