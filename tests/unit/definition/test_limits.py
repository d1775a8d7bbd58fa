"""Limits that contradict each other are refused before anybody waits two minutes to find out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

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
