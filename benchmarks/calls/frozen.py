"""The reference agent stands still for a known time, and a load run says when its callers were well again.

The truth that a recovery is held against is the agent's own account of when it answered whom, and not the
moment at which a frozen agent was let run. For its callers it is well when it answers them, and before that
it has to get through what they sent meanwhile: 80 MB after fifteen seconds of 300 calls, whose reading alone
takes a core a tenth of a second and more. No estimate can see callers served who are not. The account is
written by another process, in other code, and read by `benchmarks.truth`, which shares nothing with the
estimator; how long the agent stood still is told beside it, so that nothing hides in between.
"""

from __future__ import annotations

import math
import os
import signal
import time
from pathlib import Path

from benchmarks.calls import held
from benchmarks.show import show
from benchmarks.truth import recovered_after_s
from drill.journal import Stream, read_stream
from drill.model.plan import RecoveryLimits
from drill.model.units import NS_PER_S
from drill.objectives.recovery import answers
from drill.recovery_estimate import Recovery, estimate
from drill.timeline.away import away
from drill.timeline.calls import calls
from drill.timeline.sorted_events import Sorted
from drill.timeline.steps import breaches, steps
from drill.timeline.turns import turns

FREEZES_S, FROZEN_CALLS, ERROR_S_MAX = (3.0, 6.0, 15.0), 300, 0.05
LIMITS = RecoveryLimits(1.5, 0.10, 0.05, 10.0, 60.0, 1e9)
_QUICK_MS = (20, 100)  # after which time the agent answers, and how long its answer is


def recovery_from_freezes(folder: Path) -> None:
    """The reference agent stands still for a known time: is what its callers felt what the estimate says?"""
    for freeze_s in FREEZES_S:
        # An answer that has not come to its end after 15 s is none to callers; they hang up when there was
        # none at all, are refused after 5 s, and dial again when it suits them. So that a freeze of 15 s has
        # one truth all the same, answers come quickly and are short, and calls are long: few wait when it
        # begins, and few dial while it lasts.
        asked = {"concurrency": FROZEN_CALLS, "ramp_s": 10.0, "mean_call_s": 600.0}
        with held.load(folder, f"frozen-{freeze_s:g}", _QUICK_MS, **asked) as run:
            run.watch(10.0 + held.SETTLE_S)
            os.kill(run.agent_pid, signal.SIGSTOP)
            frozen_ns = time.monotonic_ns()
            run.watch(freeze_s)
            os.kill(run.agent_pid, signal.SIGCONT)
            stood_s = (time.monotonic_ns() - frozen_ns) / NS_PER_S
            run.watch(LIMITS.sustained_s + 3.0)
        found = _estimated(read_stream(run.stream), frozen_ns)
        truth_s = recovered_after_s(run.account, frozen_ns, LIMITS)
        _tell(freeze_s, stood_s, truth_s, found)


def _tell(freeze_s: float, stood_s: float, truth_s: float, found: Recovery) -> None:
    error_s = abs(found.recovered_s - truth_s)
    low_s, high_s = found.low_s or math.nan, found.high_s or math.nan
    covers = "covers" if low_s <= truth_s <= high_s else "DOES NOT COVER"
    note = f"{found.recovered_s:.3f} of {truth_s:.3f} s (it stood still for {stood_s:.3f}); "
    note += f"95 %: {low_s:.3f} to {high_s:.3f} {covers} it"
    show(f"recovery from a freeze of {freeze_s:g} s: error", error_s, ERROR_S_MAX, "s", note)


def _estimated(stream: Stream, frozen_ns: int) -> Recovery:
    """As `fold` and the recovery objective do it, of the load's own stream."""
    events = Sorted(stream.events)
    end_s, slo_s = events.end_s, LIMITS.turn_slo_s
    all_calls = calls(events, end_s)
    all_turns = turns(events, all_calls, end_s)
    late = breaches(all_turns, all_calls, slo_s)
    series = steps(all_calls, late, away(events, all_calls, end_s))
    found = answers(all_turns, slo_s, end_s)
    return estimate(series, found, events.s(frozen_ns), end_s, LIMITS)
