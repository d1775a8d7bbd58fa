"""Room after the loss: refused by the survivors, and by more than chance."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from drill.model import events as ev
from drill.model.plan import CapacityLimits, LoadPlan
from drill.model.verdicts import Status, Verdict
from histories import Entries, call, changed, edge, outage, plan, verdicts, without, zone_loss, zone_plan

PASS, UNKNOWN, FAIL = Status.PASS, Status.UNKNOWN, Status.FAIL
NAMES = ("capacity.blocked", "capacity.expected")


def refused(name: str, at_s: float) -> Entries:
    """A call that was refused."""
    return [("load", at_s, ev.CallStarted(name, f"synthetic-{name}", 0, ok=False, detail="503"))]


def tried(taken: int, turned_away: int, at_s: float = 35.0) -> Entries:
    """The reference loss with more calls in it, at a time when the edge has noticed."""
    entries = zone_loss()
    for number in range(taken):
        entries += call(f"t{number}", at_s + number * 0.1, at_s + number * 0.1 + 5)
    for number in range(turned_away):
        entries += refused(f"r{number}", at_s + 0.05 + number * 0.1)
    return entries


def judged(entries: Entries, **changes: Any) -> dict[str, Verdict]:
    """All verdicts."""
    return verdicts(entries, zone_plan(**changes))


def test_room_for_everybody_passes() -> None:
    """One early redial was refused before the edge had noticed."""
    found = judged(tried(20, 0))
    assert [found[name].status for name in NAMES] == [PASS, PASS]
    assert "20 erlangs were offered to 64 places in zones b and c (96 before the loss)" in (
        found["capacity.expected"].sentence
    )


def test_survivors_that_refuse_fail_both() -> None:
    """There was room."""
    found = judged(tried(10, 10))
    assert [found[name].status for name in NAMES] == [FAIL, FAIL]
    assert found["capacity.expected"].because


def test_refusals_that_chance_explains_are_expected() -> None:
    """20 erlangs for 20 places: Erlang B has 16 % refused."""
    found = judged(tried(20, 5), capacities=(10, 10, 10))
    assert found["capacity.expected"].status is PASS


def test_the_limit_on_the_share_is_the_drills() -> None:
    """6 of 28 are 21 %, and 20 % is the limit."""
    assert judged(tried(20, 10))["capacity.blocked"].status is FAIL
    assert judged(tried(20, 10), capacity=CapacityLimits(0.5))["capacity.blocked"].status is PASS


def test_too_few_attempts_are_unknown() -> None:
    """Four calls make no share."""
    assert judged(zone_loss())["capacity.expected"].status is UNKNOWN
    few = without(zone_loss(), lambda e: isinstance(e, ev.CallStarted) and e.attempt > 1)
    assert judged(few)["capacity.blocked"].status is UNKNOWN


def test_attempts_that_no_zone_could_take_are_left_out() -> None:
    """The edge had nobody: that is no matter of room."""
    nobody = changed(
        tried(0, 20),
        lambda at_s, e: edge(e.zone, healthy=False) if isinstance(e, ev.EdgeSample) and 30 < at_s < 45 else e,
    )
    found = judged(nobody)
    assert found["capacity.blocked"].status is not FAIL
    assert "20 more found no zone fit at all" in found["capacity.blocked"].sentence


def test_where_nobody_asked_the_edge_all_attempts_count() -> None:
    """What is not known is not left out."""
    blind = without(tried(0, 20), lambda e: isinstance(e, ev.EdgeSample))
    found = judged(blind)
    assert [found[name].status for name in NAMES] == [FAIL, UNKNOWN]


@pytest.mark.parametrize("capacities", [(32, 0, 32), ()])
def test_a_capacity_that_is_not_told_is_unknown(capacities: tuple[int, ...]) -> None:
    """Nothing can be expected of it."""
    assert judged(tried(20, 0), capacities=capacities)["capacity.expected"].status is UNKNOWN


def test_an_edge_that_never_noticed_says_nothing_of_room() -> None:
    """It sent calls to a dead zone."""
    found = judged(changed(tried(20, 0), lambda _, e: edge(e.zone) if isinstance(e, ev.EdgeSample) else e))
    assert found["capacity.expected"].status is UNKNOWN


def test_no_lost_zone_is_unknown() -> None:
    """No room was lost."""
    found = verdicts(outage(), plan(capacity=CapacityLimits(0.1)))
    assert [found[name].status for name in NAMES] == [UNKNOWN, UNKNOWN]


def test_what_is_offered_is_the_load_of_the_plan() -> None:
    """100 erlangs for 64 places: most refusals are expected."""
    heavy = dataclasses.replace(zone_plan().load, concurrency=100)
    assert isinstance(heavy, LoadPlan)
    assert judged(tried(12, 8), load=heavy)["capacity.expected"].status is PASS
