"""The witness of a zone's fault: seen at its own door, all others open, and before it all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from drill.model import events as ev
from drill.model.verdicts import Status, Verdict
from histories import (
    Entries,
    applied,
    changed,
    door,
    outage,
    plan,
    requested,
    reverted,
    verdicts,
    without,
    zone_loss,
    zone_plan,
)

PASS, UNKNOWN = Status.PASS, Status.UNKNOWN


def witness(entries: Entries, **changes: Any) -> Verdict:
    """The one verdict."""
    return verdicts(entries, zone_plan(**changes))["integrity.witness"]


def doors(
    outcome: str, zone: str = "a", way: str = "direct", from_s: float = 26.2, to_s: float = 51.0
) -> Entries:
    """The reference loss in which a door says something else for a time."""

    def other(at_s: float, event: ev.Event) -> ev.Event:
        ours = isinstance(event, ev.DoorSample) and (event.zone, event.way) == (zone, way)
        return door(zone, way, outcome) if ours and from_s <= at_s < to_s else event

    return changed(zone_loss(), other)


def wanting(sign: str, entries: Entries | None = None) -> Entries:
    """The reference loss with another witness."""
    return changed(
        zone_loss() if entries is None else entries,
        lambda _, e: dataclasses.replace(e, witness=sign) if isinstance(e, ev.FaultRequested) else e,
    )


def test_a_dead_zone_refuses_and_all_others_answer() -> None:
    """As the reference does."""
    assert witness(zone_loss()).status is PASS


@pytest.mark.parametrize(
    ("sign", "outcome"),
    [("direct/a:refused", "reset"), ("direct/a:timeout", "timeout")],
)
def test_the_outcome_is_the_faults_own(sign: str, outcome: str) -> None:
    """A broken connection is a refusal; a frozen zone is silent."""
    assert witness(wanting(sign, doors(outcome))).status is PASS


@pytest.mark.parametrize(
    "entries",
    [
        doors("ok"),
        doors("timeout"),
        doors("ok", from_s=26.2, to_s=35.0),
        without(zone_loss(), lambda e: isinstance(e, ev.DoorSample)),
        wanting("link/b:refused"),
    ],
)
def test_a_fault_that_its_door_did_not_show_is_unknown(entries: Entries) -> None:
    """Open, silent instead, open for a third of the time, nobody asked, another zone's door."""
    assert witness(entries).status is UNKNOWN


def test_an_isolated_zone_refuses_at_its_link_and_answers_itself() -> None:
    """Its processes live."""
    assert witness(wanting("link/a:refused", doors("ok"))).status is PASS


def test_another_zone_that_is_gone_as_well_is_more_than_was_meant() -> None:
    """The drill hit two."""
    found = witness(doors("refused", zone="b"))
    assert found.status is UNKNOWN
    assert "direct/b" in found.sentence


def test_another_zone_that_is_not_fit_has_answered() -> None:
    """Without a primary it is the platform's matter, not the drill's."""
    assert witness(doors("http_5xx", zone="b")).status is PASS


@pytest.mark.parametrize("way", ["direct", "link", "wal"])
def test_a_door_that_was_shut_before_is_unknown(way: str) -> None:
    """Nobody knows what shut it."""
    assert witness(doors("refused", zone="c", way=way, from_s=11.0, to_s=26.0)).status is UNKNOWN


def test_nothing_is_asked_of_the_doors_after_the_revert() -> None:
    """Whether the platform comes back is failover's."""
    assert witness(doors("refused", from_s=26.2, to_s=99.0)).status is PASS


def test_links_to_the_ehr_are_not_asked_for_a_zone() -> None:
    """They are the witness of EHR faults only."""
    assert witness(without(zone_loss(), lambda e: isinstance(e, ev.WitnessSample))).status is PASS


def test_a_run_with_both_kinds_needs_both() -> None:
    """A zone that was seen does not vouch for the EHR."""
    both = [*zone_loss(), requested("f2", 60.0), applied("f2", 60.1), reverted("f2", 80.0)]
    assert witness(both).status is UNKNOWN

    def cut(at_s: float, event: ev.Event) -> ev.Event:
        on = isinstance(event, ev.WitnessSample) and 60.1 <= at_s < 80.0
        return dataclasses.replace(event, outcome="timeout") if on else event

    assert witness(changed(both, cut)).status is PASS


