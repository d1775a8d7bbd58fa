"""Numbers of what callers heard in a window, each with its name, its samples and its limit.

A percentile counts turns or calls, each once, never loud ones more; the three shares that are means count
events (missed, set up, broken off), and talk-over counts time. Below 20 samples there is no number: one
caller's luck would be told as everybody's. Where samples are missing that should be there (of the worst
calls, as likely as not), a limit is kept only if it would be with those as bad as can be; else it is UNKNOWN.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from drill.emodel import category
from drill.objectives import heard_samples as samples
from drill.objectives.heard_samples import Sample, Samples
from drill.objectives.heard_windows import Window
from drill.objectives.percentile import TURNS_MIN, percentile
from drill.objectives.say import count, percent, told
from drill.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a window.

    Attributes:
        limit: its field in HeardLimits; "" for a number that none can be held against.
        find: the samples of a window.
        quantile: which quantile of them is the number; None for their mean.
        tell: the number for a reader.
        noun: what one sample is.
        amid: what stands between the number and how many there are.
        least: the limit is a lower one.
        grade: what a number that was found is called, "" for nothing.
        unknown: how many of the window's calls should have a sample and have none.
    """

    limit: str
    find: Callable[[Timeline, Window], Samples]
    quantile: float | None
    tell: Callable[[float], str]
    noun: str
    amid: str = "of"
    least: bool = False
    grade: Callable[[float], str] = lambda _: ""
    unknown: Callable[[Timeline, Window], int] = lambda _, __: 0

    def found(self, timeline: Timeline, window: Window) -> Found:
        """The number in a window."""
        heard = self.find(timeline, window)
        limit: float | None = getattr(window.limits, self.limit) if self.limit else None
        return Found(self, heard, self.value(heard), limit, self.unknown(timeline, window))

    def value(self, heard: Samples) -> float | None:
        """The number of these samples; None for too few."""
        if len(heard) < TURNS_MIN:
            return None
        if self.quantile is not None:
            return percentile([s.value for s in heard], self.quantile)
        return sum(s.value * s.weight for s in heard) / sum(s.weight for s in heard)

    @property
    def statistic(self) -> str:
        """`p95`; "" for a mean."""
        return "" if self.quantile is None else f"p{self.quantile * 100:g}"


@dataclass(frozen=True, slots=True)
class Found:
    """A measure in a window: samples, number (None: too few for one), limit (None: not asked), and of how
    many calls there should be a sample and is none."""

    measure: Measure
    heard: Samples
    value: float | None
    limit: float | None
    unknown: int = 0

    @property
    def number(self) -> str:
        """The number for a reader, "" without one."""
        if self.value is None:
            return ""
        grade = self.measure.grade(self.value)
        return f"{self.measure.tell(self.value)}{', ' if grade else ''}{grade}"

    @property
    def named(self) -> str:
        """The number with the name of its statistic."""
        return f"{self.measure.statistic} {self.number}".strip() if self.number else ""

    @property
    def bound(self) -> str:
        """The limit for a reader, "" without one."""
        if self.limit is None:
            return ""
        return f"{'at least ' if self.measure.least else ''}{self.measure.tell(self.limit)}"

    @property
    def amount(self) -> str:
        """`of 31 calls`."""
        more = f" ({self.unknown} more not known)" if self.unknown else ""
        return f"{self.measure.amid} {count(len(self.heard), self.measure.noun)}{more}"

    @property
    def kept(self) -> bool:
        """Whether the number is there and keeps within its limit."""
        return self._keeps(self.value)

    @property
    def sure(self) -> bool:
        """Whether it keeps even if what is not known was as bad as can be."""
        bad = Sample(-math.inf if self.measure.least else math.inf, "")
        return self._keeps(self.measure.value([*self.heard, *[bad] * self.unknown]))

    def _keeps(self, value: float | None) -> bool:
        if value is None or self.limit is None:
            return False
        over = self.limit - value if self.measure.least else value - self.limit
        return over <= 1e-12

    @property
    def worst(self) -> tuple[str, ...]:
        """Events of the four samples that are furthest out."""
        order = sorted(self.heard, key=lambda s: s.value if self.measure.least else -s.value)
        return tuple(s.id for s in order[:4])


def _ms(value_s: float) -> str:
    return f"{value_s * 1000:.1f} ms"


def _score(value: float) -> str:
    """The word belongs to the number, wherever that goes."""
    return f"{value:.2f} (estimated)"


GREETING = Measure("greeting_p95_s", samples.greetings, 0.95, told, "call")
TURN_P50 = Measure("turn_p50_s", samples.latencies, 0.5, told, "turn")
TURN_P95 = Measure("turn_p95_s", samples.latencies, 0.95, told, "turn")
BARGE_STOP = Measure("barge_stop_p95_s", samples.barge_stops, 0.95, told, "interruption")
MISSED = Measure("missed_max", samples.missed, None, percent, "turn")
GAP = Measure("gap_p95_s", samples.gaps, 0.95, told, "answer")
TALK_OVER = Measure("talk_over_max", samples.talk_over, None, percent, "call", "of the time in")
SETUP = Measure("setup_min", samples.setups, None, percent, "attempt", least=True)
DROPS = Measure("drop_max", samples.drops, None, percent, "call")
JITTER = Measure("jitter_p95_s", samples.jitters, 0.95, _ms, "call", unknown=samples.unheard_at_end)
LATE = Measure("late_max", samples.late_shares, 0.95, percent, "call", unknown=samples.unheard)
ROUND_TRIP = Measure("", samples.round_trips, 0.95, _ms, "turn")
MOS = Measure(
    "mos_min",
    samples.opinions,
    0.05,
    _score,
    "known round trip",
    least=True,
    grade=category,
    unknown=samples.unscored,
)
