"""Whether the machine was ours while a drill ran: a virtual one is lent out as well.

Where the hypervisor takes the processor away, a platform on this machine answers late, whatever it is worth.
A drill that is red or grey by time alone is no finding then: its test is skipped, and says how much was
taken. What no lack of time brings about is a finding always, and whoever has the machine to himself never
gets here.
"""

from __future__ import annotations

from collections.abc import Collection

import pytest

from drill.load.stolen import processors

STOLEN_MAX = 0.1
# Rows and doubles do not come of slowness, nor a step that no breaker may take, nor a fault that stays on.
NEVER = (
    "turns.", "ehr_writes.doubled", "ehr_writes.altered", "calls.right_patient", "restore.",
    "breaker.legal", "integrity.reverted",
)  # fmt: skip


class Machine:
    """From its making on."""

    def __init__(self) -> None:
        self._before = processors()

    def stolen(self) -> float:
        """The share of all processors' time that was taken; 0 where the system does not tell."""
        return processors().share_since(self._before)


def excuse(failed: Collection[str], stolen: float) -> None:
    """Skip the test of a drill that came out otherwise than it should, if the machine may have done it."""
    if excused(failed, stolen):
        pytest.skip(f"{stolen:.0%} of the processors' time was taken, and all that went wrong is late")


def excused(failed: Collection[str], stolen: float) -> bool:
    """Whether so much was taken, and nothing failed that no lack of time explains."""
    return stolen > STOLEN_MAX and not any(name.startswith(NEVER) for name in failed)