def flapping(*windows: tuple[float, float], seen: Callable[[float], bool]) -> Entries:
    """Zone a goes down several times; its door is shut when `seen`."""
    rest = without(zone_loss(), lambda e: e.kind.startswith("fault."))
    faults: Entries = []
    for number, (from_s, to_s) in enumerate(windows):
        name = f"f{number}"
        spec = '{"zone": "a"}'
        faults += [requested(name, from_s - 0.1, "direct/a:refused", fault="zone-kill", spec=spec)]
        faults += [applied(name, from_s), reverted(name, to_s)]
    shut = changed(
        rest,
        lambda at_s, e: (
            door("a", "direct", "refused" if seen(at_s) else "ok")
            if isinstance(e, ev.DoorSample) and (e.zone, e.way) == ("a", "direct")
            else e
        ),
    )
    return [*shut, *faults]


def test_each_time_of_a_flap_has_to_be_seen() -> None:
    """Twice down and seen twice; the second time not seen is UNKNOWN."""
    twice = ((26.2, 32.0), (38.0, 44.0))
    both = flapping(*twice, seen=lambda t: any(a <= t < b for a, b in twice))
    once = flapping(*twice, seen=lambda t: 26.2 <= t < 32.0)
    assert witness(both).status is PASS
    assert witness(once).status is UNKNOWN


def stalled(*outcomes: str, asked_s: float = 24.6, every_s: float = 0.7) -> Entries:
    """Replication from a is silent from 24.5 s until the zone is taken at 26.1 s."""
    rest = without(zone_loss(), lambda e: isinstance(e, ev.DoorSample) and (e.zone, e.way) == ("a", "wal"))
    fault = [
        requested("s", 24.4, "wal/a:timeout", fault="replication-stall", spec='{"zone": "a"}'),
        applied("s", 24.5),
        reverted("s", 26.3),
    ]
    before: Entries = [("probes", 12.0 + n * 0.25, door("a", "wal")) for n in range(40)]
    asked: Entries = [
        ("probes", asked_s + n * every_s, door("a", "wal", outcome, 600.0))
        for n, outcome in enumerate(outcomes)
    ]
    return [*rest, *fault, *before, *asked]


def test_a_stalled_replication_needs_two_silent_requests() -> None:
    """It holds for a moment only."""
    assert witness(stalled("timeout", "timeout", "timeout")).status is PASS
    assert witness(stalled("timeout")).status is UNKNOWN
    assert witness(stalled("ok", "ok")).status is UNKNOWN


def test_a_stall_does_not_start_the_clock_of_the_zones_loss() -> None:
    """The zone was there until it was taken."""
    found = verdicts(stalled("timeout", "timeout"), zone_plan())
    assert found["failover.detected"].measured == "1.55 s"


def test_ehr_faults_are_seen_as_ever() -> None:
    """By every zone's link."""
    assert verdicts(outage(), plan())["integrity.witness"].status is PASS


def test_the_edge_noticing_is_noticing() -> None:
    """recovery.detected is no longer about breakers alone."""
    found = verdicts(zone_loss(), zone_plan())["recovery.detected"]
    assert found.status is PASS
    assert "the edge took a zone out after 1.55 s" in found.sentence


def timed(fault_ms: Callable[[int], float], before_ms: Callable[[int], float] = lambda _: 2.0) -> Entries:
    """The reference loss in which the link to a stays open and takes as long as the nth request is told."""
    asked = {"before": 0, "inside": 0}

    def took(at_s: float, event: ev.Event) -> ev.Event:
        if not isinstance(event, ev.DoorSample) or (event.zone, event.way) != ("a", "link"):
            return event if not isinstance(event, ev.DoorSample) else door(event.zone, event.way)
        inside = 26.2 <= at_s < 51.0
        asked["inside" if inside else "before"] += 1
        ms = (fault_ms if inside else before_ms)(asked["inside" if inside else "before"])
        return door("a", "link", "ok" if ms < 800 else "timeout", ms)

    return changed(zone_loss(), took)


