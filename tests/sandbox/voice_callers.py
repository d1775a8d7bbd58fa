"""Callers of the fast voice drill: most interrupt, so that short windows hold enough of it."""

from drill.load.user import CallUser, Mix, OpenArrivals


class Caller(CallUser):
    """Any intent, and little patience."""

    mix = Mix(chat=50, lookup=25, note=25, barge_in=0.7)


class Arrivals(OpenArrivals):
    """Calls arrive by the written schedule."""
