"""What excuses a drill that should have been green: both a late load and a machine that was taken away."""

from __future__ import annotations

from machine import Machine, excused


def test_only_a_late_load_on_a_machine_that_was_taken_away_is_excused() -> None:
    assert excused(["integrity.load", "recovery.detected"], 0.3)
    assert not excused(["recovery.detected"], 0.3)
    assert not excused(["integrity.load"], 0.02)
    assert not excused([], 0.3)


def test_a_share_is_a_share() -> None:
    assert 0.0 <= Machine().stolen() <= 1.0
