"""A delay of callers' media is believed only where the calls' own wires show it."""

from __future__ import annotations

import dataclasses

import pytest

import histories as h
from drill.objectives import media_trips

SLOWER = "link/a:slower:200"
QUICK, SLOW = h.Sound(ping_ms=0.5), h.Sound(ping_ms=300.0)
ONE_ZONE = dataclasses.replace(h.voice_plan(), zones=("a",))


def lacking(clean: h.Sound, fault: h.Sound, plan: h.pl.Plan = ONE_ZONE) -> list[str]:
    """What calls did not show."""
    line = h.timeline(h.voice_run(clean, fault, witness=SLOWER), plan)
    return [*media_trips.unseen(plan, line), *media_trips.before(line)]


def test_a_delay_that_every_call_shows_is_seen() -> None:
    """And told in the words of the witness."""
    assert lacking(QUICK, SLOW) == []
    line = h.timeline(h.voice_run(QUICK, SLOW, witness=SLOWER), ONE_ZONE)
    assert media_trips.told(line) == "calls' own media took 300 ms to and fro"


def test_a_delay_that_no_call_shows_was_on_another_wire() -> None:
    """The door may have been as slow as it liked."""
    (said,) = lacking(QUICK, QUICK)
    assert said.startswith("0 of ")


def test_calls_that_were_as_slow_before_prove_nothing() -> None:
    """The fault did not bring it."""
    (said,) = lacking(SLOW, SLOW)
    assert said.endswith("took 200 ms already")


def test_where_one_zone_of_several_is_hurt_some_calls_show_it() -> None:
    """Which zone a call is in, nobody knows."""
    line = h.timeline(h.voice_run(QUICK, QUICK, witness=SLOWER), h.voice_plan())
    assert len(h.voice_plan().zones) > 1
    some = [dataclasses.replace(t, round_trip_s=0.3) if n % 3 == 0 else t for n, t in enumerate(line.turns)]
    mixed = dataclasses.replace(line, turns=tuple(some))
    assert list(media_trips.unseen(h.voice_plan(), mixed)) == []
    assert list(media_trips.unseen(ONE_ZONE, mixed)) != []
    assert list(media_trips.unseen(h.voice_plan(), line)) != []


@pytest.mark.parametrize("witness", ["link/a:slow", "link/a:timeout", "link/a:spread:60"])
def test_what_is_no_delay_is_not_asked_of_calls(witness: str) -> None:
    """A stall swallows pings too; jitter and bandwidth show at doors."""
    line = h.timeline(h.voice_run(QUICK, QUICK, witness=witness), ONE_ZONE)
    assert list(media_trips.unseen(ONE_ZONE, line)) == []


def test_a_platform_that_answers_no_pings_is_told_by_its_doors_alone() -> None:
    """But one that did before the fault, and does not while it holds, has to be explained."""
    mute = h.Sound(ping_ms=-1.0)
    assert lacking(mute, mute) == []
    (said,) = lacking(QUICK, mute)
    assert said == "only 0 round trips of calls while it held"
