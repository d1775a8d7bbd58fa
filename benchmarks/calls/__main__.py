"""All of it, or the parts that are named; each prints its figure beside its limit."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.calls import frames, frozen, held

PARTS = {
    "frames": frames.cost_per_frame,
    "held": lambda folder: held.calls_held(folder, 1000, 20),
    "coalesced": lambda folder: held.calls_held(folder, 3000, 200),
    "arrivals": held.arrival_dispersion,
    "recovery": frozen.recovery_from_freezes,
}

with tempfile.TemporaryDirectory(prefix="bench-calls-") as name:
    for part in sys.argv[1:] or PARTS:
        PARTS[part](Path(name))
