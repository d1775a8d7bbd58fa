"""What stops a drill that hurts too much or sees too little: asked ten times a second, from load on.

A tripwire is a question without arguments; its answer is the reason to abort, or "". It decides when to stop,
never how the run is judged: an aborted run is not a pass, whatever pulled the wire.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drill.conduct.live import Live
from drill.model.plan import AbortLimits
from drill.model.units import seconds

Tripwire = Callable[[], str]


@dataclass(slots=True)
class Wires:
    """The tripwires of a drill file over the live picture. `clock_s` is the steady clock."""

    limits: AbortLimits
    live: Live
    clock_s: Callable[[], float]
    bad_since_s: float | None = None
    spent_call_s: float = 0.0
    asked_s: float | None = None

    def __call__(self) -> str:
        """The first wire that is pulled."""
        now_s = self.clock_s()
        self._spend(now_s)
        wires = (self._breach(now_s), self._budget(), self._dropped(), self._blind(now_s))
        return next((f"tripwire: {said}" for said in wires if said), "")

    def _spend(self, now_s: float) -> None:
        if self.asked_s is not None:
            self.spent_call_s += self.live.breached() * (now_s - self.asked_s)
        self.asked_s = now_s

    def _breach(self, now_s: float) -> str:
        limit, share = self.limits.breach_share, self.live.breach_share()
        if limit is None or share <= limit:
            self.bad_since_s = None
            return ""
        self.bad_since_s = now_s if self.bad_since_s is None else self.bad_since_s
        if now_s - self.bad_since_s < self.limits.breach_for_s:
            return ""
        held = f" for {seconds(self.limits.breach_for_s)}" if self.limits.breach_for_s else ""
        return f"{share:.0%} of callers in breach, above {limit:.0%}{held}"

    def _budget(self) -> str:
        limit = self.limits.breached_call_s
        if limit is None or self.spent_call_s <= limit:
            return ""
        return f"the error budget of {limit:g} breached call-seconds is spent"

    def _dropped(self) -> str:
        limit, dropped = self.limits.dropped, self.live.dropped
        return "" if limit is None or dropped <= limit else f"{dropped} calls were dropped, above {limit}"

    def _blind(self, now_s: float) -> str:
        limit_s = self.limits.blind_s
        if limit_s is None:
            return ""
        blind = sorted(name for name, at_s in self.live.seen_s.items() if now_s - at_s > limit_s)
        return f"nothing was seen of {', '.join(blind)} for {seconds(limit_s)}" if blind else ""
