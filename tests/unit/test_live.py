"""What the conductor waits for: callers well, breakers closed, and the platform whole again."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import pytest

from drill.conduct.live import Live
from drill.model import events as ev
from histories import (
    APPLIED_S,
    END_S,
    ZONES,
    Entry,
    answer_begun,
    call,
    edge,
    gave_up,
    invoked,
    member,
    ns,
    refused,
    sampled,
    zone_loss,
)


def live(entries: Iterable[Entry], until_s: float = END_S) -> Live:
    """The picture at a second of a history."""
    seen = Live(Path("nowhere"), turn_slo_s=1.5)
    for stream, at_s, event in sorted(entries, key=lambda entry: entry[1]):
        if at_s <= until_s:
            seen._see(ev.Recorded(stream, 0, ns(at_s), event))
    return seen


def probed(*events: ev.Event) -> list[Entry]:
    """Samples, one after the other."""
    return [("probes", float(number), event) for number, event in enumerate(events)]


WELL = [*(edge(zone) for zone in ZONES), member("a", "primary"), member("b", sync=True), member("c")]


def test_a_whole_platform_has_every_zone_in_use_and_its_store_redundant() -> None:
    """One primary, all others streaming, one in sync."""
    assert live(probed(*WELL)).whole(ZONES, ZONES)


@pytest.mark.parametrize(
    "change",
    [
        edge("b", healthy=False),
        edge("b", ok=False),
        member("c", streaming=False),
        member("c", ok=False),
        member("c", "primary"),
        member("a"),
        member("b", sync=False),
    ],
)
def test_one_part_less_and_it_is_not_whole(change: ev.Event) -> None:
    """Two primaries are as bad as none."""
    assert not live(probed(*WELL, change)).whole(ZONES, ZONES)


def test_what_was_never_heard_of_is_not_whole() -> None:
    """Silence is no evidence; what a target does not have is not waited for."""
    assert not live([]).whole(ZONES, ())
    assert not live([]).whole((), ZONES)
    assert live([]).whole((), ())
    assert live(probed(member("a", "primary"))).whole((), ("a",))


def test_a_breaker_counts_as_it_was_last_read() -> None:
    """That of a dead zone says nothing; one that was open stays so until it says otherwise."""
    silent = dataclasses.replace(sampled("a", ""), ok=False)
    assert live(probed(sampled("a", "closed"), silent)).breakers_closed()
    assert not live(probed(sampled("a", "open"), silent)).breakers_closed()
    assert not live(probed(sampled("a", "closed"), sampled("b", "half_open"))).breakers_closed()


def test_a_caller_away_is_a_caller_in_breach() -> None:
    """From the drop over refused attempts until back in a call."""
    story = [
        *call("y", 0.0), *call("x", 1.0, 10.0, "dropped"), refused("x.2", 12.0, "x", 2),
        *call("x.3", 15.0, redial_of="x.2", attempt=3),
    ]  # fmt: skip
    shares = [live(story, at_s).breach_share(ns(at_s)) for at_s in (9.0, 13.0, 16.0)]
    assert shares == [0.0, 0.5, 0.0]


def test_who_gave_up_is_no_caller_any_more() -> None:
    """Nor is one of a load that never tells of redials."""
    story = [*call("y", 0.0), *call("x", 1.0, 10.0, "abandoned"), gave_up("x", 12.0, 1)]
    assert live(story).breach_share(ns(20.0)) == 0.0
    assert live([*call("y", 0.0), *call("x", 1.0, 10.0, "dropped")]).breach_share(ns(20.0)) == 0.0


def test_a_turn_that_waits_is_in_breach_too() -> None:
    """Once its SLO has passed."""
    story = [*call("y", 0.0), *call("x", 0.0), invoked("x", 1, 5.0)]
    assert [live(story).breach_share(ns(at_s)) for at_s in (6.0, 7.0)] == [0.0, 0.5]


def test_a_turn_waits_until_its_answer_begins() -> None:
    """However long the answer is; and again, when what was heard was an older turn's."""
    story = [
        *call("y", 0.0), *call("x", 0.0), invoked("x", 1, 5.0),
        answer_begun("x", 1, 5.6), answer_begun("x", 1, 0.0, 9.0),
    ]  # fmt: skip
    assert [live(story, at_s).breach_share(ns(at_s)) for at_s in (8.0, 9.5)] == [0.0, 0.5]


def test_the_lost_zone_is_whole_only_when_its_member_streams_again() -> None:
    """Not while a is away, not when the edge uses it again, but when its copy of the store follows."""
    whole = [live(zone_loss(), at_s).whole(ZONES, ZONES) for at_s in (20.0, APPLIED_S + 5, 59.0, 62.0)]
    assert whole == [True, False, False, True]
    assert live(zone_loss(), 62.0).breakers_closed()
