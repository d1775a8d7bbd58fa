"""What the host took of the machine, by two looks at the kernel's counters."""

from __future__ import annotations

from drill.load.stolen import Processors, processors


def test_a_share_is_of_the_time_between_two_looks() -> None:
    assert Processors(13.0, 140.0).share_since(Processors(10.0, 130.0)) == 0.3


def test_two_looks_in_one_tick_took_nothing() -> None:
    """And a counter that steps back, as virtual machines' sometimes do, gave nothing."""
    now = Processors(10.0, 130.0)
    assert now.share_since(now) == 0.0
    assert now.share_since(Processors(11.0, 120.0)) == 0.0


def test_this_machine_has_counters() -> None:
    assert processors().all_s > 0
