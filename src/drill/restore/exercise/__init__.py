"""One restore, exercised: choose a point, bring it back apart from everything, prove it, use it, destroy it.

The clock runs from the moment that everything should come back to what it was, until the restored copy has
been verified and has served a call: that is the recovery time, and no part of it is left out. What there was
to choose from is written down before anything is chosen, by a seed that the plan holds.
"""

from drill.restore.exercise.order import Order
from drill.restore.exercise.steps import exercise
from drill.restore.exercise.sweep import sweep

__all__ = ["Order", "exercise", "sweep"]
