"""A night: the evening's callers leave, few come after them, and their calls are twice as long.

Alone:  locust -f loadprofiles/quiet_night.py --headless
In a drill: `arrivals: quiet-night` beside `profile`. The night is as long as the run (drill.traffic).
How many at the most, how long and where to: DRILL_CONCURRENCY, DRILL_MEAN_CALL_S, DRILL_SECONDS, DRILL_EDGE.
"""

from drill.load.user import CallUser, Mix, OpenArrivals


class Caller(CallUser):
    """60 % need no health record, 20 % read one, 20 % write one: people want to talk."""

    mix = Mix(chat=60, lookup=20, note=20)


class Arrivals(OpenArrivals):
    """Calls arrive by the written schedule, with the shape of a night."""

    arrivals = "quiet-night"
