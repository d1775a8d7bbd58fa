"""What excuses a drill that came out otherwise than it should: time alone, on a machine that was taken."""

from __future__ import annotations

from machine import Machine, excused


def test_only_lateness_on_a_machine_that_was_taken_away_is_excused() -> None:
    assert excused(["calls.latency", "recovery.detected"], 0.3)
    assert excused([], 0.3)
    assert not excused(["calls.latency"], 0.09)


def test_a_loss_is_never_excused() -> None:
    assert not excused(["calls.latency", "turns.lost"], 0.3)
    assert not excused(["ehr_writes.doubled"], 0.3)


def test_a_share_is_a_share() -> None:
    assert 0.0 <= Machine().stolen() <= 1.0
