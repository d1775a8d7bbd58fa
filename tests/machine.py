"""Whether the machine was ours while a drill ran: a virtual one is lent out as well.

A drill whose load left late is UNKNOWN, and rightly so. Where the hypervisor took the processor away
meanwhile, that is no finding about the drill: its test is skipped, and says how much was taken. Whoever has
the machine to himself never gets here, and a load that kept its time excuses nothing.
"""

from __future__ import annotations

from collections.abc import Collection

import psutil
import pytest

STOLEN_MAX = 0.05
LATE = "integrity.load"
SPENT = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")


class Machine:
    """From its making on."""

    def __init__(self) -> None:
        self._before = psutil.cpu_times()

    def stolen(self) -> float:
        """The share of all processors' time that was taken; 0 where the system does not tell."""
        now = psutil.cpu_times()
        spent = {name: getattr(now, name, 0.0) - getattr(self._before, name, 0.0) for name in SPENT}
        return spent["steal"] / max(sum(spent.values()), 1e-9)


def excuse(not_passed: Collection[str], stolen: float) -> None:
    """Skip the test when the load was late and the machine was somebody else's."""
    if excused(not_passed, stolen):
        pytest.skip(f"{stolen:.0%} of the processors' time was taken away, and the load was late")


def excused(not_passed: Collection[str], stolen: float) -> bool:
    """Both have to be so."""
    return LATE in not_passed and stolen > STOLEN_MAX
