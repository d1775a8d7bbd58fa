"""Ctrl-C and SIGTERM as an ordinary way out of the phases, so that everything still unwinds."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stop(Exception):  # noqa: N818  # not an error: somebody or something said stop
    """The phases end here; what was opened is unwound and what was seen is judged."""


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Within: the first SIGINT or SIGTERM raises Stop; afterwards both are ignored.

    They stay ignored while the conductor unwinds: a second Ctrl-C must not leave a fault
    behind. The unwinding has deadlines of its own.
    """

    def stop(number: int, _frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        raise Stop(f"stopped by {signal.Signals(number).name}")

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number in before:
            signal.signal(number, signal.SIG_IGN)
