"""What its host took of this machine's processors for others: a virtual machine's steal time."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

_SPENT = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")


@dataclass(frozen=True, slots=True)
class Processors:
    """Seconds of all processors since the machine started: those taken, and all of them."""

    taken_s: float
    all_s: float

    def share_since(self, before: Processors) -> float:
        """What was taken since then, from 0 to 1."""
        all_s = self.all_s - before.all_s
        return min(1.0, max(0.0, self.taken_s - before.taken_s) / all_s) if all_s > 0 else 0.0


def processors() -> Processors:
    """As the kernel counts them now (proc(5)); nothing is taken where the system does not tell."""
    told = psutil.cpu_times()
    spent = {name: float(getattr(told, name, 0.0)) for name in _SPENT}
    return Processors(spent["steal"], sum(spent.values()))
