"""Locust's tables tell times to three digits."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from drill.load.percentiles import three_digits

TOLD = """
import drill.load.user
from locust.stats import RequestStats
stats = RequestStats()
for time_ms in (1351.0, 1449.0):
    stats.log_request("TURN", "turn chat", time_ms, 0)
entry = stats.get("turn chat", "TURN")
print([entry.get_response_time_percentile(share) for share in (0.0, 1.0)])
"""


@given(st.floats(0, 1e7))
def test_no_time_is_told_half_a_percent_off(time_ms: float) -> None:
    """Or half a millisecond."""
    assert abs(three_digits(time_ms) - time_ms) <= max(0.5, 0.0051 * time_ms)


def test_locust_tells_what_it_was_told() -> None:
    """Two turns that Locust itself could not tell from one another; Locust patches its process."""
    done = subprocess.run(
        [sys.executable, "-c", TOLD], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[1350, 1450]"