@pytest.mark.parametrize(
    ("sign", "fault_ms", "before_ms", "why"),
    [
        ("slower:200", lambda _: 201.0, lambda _: 199.0, ""),
        ("slower:200", lambda n: 250.0 if n % 6 else 2.0, lambda n: 2.0 if n % 6 else 250.0, ""),
        ("slower:200", lambda _: 800.0, lambda _: 2.0, ""),
        ("slower:200", lambda _: 199.0, lambda _: 2.0, "took 200 ms or more"),
        ("slower:200", lambda n: 250.0 if n % 2 else 2.0, lambda _: 2.0, "took 200 ms or more"),
        ("slower:200", lambda _: 250.0, lambda _: 210.0, "already"),
        ("spread:60", lambda n: 2.0 + n % 4 * 40, lambda n: 2.0 + n % 4 * 10, ""),
        ("spread:60", lambda _: 250.0, lambda _: 2.0, "lay 0 ms apart"),
        ("spread:60", lambda n: 2.0 + n % 4 * 40, lambda n: 2.0 + n % 4 * 40, "apart already"),
    ],
)
def test_a_door_that_stays_open_shows_a_fault_by_its_times(
    sign: str, fault_ms: Callable[[int], float], before_ms: Callable[[int], float], why: str
) -> None:
    """While it holds, and not before: what did not bite, or was there already, is UNKNOWN."""
    found = witness(wanting(f"link/a:{sign}", timed(fault_ms, before_ms)))
    assert found.status is (UNKNOWN if why else PASS), found
    assert why in found.sentence
    if not why:
        assert "(less before)" in found.sentence


@pytest.mark.parametrize("sign", ["slower:200", "spread:60"])
def test_a_door_that_nobody_asked_or_that_refuses_shows_no_time(sign: str) -> None:
    """Nor does one that is asked too seldom to say what is usual."""
    silent = without(
        zone_loss(), lambda e: isinstance(e, ev.DoorSample) and e.way == "link" and e.zone == "a"
    )
    for entries in (silent, doors("refused", way="link"), doors("reset", way="link")):
        assert witness(wanting(f"link/a:{sign}", entries)).status is UNKNOWN


@pytest.mark.parametrize(
    "sign", ["slower", "slower:", "slower:x", "slower:-1", "slower:0", "quicker:5", "spread:²"]
)
def test_a_sign_that_is_none_is_never_seen(sign: str) -> None:
    """A journal of another version, or a changed one."""
    assert witness(wanting(f"link/a:{sign}", timed(lambda _: 400.0))).status is UNKNOWN


@pytest.mark.parametrize("zone", ["a", "b"])
def test_a_door_that_nobody_asked_for_nearly_all_of_a_fault_is_unknown(zone: str) -> None:
    """A few requests at the beginning do not speak for the rest, of the lost zone or of another."""
    entries = without(zone_loss(), lambda e: isinstance(e, ev.DoorSample) and e.zone == zone)
    asked = [e for e in zone_loss() if isinstance(e[2], ev.DoorSample) and e[2].zone == zone]
    found = witness([*entries, *(e for e in asked if not 27.6 <= e[1] < 51)])
    assert (found.status, f"direct/{zone} was not asked for 23.5 s" in found.sentence) == (UNKNOWN, True)


def test_a_pause_of_the_probe_is_forgiven() -> None:
    """A machine that was busy for a moment."""
    entries = [e for e in zone_loss() if not (isinstance(e[2], ev.DoorSample) and 30 <= e[1] < 32.5)]
    assert witness(entries).status is PASS


def slow_model(outcome_after: str, ms_after: float) -> Entries:
    """The reference loss with another fault: the model is slow in zone a; the door of it after the revert."""

    def other(at_s: float, event: ev.Event) -> ev.Event:
        if isinstance(event, ev.FaultRequested):
            return dataclasses.replace(event, fault="link-toxic", witness="model/a:slower:1500")
        return door(event.zone, event.way) if isinstance(event, ev.DoorSample) else event

    asked = [11.5 + 0.5 * n for n in range(170)]
    model = [("probes", t, door("a", "model", latency_ms=2000.0 if 26.2 <= t < 51 else 30.0)) for t in asked]
    late = [("probes", t, door("a", "model", outcome_after, ms_after)) for t in asked if t >= 51.0]
    return [*changed(zone_loss(), other), *(e for e in model if e[1] < 51.0), *late]


@pytest.mark.parametrize(
    ("outcome", "ms", "why"),
    [
        ("ok", 30.0, ""),
        ("ok", 900.0, ""),
        ("ok", 2000.0, "model/a took 1500 ms or more after the revert still"),
        ("timeout", 2000.0, "model/a had only 0.0 % of requests ok after the revert"),
    ],
)
def test_a_stage_has_to_be_well_after_the_revert(outcome: str, ms: float, why: str) -> None:
    """A fault that stays is none that was reverted; a machine that is slower than before may be."""
    found = witness(slow_model(outcome, ms))
    assert (found.status, why in found.sentence) == (UNKNOWN if why else PASS, True), found
