"""What a client spent: CPU of this process, user and system, since a moment; told as one line of JSON."""

from __future__ import annotations

import json
import resource


class Meter:
    """Begins when it is made."""

    def __init__(self) -> None:
        self._began_us = _cpu_us()

    def tell(self, pairs: int, sent: int) -> None:
        """Print the line that `contenders` reads."""
        spent = _cpu_us() - self._began_us
        print(json.dumps({"pairs": pairs, "sent": sent, "cpu_us": round(spent)}), flush=True)


def _cpu_us() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return (usage.ru_utime + usage.ru_stime) * 1e6
