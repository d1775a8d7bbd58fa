"""A day in the flu season: lines that stay crowded, bursts on top, and no two days alike (the seed decides).

Alone:  locust -f loadprofiles/flu_season_peak.py --headless
In a drill: `arrivals: flu-season-peak` beside `profile`. The day is as long as the run (drill.traffic).
How many at the most, how long and where to: DRILL_CONCURRENCY, DRILL_MEAN_CALL_S, DRILL_SECONDS, DRILL_EDGE.
"""

from drill.load.user import CallUser, Mix, OpenArrivals


class Caller(CallUser):
    """35 % need no health record, 25 % read one, 40 % write one: people tell how they are."""

    mix = Mix(chat=35, lookup=25, note=40)


class Arrivals(OpenArrivals):
    """Calls arrive by the written schedule, with the shape of a crowded day."""

    arrivals = "flu-season-peak"
