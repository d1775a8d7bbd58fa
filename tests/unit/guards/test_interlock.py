"""A drill that was let begin ends when real calls appear, when nobody can count them, or after too long."""

from __future__ import annotations

from pathlib import Path

import pytest

from drill.conduct.interlock import BLIND_S, STARTS_WITHIN_S, trip
from drill.conduct.live import Live, Told
from drill.model.events import FaultRequested, RealCallsSample, Recorded
from drill.model.guards import Guards, RealCalls

S = 1_000_000_000
BEGAN = 100 * S
GUARDS = Guards(real_calls=RealCalls("real", 2), max_duration_s=600.0)


def asked(told: dict[str, Told], at_s: float, hit: set[str] | None = None, guards: Guards = GUARDS) -> str:
    return trip(guards, told, ("a", "b"), hit or set(), BEGAN, int(at_s * S))


def test_real_calls_up_to_the_limit_are_borne_and_above_it_are_not() -> None:
    """Counted over all zones."""
    assert asked({"a": Told(1, 101 * S), "b": Told(1, 101 * S)}, 102) == ""
    assert "3 real calls" in asked({"a": Told(1, 101 * S), "b": Told(2, 101 * S)}, 102)


def test_a_zone_that_tells_no_more_ends_the_drill_unless_the_drill_hit_it() -> None:
    """What it told last still counts."""
    told = {"a": Told(0, 120 * S), "b": Told(0, 110 * S)}
    assert asked(told, 110 + BLIND_S) == ""
    assert asked(told, 111 + BLIND_S).startswith("real calls cannot be counted: zone b")
    assert asked(told, 111 + BLIND_S, {"b"}) == ""
    assert "3 real calls" in asked(told | {"b": Told(3, 110 * S)}, 111 + BLIND_S, {"b"})


def test_zones_that_never_told_are_waited_for_a_while() -> None:
    """From the start of the probes, which are a process that has to start; not for ever."""
    assert asked({}, 100 + STARTS_WITHIN_S) == ""
    assert "zone a, b" in asked({}, 101 + STARTS_WITHIN_S)


def test_a_drill_ends_when_its_time_is_up() -> None:
    """With or without a gauge."""
    assert asked({}, 701, guards=Guards(max_duration_s=600.0)).startswith("the drill took longer")
    assert asked({}, 699, guards=Guards(max_duration_s=600.0)) == ""


@pytest.mark.parametrize(("ok", "found"), [(True, {"a": Told(4, 7)}), (False, {})])
def test_only_what_could_be_read_counts_as_told(ok: bool, found: dict[str, Told]) -> None:
    """A page that is out of reach says nothing, least of all nought."""
    live = Live(Path(), 1.5)
    live._see(Recorded("probes", 1, 7, RealCallsSample("a", ok, 4, "")))
    assert live.real_calls == found


def test_a_zone_counts_as_hit_once_its_fault_is_requested() -> None:
    """By the fault's own spec; faults of links name none."""
    live = Live(Path(), 1.5)
    live._see(Recorded("faults", 1, 7, FaultRequested("f1", "zone-kill", '{"zone":"a"}', "{}", "")))
    live._see(Recorded("faults", 2, 8, FaultRequested("f2", "link-down", '{"proxy":"ehr-b"}', "{}", "")))
    assert live.hit == {"a"}
