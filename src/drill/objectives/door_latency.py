"""Faults that a door shows by how long it takes, not by what it answers.

slower:200   requests take 200 ms or more while the fault holds, and less before
spread:60    what they take lies 60 ms or more apart (tenth to ninetieth percentile), and less before

A request that nobody answered in time took at least as long as it was waited for; one that was refused or
torn off took no time that says anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drill.objectives.percentile import percentile
from drill.timeline import DoorPoint

SLOWER, SPREAD = "slower", "spread"
SAMPLES_MIN = 3
# Fewer draws lie close together by chance.
SPREAD_SAMPLES_MIN = 10
SHARE_MIN = 0.8
_TIMED = ("ok", "http_5xx", "timeout")


@dataclass(frozen=True, slots=True)
class Threshold:
    """`WORD:MS` of a witness."""

    word: str
    least_ms: float

    def lacking(self, points: Sequence[DoorPoint]) -> str:
        """Why requests made while the fault held do not show it; "" when they do."""
        took = _took_ms(points)
        if self.word == SLOWER:
            like = [ms for ms in took if ms >= self.least_ms]
            if len(points) < SAMPLES_MIN:
                return f"only {len(points)} requests while it held"
            enough = len(like) >= SHARE_MIN * len(points)
            return (
                "" if enough else f"{len(like)} of {len(points)} requests took {self.least_ms:g} ms or more"
            )
        if len(took) < max(SPREAD_SAMPLES_MIN, SHARE_MIN * len(points)):
            return f"only {len(took)} of {len(points)} requests took a time that can be told"
        spread_ms = _spread_ms(took)
        return (
            ""
            if spread_ms >= self.least_ms
            else f"what {len(took)} requests took lay {spread_ms:.0f} ms apart"
        )

    def before(self, points: Sequence[DoorPoint]) -> str:
        """Why requests made before the fault look as if it had held already; "" when they do not."""
        took = _took_ms(points)
        if self.word == SLOWER:
            like = sum(ms >= self.least_ms for ms in took)
            early = len(points) - like < SHARE_MIN * len(points)
            return (
                f"took {self.least_ms:g} ms or more in {like} of {len(points)} requests already"
                if early
                else ""
            )
        if len(took) < SPREAD_SAMPLES_MIN:
            return f"has only {len(took)} requests that took a time"
        spread_ms = _spread_ms(took)
        return f"took times {spread_ms:.0f} ms apart already" if spread_ms >= self.least_ms else ""

    def told(self) -> str:
        """What was seen, for a reader."""
        return f"{self.still()} (less before)"

    def still(self) -> str:
        """What is seen as long as the fault is there."""
        apart = " apart" if self.word == SPREAD else ""
        return f"took {'times ' if apart else ''}{self.least_ms:g} ms or more{apart}"


def threshold(outcome: str) -> Threshold | None:
    """A witness's outcome taken apart; None for a plain one, and for what is no threshold above zero."""
    word, _, number = outcome.partition(":")
    digits = number.isascii() and number.isdecimal()
    if word not in (SLOWER, SPREAD) or not digits or int(number) == 0:
        return None
    return Threshold(word, float(number))


def _took_ms(points: Sequence[DoorPoint]) -> list[float]:
    return [(p.answered_s - p.t_s) * 1000 for p in points if p.outcome in _TIMED]


def _spread_ms(took: Sequence[float]) -> float:
    return percentile(took, 0.9) - percentile(took, 0.1)
