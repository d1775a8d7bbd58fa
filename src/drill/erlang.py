"""How many calls find no free place, and how many wait for one (A. K. Erlang, 1917; ITU-T E.501).

Offered traffic A, in erlangs, is arrivals per second times mean length in seconds: the calls that would be
up at a time if none were refused. Of n places:

    B(0) = 1,  B(n) = A B(n-1) / (n + A B(n-1))        refused callers go away        (Erlang B)
    C(n) = n B(n) / (n - A (1 - B(n)))                 callers wait for a place       (Erlang C)

The recursion neither overflows nor cancels. It holds for any distribution of call lengths, but for arrivals
that come independently: callers who dial again at once add to A.
"""

from __future__ import annotations

import math


def erlang_b(offered: float, places: int) -> float:
    """Share of calls that are refused; ValueError for negative traffic or places."""
    if offered < 0 or places < 0:
        raise ValueError("traffic and places are not negative")
    blocked = 1.0
    for place in range(1, places + 1):
        blocked = offered * blocked / (place + offered * blocked)
    return blocked


def erlang_c(offered: float, places: int) -> float:
    """Share of calls that wait; 1 when no less is offered than there are places. ValueError as above."""
    blocked = erlang_b(offered, places)
    return 1.0 if offered >= places else places * blocked / (places - offered * (1 - blocked))


def binomial_quantile(trials: int, chance: float, share: float) -> int:
    """The smallest number of hits that at least `share` of all series of so many trials do not exceed;
    ValueError for a chance outside 0 to 1."""
    if not 0 <= chance <= 1:
        raise ValueError("a chance is between 0 and 1")
    if chance in (0, 1):
        return round(trials * chance)
    below = 0.0
    for hits in range(trials + 1):
        below += math.exp(_log_chance(trials, hits, chance))
        if below >= share:
            return hits
    return trials


def _log_chance(trials: int, hits: int, chance: float) -> float:
    ways = math.lgamma(trials + 1) - math.lgamma(hits + 1) - math.lgamma(trials - hits + 1)
    return ways + hits * math.log(chance) + (trials - hits) * math.log1p(-chance)
