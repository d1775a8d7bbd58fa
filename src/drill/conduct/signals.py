"""Ctrl-C, SIGTERM and `drill abort` as an ordinary way out of the phases, so that everything still unwinds.

A handler only takes a note, and every wait looks at it. An exception out of a handler would strike anywhere,
in the middle of a journal line too.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from drill.reaper.abort import asked_for

STOPPED = "stopped by"


class Stop(Exception):  # noqa: N818  # not an error: somebody or something said stop
    """The phases end here; what was opened is unwound and what was seen is judged."""


@dataclass(slots=True)
class Asked:
    """What was asked of the conductor from outside, so far.

    A second signal asks for haste: nothing is read back or waited for, but all faults are undone and all
    streams are ended just the same.
    """

    run: Path
    reason: str = ""
    times: int = 0

    @property
    def haste(self) -> bool:
        """Whether somebody asked twice."""
        return self.times > 1

    def check(self) -> None:
        """Stop when somebody asked for it."""
        if not self.reason and asked_for(self.run):
            self.reason = f"{STOPPED} `drill abort`"
        if self.reason:
            raise Stop(self.reason)


@contextmanager
def listening(run: Path) -> Iterator[Asked]:
    """Within: SIGINT and SIGTERM are noted. Afterwards they do what they did before."""
    asked = Asked(run)

    def note(number: int, _frame: FrameType | None) -> None:
        asked.times += 1
        asked.reason = asked.reason or f"{STOPPED} {signal.Signals(number).name}"

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
