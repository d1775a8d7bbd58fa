"""Talkative callers: they mostly chat, and four of ten sentences are spoken into the answer before them.

For drills of what is heard: little of a turn depends on the health record, and a short time holds many
interruptions. (interrupting_callers.py has the usual shares, and a written call.)
Alone:  locust -f loadprofiles/talkative.py --headless
How many, how long and where to: DRILL_CONCURRENCY, DRILL_MEAN_CALL_S, DRILL_SECONDS, DRILL_EDGE.
"""

from drill.load.user import CallUser, Mix, OpenArrivals


class Caller(CallUser):
    """70 % need no health record, 20 % read one, 10 % write one."""

    mix = Mix(chat=70, lookup=20, note=10, barge_in=0.4)


class Arrivals(OpenArrivals):
    """Calls arrive by the written schedule."""
