"""The one loop: guards, ramp, baseline, fault, recovery, unwind; all of it into the journal.

    guards -> [probes + load] ramp -> baseline -> [toolkit] fault -> recovery -> unwind -> read back

The conductor decides nothing about the platform. It starts helpers, waits with deadlines,
writes down what it did, and unwinds backwards whatever happens: an error, a dead helper
or Ctrl-C ends in the same unwinding, and the judge sees why.
"""

from drill.conduct.loop import Outcome, conduct

__all__ = ["Outcome", "conduct"]
