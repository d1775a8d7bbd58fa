"""Calls that lean on the health record: nine of ten sentences read or write it.

Alone:  locust -f loadprofiles/ehr_heavy.py --headless
How many, how long and where to: DRILL_CONCURRENCY, DRILL_MEAN_CALL_S, DRILL_SECONDS, DRILL_EDGE.
"""

from drill.load.user import CallUser, Mix, OpenArrivals


class Caller(CallUser):
    """10 % need no health record, 45 % read one, 45 % write one."""

    mix = Mix(chat=10, lookup=45, note=45)


class Arrivals(OpenArrivals):
    """Calls arrive by the written schedule."""
