"""Steady calls: people who ask, look something up and leave notes, in usual shares.

Alone:  locust -f loadprofiles/steady_calls.py            (web page on http://127.0.0.1:8089)
        locust -f loadprofiles/steady_calls.py --headless
How many, how long and where to: DRILL_CONCURRENCY, DRILL_MEAN_CALL_S, DRILL_SECONDS, DRILL_EDGE.
"""

from drill.load.user import CallUser, Mix, OpenArrivals


class Caller(CallUser):
    """40 % need no health record, 30 % read one, 30 % write one."""

    mix = Mix(chat=40, lookup=30, note=30)


class Arrivals(OpenArrivals):
    """Calls arrive by the written schedule."""
