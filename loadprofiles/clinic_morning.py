"""A clinic's morning: the lines open, four times as many people call at once, and most want an appointment.

Alone:  locust -f loadprofiles/clinic_morning.py --headless
In a drill: `arrivals: clinic-morning` beside `profile`. The morning is as long as the run (drill.traffic).
How many at the most, how long and where to: DRILL_CONCURRENCY, DRILL_MEAN_CALL_S, DRILL_SECONDS, DRILL_EDGE.
"""

from drill.load.user import CallUser, Mix, OpenArrivals


class Caller(CallUser):
    """30 % need no health record, 45 % read one, 25 % write one."""

    mix = Mix(chat=30, lookup=45, note=25)


class Arrivals(OpenArrivals):
    """Calls arrive by the written schedule, with the shape of a morning."""

    arrivals = "clinic-morning"
