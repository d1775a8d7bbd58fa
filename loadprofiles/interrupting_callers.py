"""Callers who do not let the agent finish: three of ten sentences are spoken into the answer before them.

Alone:  locust -f loadprofiles/interrupting_callers.py --headless
How many, how long and where to: DRILL_CONCURRENCY, DRILL_MEAN_CALL_S, DRILL_SECONDS, DRILL_EDGE. In which
vendor's words: DRILL_DIALECT (twilio, telnyx, exotel, vonage, or a .yaml file of one's own).
"""

from drill.load.user import CallUser, Mix, OpenArrivals


class Caller(CallUser):
    """As steady calls, but impatient."""

    weight = 9
    mix = Mix(chat=40, lookup=30, note=30, barge_in=0.3)


class Scripted(CallUser):
    """One call of ten says the same words every time."""

    weight = 1
    script = "scripts/cannot-wait.yaml"


class Arrivals(OpenArrivals):
    """Calls arrive by the written schedule."""
