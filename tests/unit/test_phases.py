"""The phases of a recovery: each with its time, its source and its event; or without a time."""

from __future__ import annotations

import math

import pytest

from drill.objectives.phases import NAMES, PhaseMark, phases
from histories import Entries, outage, plan, timeline, without, zone_loss, zone_plan


def marks(entries: Entries) -> dict[str, PhaseMark]:
    """By name."""
    found = phases(zone_plan(), timeline(entries, zone_plan()))
    assert tuple(mark.name for mark in found) == NAMES
    return {mark.name: mark for mark in found}


def test_the_reference_loss_has_all_phases_in_their_order() -> None:
    """Seconds after the fault was applied."""
    found = marks(zone_loss())
    times = {name: mark.t_s for name, mark in found.items()}
    assert times == {
        "fault": pytest.approx(0.0),
        "first breach": pytest.approx(0.0),
        "detected": pytest.approx(1.55),
        "new primary": pytest.approx(5.06),
        "first good turn": pytest.approx(5.4),
        "sustained": pytest.approx(5.4),
        "zone back": pytest.approx(31.8),
        "redundancy restored": pytest.approx(34.8),
    }
    assert found["detected"].source == "the edge's outlier detection"
    assert all(mark.id for name, mark in found.items() if name != "sustained")


def test_what_nobody_saw_has_no_time() -> None:
    """Never back, never whole."""
    found = marks(zone_loss(back_s=math.inf, streaming_s=math.inf))
    assert (found["zone back"].t_s, found["redundancy restored"].t_s) == (None, None)
    assert found["detected"].t_s is not None


def test_without_a_fault_nothing_has_a_time() -> None:
    """All names are there all the same."""
    found = marks(without(zone_loss(), lambda e: e.kind.startswith("fault.")))
    assert {mark.t_s for mark in found.values()} == {None}


def test_an_ehr_outage_has_the_callers_phases_only() -> None:
    """No zone was lost."""
    found = {mark.name: mark.t_s for mark in phases(plan(), timeline(outage(), plan()))}
    assert found["sustained"] == pytest.approx(4.2, abs=0.1)
    assert (found["detected"], found["new primary"], found["zone back"]) == (None, None, None)
