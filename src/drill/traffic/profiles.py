"""Times of day, as the shape of the rate at which callers come.

A drill lasts minutes and a morning hours, so time is compressed: a profile runs over the drill's windows
(baseline, fault and recovery together), whatever their length, and 0.5 is half of them. What is kept of the
day is the order and the steepness of what happens, not its hours. The factors are shares of the highest rate;
the highest is 1, so no profile ever means more calls than the load's `concurrency`. After the windows the
last factor stays.

Where the shapes come from: the rate of a call centre rises steeply when it opens, has its peak in the later
morning and falls off from there (Brown et al., Statistical analysis of a telephone call center, JASA 100,
2005). Days differ by more than chance: counts of a day vary more than Poisson's, and one gamma-distributed
factor for the whole day's rate describes it (Jongbloed and Koole, Managing uncertainty in call centres using
Poisson mixtures, 2001; Avramidis, Deslauriers and L'Ecuyer, Modeling daily arrivals to a telephone call
center, Management Science 50, 2004). The numbers are ours.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from drill.model.chance import seeded

BUSY_SPREAD = 2.0  # a day's factor is kept within so many standard deviations of 1


@dataclass(frozen=True, slots=True)
class Profile:
    """A shape. `source` says why it looks so.

    Attributes:
        knots: (fraction of the windows, share of the highest rate), from 0 to 1, joined by straight lines;
            all shares above 0, the highest 1.
        length: the mean length of its calls, as a multiple of the load's.
        day_cv: coefficient of variation of the day's factor; 0: all days are alike.
    """

    name: str
    source: str
    knots: tuple[tuple[float, float], ...] = ((0.0, 1.0), (1.0, 1.0))
    length: float = 1.0
    day_cv: float = 0.0

    def share(self, at: float) -> float:
        """Share of the highest rate at a fraction of the windows; the last one after them."""
        if at >= 1.0:
            return self.knots[-1][1]
        place = max(1, bisect.bisect_right(self.knots, at, key=lambda knot: knot[0]))
        (start, low), (end, high) = self.knots[place - 1 : place + 1]
        return low + (high - low) * (max(at, start) - start) / (end - start)

    def area(self, at: float) -> float:
        """Integral of `share` from 0 to a fraction."""
        inside = sum(
            (min(at, end) - start) * (low + self.share(min(at, end))) / 2
            for (start, low), (end, _) in pairwise(self.knots)
            if at > start
        )
        return inside + max(0.0, at - 1.0) * self.knots[-1][1]

    def fraction(self, area: float) -> float:
        """The fraction up to which the integral is `area`: what `area` gave, back again."""
        for (start, low), (end, high) in pairwise(self.knots):
            whole = (end - start) * (low + high) / 2
            if area <= whole:
                return start + _into(area, low, (high - low) / (end - start))
            area -= whole
        return 1.0 + area / self.knots[-1][1]

    def day(self, seed: int) -> float:
        """How busy the day of a seed is, as a share of the busiest: the gamma factor, mean 1 before it is
        cut at two standard deviations, over its highest value."""
        if not self.day_cv:
            return 1.0
        source = seeded(f"day|{self.name}|{seed}")
        drawn = source.gammavariate(self.day_cv**-2, self.day_cv**2)
        least, most = 1 - BUSY_SPREAD * self.day_cv, 1 + BUSY_SPREAD * self.day_cv
        return min(max(drawn, least), most) / most


def _into(area: float, low: float, slope: float) -> float:
    """How far into a line one has to go for this area below it: low x + slope x²/2 = area, x from 0 on."""
    return 2 * area / (low + math.sqrt(max(0.0, low * low + 2 * slope * area)))


FLAT = Profile("flat", "a steady day: one rate throughout, so that nothing but the fault changes")
CLINIC_MORNING = Profile(
    "clinic-morning",
    "the lines open a little after the fault-free start: within a tenth of the windows four times as many "
    "call, then the queue of the morning ebbs away",
    ((0.0, 0.25), (0.12, 0.25), (0.22, 1.0), (0.45, 0.9), (0.7, 0.6), (1.0, 0.5)),
)
FLU_SEASON_PEAK = Profile(
    "flu-season-peak",
    "a crowded day that stays crowded: after the start never below 85 % of its peak, with two bursts, and as "
    "a whole up to 30 % busier or quieter than the usual one, as the seed has it",
    (
        (0.0, 0.6), (0.12, 0.6), (0.25, 0.85), (0.38, 0.85), (0.42, 1.0), (0.46, 1.0), (0.5, 0.85),
        (0.62, 0.85), (0.66, 1.0), (0.7, 1.0), (0.74, 0.85), (1.0, 0.85),
    ),
    day_cv=0.15,
)  # fmt: skip
QUIET_NIGHT = Profile(
    "quiet-night",
    "the last callers of the evening leave, few come after them, and those have time: calls last twice as "
    "long, so half as many come for the same number up",
    ((0.0, 1.0), (0.3, 0.5), (0.6, 0.35), (1.0, 0.45)),
    length=2.0,
)
PROFILES: Mapping[str, Profile] = MappingProxyType(
    {profile.name: profile for profile in (FLAT, CLINIC_MORNING, FLU_SEASON_PEAK, QUIET_NIGHT)}
)
