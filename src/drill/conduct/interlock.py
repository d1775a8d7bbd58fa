"""What stops a drill that was let begin: real calls that appear, a gauge that goes blind, too long a time.

A zone that the drill itself hit is excused from telling: its page may be out of reach, and what it told last
still counts. All others have to tell, or nobody knows who is on the line.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping

from drill.conduct.live import Live, Told
from drill.model.guards import Guards
from drill.model.target import Target

BLIND_S = 10.0
# The probes are a process that has to start first; the load waits as long for its first call.
STARTS_WITHIN_S = 20.0


def trip(guards: Guards, told: Mapping[str, Told], zones: Collection[str], hit: Collection[str],
         began_ns: int, now_ns: int) -> str:  # fmt: skip
    """Why the drill has to end now; "" when it may go on.

    `zones` are all of the target, `hit` those that a fault of the drill was requested for; `began_ns` is when
    the probes were started.
    """
    if now_ns - began_ns > guards.max_duration_s * 1e9:
        return f"the drill took longer than max_duration, {guards.max_duration_s:g} s"
    if guards.real_calls is None:
        return ""
    found = sum(each.calls for each in told.values())
    if found > guards.real_calls.most:
        return f"live patients: {found} real calls are on the platform, limit {guards.real_calls.most}"
    silent = [zone for zone in sorted(set(zones) - set(hit)) if _blind(told.get(zone), began_ns, now_ns)]
    if silent:
        return f"real calls cannot be counted: zone {', '.join(silent)} has not told for {BLIND_S:g} s"
    return ""


def _blind(told: Told | None, began_ns: int, now_ns: int) -> bool:
    if told is None:
        return now_ns - began_ns > STARTS_WITHIN_S * 1e9
    return now_ns - told.at_ns > BLIND_S * 1e9


def interlock(
    target: Target, live: Live, clock_ns: Callable[[], int] = time.monotonic_ns
) -> Callable[[], str]:
    """A question to be asked again and again from now on; its answer is `trip`'s."""
    zones, began_ns = [zone.name for zone in target.zones], clock_ns()
    return lambda: trip(target.guards, live.real_calls, zones, live.hit, began_ns, clock_ns())
