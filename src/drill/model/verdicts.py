"""Three answers, not two: PASS < UNKNOWN < FAIL, merged by the worst.

Missing evidence is UNKNOWN, so ignoring an event can never turn a red drill green.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Status(IntEnum):
    """How an objective came out; the order is the lattice."""

    PASS = 0
    UNKNOWN = 1
    FAIL = 2


EXIT_CODES = {Status.PASS: 0, Status.FAIL: 1, Status.UNKNOWN: 2}
EXIT_DEFINITION = 3
EXIT_WORLD = 4


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one objective says of one run.

    Attributes:
        objective: dotted name such as `breaker.opened`; unique within a run.
        status: PASS, UNKNOWN or FAIL.
        sentence: one plain sentence a manager understands, with the numbers in it.
        measured: the value that was found, as text with its unit ("" when there is none).
        limit: the value it was held against, as text with its unit ("" when there is none).
        because: ids of the events that prove it (`stream:seq`), bounded, most telling first.
    """

    objective: str
    status: Status
    sentence: str
    measured: str = ""
    limit: str = ""
    because: tuple[str, ...] = ()


def worst(statuses: Iterable[Status]) -> Status:
    """The worst of all; nothing judged at all is UNKNOWN, never PASS."""
    return max(statuses, default=Status.UNKNOWN)
