"""When answers stopped being late, as a 95 % interval.

It is a profile-likelihood interval for a single change point (Hinkley 1970, Biometrika 57:
the likelihood-ratio statistic for a change in a sequence of Bernoulli trials): answers come in
order, each late or in time, with probability p1 of being late before the change and p0 < p1
after it, both at their maximum-likelihood value; it holds every moment whose doubled
log-likelihood is within 3.84 (chi-square, one degree of freedom, 95 %) of the best one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import accumulate
from operator import attrgetter
from typing import NamedTuple

CHI2_95 = 3.84


class Answer(NamedTuple):
    """A turn's end: when the caller stopped waiting, and whether that was too late."""

    t_s: float
    late: bool


def change_interval(answers: Iterable[Answer], from_s: float, to_s: float) -> tuple[float, float] | None:
    """95 % profile-likelihood interval of when answers stopped being late; None when none was."""
    trials = sorted((a for a in answers if from_s <= a.t_s <= to_s), key=attrgetter("t_s"))
    late_before = list(accumulate((a.late for a in trials), initial=0))
    total, late = len(trials), late_before[-1]
    if not late:
        return None
    likelihoods = [
        _split_likelihood(before, split, late - before, total - split)
        for split, before in enumerate(late_before)
    ]
    best = max(likelihoods)
    within = [i for i, value in enumerate(likelihoods) if 2 * (best - value) <= CHI2_95]
    times = [from_s, *(a.t_s for a in trials), to_s]
    return times[within[0]], times[within[-1] + 1]


def _split_likelihood(late: int, answers: int, late_after: int, answers_after: int) -> float:
    """Log-likelihood of answers before the change and after; a change for the worse does not count."""
    if answers and answers_after and late * answers_after <= late_after * answers:
        return -math.inf
    return _bernoulli(late, answers) + _bernoulli(late_after, answers_after)


def _bernoulli(hits: int, trials: int) -> float:
    if not hits or hits == trials:
        return 0.0
    share = hits / trials
    return hits * math.log(share) + (trials - hits) * math.log1p(-share)
