"""Limits that contradict each other are refused before anybody waits two minutes to find out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from drill.definition import load_drill
from drill.model.plan import CapacityLimits, FailoverLimits, InFlightLimits, RemediationLimits

Refused = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        (
            "back_share: 5%",
            "back_share: 12.5%",
            (
                "18: recovery.back_share 12.50% is above breach_share 10.00%: "
                "callers could suffer and be recovered at once; write 10.00% or less"
            ),
        ),
        (
            "sustained: 30s",
            "sustained: 61s",
            (
                "19: recovery.sustained 61.0 s is longer than the recovery phase "
                "(60.0 s): nobody would be looking any more; write a shorter limit or a longer phase"
            ),
        ),
        (
            "    within: 20s",
            "    within: 2m",
            (
                "20: recovery.within 120.0 s and 30.0 s sustained after it "
                "outlast the fault and recovery phases (90.0 s together): the limit could not be "
                "seen to hold; "
                "write a shorter limit or a longer recovery phase"
            ),
        ),
        (
            "opens_within: 15s",
            "opens_within: 31s",
            (
                "23: breaker.opens_within 31.0 s is longer than the fault "
                "phase (30.0 s): nobody would be looking any more; write a shorter limit or a longer phase"
            ),
        ),
        (
            "closes_within: 15s",
            "closes_within: 61s",
            (
                "24: breaker.closes_within 61.0 s is longer than the "
                "recovery phase (60.0 s): nobody would be looking any more; write a shorter limit or "
                "a longer phase"
            ),
        ),
        (
            "    within: 30s",
            "    within: 90s",
            (
                "28: ehr_writes.within 90.0 s is longer than the recovery "
                "phase (60.0 s): nobody would be looking any more; write a shorter limit or a longer phase"
            ),
        ),
    ],
)
def test_a_contradiction_is_named(refused: Refused, old: str, new: str, mistake: str) -> None:
    """Each contradiction, with both numbers and the line of the one that cannot be."""
    assert refused((old, new)) == [f"drill.yaml:{mistake}"]


def test_a_limit_that_cannot_be_read_contradicts_nothing(refused: Refused) -> None:
    """One mistake is one message: an unreadable phase is not also a contradiction."""
    assert len(refused(("fault: 30s", "fault: soon"), ("opens_within: 15s", "opens_within: 31s"))) == 1


ZONE = """\
  turns: {lost_max: 0}
  failover: {detected_within: 5s, primary_within: 12s, zone_back_within: 20s, redundancy_within: 30s}
  in_flight: {resumed_min: 95%, resumed_within: 10s, silence: 20s}
  capacity: {blocked_max: 5%}
  remediation: {restarted_within: 15s}
"""
TURNS = "  turns: {lost_max: 0}\n"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "detected_within: 5s",
            "detected_within: 31s",
            "failover.detected_within 31.0 s is longer than the fault",
        ),
        (
            "primary_within: 12s",
            "primary_within: 31s",
            "failover.primary_within 31.0 s is longer than the fault",
        ),
        (
            "zone_back_within: 20s",
            "zone_back_within: 61s",
            "failover.zone_back_within 61.0 s is longer than the",
        ),
        ("redundancy_within: 30s", "redundancy_within: 61s", "failover.redundancy_within 61.0 s is longer"),
        (
            "resumed_within: 10s",
            "resumed_within: 61s",
            "in_flight.resumed_within 61.0 s is longer than the recov",
        ),
        ("silence: 20s", "silence: 61s", "in_flight.silence 61.0 s is longer than the recovery phase"),
        (
            "restarted_within: 15s",
            "restarted_within: 61s",
            "remediation.restarted_within 61.0 s is longer than",
        ),
    ],
)
def test_a_limit_of_a_lost_zone_has_to_fit_its_phase(refused: Refused, old: str, new: str, said: str) -> None:
    """Nobody would be looking any more."""
    (mistake,) = refused((TURNS, ZONE.replace(old, new)))
    assert said in mistake


def test_a_failover_without_the_callers_recovery_is_refused(refused: Refused) -> None:
    """Its MTTR is theirs."""
    recovery = """\
  recovery:
    turn_slo: 1500ms
    breach_share: 10%
    back_share: 5%
    sustained: 30s
    within: 20s
    breached_call_seconds: 200
"""
    (mistake,) = refused((TURNS, ZONE), (recovery, ""))
    assert "failover.mttr is the recovery of callers" in mistake


def test_the_mean_time_to_recovery_is_half_an_hour_unless_said_otherwise(folder: Path) -> None:
    """The promise of the business."""
    file = folder / "drill.yaml"
    file.write_text(file.read_text().replace(TURNS, ZONE))
    asked = load_drill(file).objectives
    assert asked.failover == FailoverLimits(5.0, 12.0, 20.0, 30.0, 1800.0)
    assert asked.in_flight == InFlightLimits(0.95, 10.0, 20.0)
    assert (asked.capacity, asked.remediation) == (CapacityLimits(0.05), RemediationLimits(15.0))
