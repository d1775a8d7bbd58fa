"""What a handful of drills can say, and what they cannot: exact bounds, a test, and the test's own power.

A quarter has three runs of a drill, not three thousand. "All passed" then means little, and "no change"
means nothing unless the test could have seen one. So every sentence that rests on few runs has its bound or
its power beside it.

- `miss_bound`: Clopper and Pearson's one-sided bound (Biometrika 26, 1934); with no miss in n runs it is
  1 - 0.05^(1/n), which is 45 % for five.
- `slowdown`: Student's t on the logarithms of times, pooled, one-sided; times to recover are skewed, their
  logarithms much less so. Times below `FLOOR_S` count as that: no measurement here is finer.
- `power`: of that test, from the noncentral t distribution, for the spread that was seen.
- `more_often`: Fisher's exact test, one-sided, for what happens in some runs and not in others.

Only the standard library is used; degrees of freedom are whole numbers here, and for these Student's
distribution is a finite sum (Abramowitz and Stegun, 26.7.3 and 26.7.4).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean

CONFIDENCE = 0.95
ALPHA = 1 - CONFIDENCE
FLOOR_S = 0.1
STEPS = 2000
_NORMAL = NormalDist()


def miss_bound(passed: int, trials: int) -> float:
    """The highest miss probability that 95 % confidence leaves open; 1 where nothing was tried."""
    missed = trials - passed
    if trials <= 0 or missed >= trials:
        return 1.0
    return _root(lambda p: _at_most(missed, trials, p) - ALPHA)


def _at_most(most: int, trials: int, p: float) -> float:
    return math.fsum(math.comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(most + 1))


def _root(falling: Callable[[float], float], low: float = 0.0, high: float = 1.0) -> float:
    """Where a falling function crosses zero; sixty halvings are more than a double can hold."""
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return (low + high) / 2


def t_cdf(t: float, freedom: int) -> float:
    """Student's distribution for a whole number of degrees of freedom, from 1 on."""
    angle = math.atan2(t, math.sqrt(freedom))
    cosine, sine = math.cos(angle), math.sin(angle)
    odd = freedom % 2
    term, total = (cosine, cosine if freedom > 1 else 0.0) if odd else (1.0, 1.0)
    for k in range(3 if odd else 2, freedom - 1, 2):
        term *= cosine * cosine * (k - 1) / k
        total += term
    inside = 2 / math.pi * (angle + sine * total) if odd else sine * total
    return (1 + inside) / 2


def t_quantile(share: float, freedom: int) -> float:
    """The value that Student's t stays below with this probability."""
    return _root(lambda t: share - t_cdf(t, freedom), -1e4, 1e4)


@dataclass(frozen=True, slots=True)
class Mean:
    """Geometric mean of positive times, with its two-sided 95 % interval; None with fewer than two."""

    mean_s: float
    low_s: float | None
    high_s: float | None
    runs: int


def mean(times_s: Sequence[float]) -> Mean | None:
    """What the middle of these times is, and how well it is known; None where there are none."""
    if not times_s:
        return None
    logs = _logs(times_s)
    centre = fmean(logs)
    if len(logs) < 2:  # one run has no spread
        return Mean(math.exp(centre), None, None, 1)
    reach = t_quantile(1 - ALPHA / 2, len(logs) - 1) * _spread(logs) / math.sqrt(len(logs))
    return Mean(math.exp(centre), math.exp(centre - reach), math.exp(centre + reach), len(logs))


def _logs(times_s: Sequence[float]) -> list[float]:
    return [math.log(max(each, FLOOR_S)) for each in times_s]


def _spread(logs: Sequence[float]) -> float:
    centre = fmean(logs)
    return math.sqrt(math.fsum((each - centre) ** 2 for each in logs) / (len(logs) - 1))


@dataclass(frozen=True, slots=True)
class Slowdown:
    """How times of one set stand to those of another.

    Attributes:
        ratio: geometric mean after over geometric mean before.
        low, high: its two-sided 95 % interval.
        p_slower, p_faster: how often chance alone would give at least this; one-sided each.
        power: how often the test would see a slowdown of this factor, for each factor asked.
    """

    ratio: float
    low: float
    high: float
    p_slower: float
    p_faster: float
    power: tuple[tuple[float, float], ...]


def slowdown(
    before_s: Sequence[float], after_s: Sequence[float], factors: Sequence[float]
) -> Slowdown | None:
    """Compare two sets of times; None with fewer than two in either."""
    if min(len(before_s), len(after_s)) < 2:  # one run has no spread
        return None
    before, after = _logs(before_s), _logs(after_s)
    freedom = len(before) + len(after) - 2
    squares = (len(before) - 1) * _spread(before) ** 2 + (len(after) - 1) * _spread(after) ** 2
    spread = max(math.sqrt(squares / freedom), 1e-6)
    error = spread * math.sqrt(1 / len(before) + 1 / len(after))
    change = fmean(after) - fmean(before)
    reach = t_quantile(1 - ALPHA / 2, freedom) * error
    below = t_cdf(change / error, freedom)
    seen = tuple((factor, power(factor, spread, len(before), len(after))) for factor in factors)
    return Slowdown(
        math.exp(change), math.exp(change - reach), math.exp(change + reach), 1 - below, below, seen
    )


def power(factor: float, spread: float, before: int, after: int) -> float:
    """How often the one-sided 5 % test sees times that are really `factor` as long.

    `spread` is the standard deviation of the logarithms; the chi distribution is summed in equal steps.
    """
    freedom = before + after - 2
    shift = math.log(factor) / (spread * math.sqrt(1 / before + 1 / after))
    limit = t_quantile(CONFIDENCE, freedom)
    top = math.sqrt(1 + 12 / math.sqrt(freedom)) + 2 / math.sqrt(freedom)
    width = top / STEPS
    return math.fsum(
        _NORMAL.cdf(shift - limit * s) * _scaled_chi(s, freedom) * width
        for s in ((n + 0.5) * width for n in range(STEPS))
    )


def _scaled_chi(s: float, freedom: int) -> float:
    """Density of the square root of a chi-square over its degrees of freedom."""
    half = freedom / 2
    log = math.log(2) + half * math.log(half) - math.lgamma(half) + (freedom - 1) * math.log(s) - half * s * s
    return math.exp(log)


def more_often(before: int, of_before: int, after: int, of_after: int) -> float:
    """Fisher's exact p that it happens more often after than before by chance alone."""
    happened, whole = before + after, math.comb(of_before + of_after, of_after)
    most = min(happened, of_after)
    ways = (math.comb(happened, k) * math.comb(of_before + of_after - happened, of_after - k)
            for k in range(after, most + 1))  # fmt: skip
    return sum(ways) / whole


def least_seen(of_before: int, of_after: int, before: int = 0) -> int | None:
    """In how many runs something has to happen for that test to see that it became more; None: it cannot."""
    counts = range(1, of_after + 1)
    return next((k for k in counts if more_often(before, of_before, k, of_after) <= ALPHA), None)


def at_least(least: int, trials: int, p: float) -> float:
    """How often something of probability `p` happens at least so many times in as many trials."""
    return 1.0 - _at_most(least - 1, trials, p)
