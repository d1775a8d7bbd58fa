"""When a lease is over: a pure answer to what was heard of the conductor and when.

b"."  a beat: the lease runs on from here       b"q"  the conductor is through: undo what is left, and go
b""   the pipe has no writer any more: it is gone, however it went
"""

from __future__ import annotations

from dataclasses import dataclass

BEAT, QUIT = b".", b"q"
THROUGH = "the conductor is through"
# A conductor beats ten times a second. This is for one that hangs or is stopped; one that died is noticed
# at once, by its pipe.
LEASE_S = 10.0
# How long a conductor may take to act upon `drill abort` before the reaper does.
ABORT_WITHIN_S = 1.0
# Its toolkit is told to end by the kernel when the conductor dies, and may be reverting by itself.
ORPHAN_ENDS_WITHIN_S = 1.0


@dataclass(slots=True)
class Lease:
    """`heard_s` is when the conductor last gave a sign; all times are of the steady clock."""

    lease_s: float
    heard_s: float
    asked_s: float | None = None
    over: str = ""
    gone: bool = False

    @property
    def spare_s(self) -> float:
        """How long the toolkit may take to end by itself once the lease is over."""
        return ORPHAN_ENDS_WITHIN_S if self.gone else 0.0

    def hear(self, data: bytes, now_s: float) -> None:
        """What came through the pipe; empty at its end."""
        self.heard_s = now_s
        if not data:
            self.over, self.gone = "the conductor is gone", True
        elif QUIT in data:
            self.over = THROUGH

    def ended(self, now_s: float, *, abort_asked: bool) -> str:
        """Why the lease is over; "" while it runs."""
        if self.over:
            return self.over
        if now_s - self.heard_s > self.lease_s:
            return f"the conductor gave no sign for {self.lease_s:g} s"
        if abort_asked and self.asked_s is None:
            self.asked_s = now_s
        if self.asked_s is not None and now_s - self.asked_s > ABORT_WITHIN_S:
            return "an abort was asked for, and the conductor does nothing"
        return ""
