"""A lost zone: noticed, done without, taken back, whole again; and what nobody saw is UNKNOWN."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import pytest

from drill.model import events as ev
from drill.model.plan import FailoverLimits
from drill.model.verdicts import Status, Verdict
from drill.objectives.failover import NAMES
from histories import Entries, changed, edge, member, outage, plan, verdicts, without, zone_loss, zone_plan

PASS, UNKNOWN, FAIL = Status.PASS, Status.UNKNOWN, Status.FAIL
DETECTED, PRIMARY, ZONE_BACK, REDUNDANCY, MTTR = NAMES


def judged(entries: Entries, **changes: Any) -> dict[str, Verdict]:
    """All verdicts."""
    return verdicts(entries, zone_plan(**changes))


def test_the_reference_loss_passes_with_its_times() -> None:
    """Each measured, each with the event that proves it."""
    found = judged(zone_loss())
    assert [found[name].status for name in NAMES] == [PASS] * 5
    assert [found[name].measured for name in NAMES] == ["1.55 s", "5.06 s", "7.00 s", "10.0 s", "5.40 s"]
    assert all(found[name].because for name in NAMES)


@pytest.mark.parametrize(
    ("objective", "change"),
    [
        (DETECTED, {"ejected_s": math.inf}),
        (DETECTED, {"ejected_s": 32.0}),
        (PRIMARY, {"primary_s": math.inf, "listens_s": math.inf, "fit_s": math.inf, "back_s": math.inf}),
        (PRIMARY, {"primary_s": 42.0}),
        (ZONE_BACK, {"back_s": math.inf}),
        (ZONE_BACK, {"back_s": 82.0}),
        (REDUNDANCY, {"streaming_s": math.inf}),
        (REDUNDANCY, {"streaming_s": 92.0}),
        (REDUNDANCY, {"resync_s": math.inf}),
        (MTTR, {"primary_s": 49.0, "reverted_s": 75.0, "listens_s": 76.0, "fit_s": 77.0}),
    ],
)
def test_what_comes_late_or_never_fails(objective: str, change: dict[str, float]) -> None:
    """Each by its own event."""
    limits = {"failover": FailoverLimits(5.0, 15.0, 30.0, 40.0, 20.0)}
    assert judged(zone_loss(**change), **limits)[objective].status is FAIL


@pytest.mark.parametrize(
    ("objective", "silent"),
    [
        (DETECTED, lambda at_s, e: isinstance(e, ev.EdgeSample) and 26.0 < at_s < 29.0),
        (PRIMARY, lambda at_s, e: isinstance(e, ev.MemberSample) and e.zone == "b" and 26.0 < at_s < 31.0),
        (ZONE_BACK, lambda at_s, e: isinstance(e, ev.EdgeSample) and 70.0 < at_s < 73.0),
        (REDUNDANCY, lambda at_s, e: isinstance(e, ev.MemberSample) and e.zone == "c" and 70.0 < at_s < 73.0),
    ],
)
def test_a_probe_that_was_silent_is_unknown(
    objective: str, silent: Callable[[float, ev.Event], bool]
) -> None:
    """Never PASS: what it would have said is not known."""
    quiet = [entry for entry in zone_loss() if not silent(entry[1], entry[2])]
    assert judged(quiet)[objective].status is UNKNOWN


@pytest.mark.parametrize("back_s", [math.inf, 82.0])
def test_a_zone_seen_out_after_the_limit_was_not_back_in_time(back_s: float) -> None:
    """FAIL, although the probe was silent for a while before that."""
    quiet = [
        e for e in zone_loss(back_s=back_s) if not (isinstance(e[2], ev.EdgeSample) and 60.0 < e[1] < 64.0)
    ]
    found = judged(quiet, failover=FailoverLimits(5.0, 15.0, 25.0, 40.0, 20.0))
    assert found[ZONE_BACK].status is FAIL


@pytest.mark.parametrize("kind", [ev.EdgeSample, ev.MemberSample])
def test_a_probe_that_never_spoke_is_unknown(kind: type[ev.Event]) -> None:
    """Nothing is known of what it should have told."""
    found = judged(without(zone_loss(), lambda e: isinstance(e, kind)))
    ours = (DETECTED, ZONE_BACK) if kind is ev.EdgeSample else (PRIMARY, REDUNDANCY)
    assert {found[name].status for name in ours} == {UNKNOWN}


def test_no_lost_zone_is_unknown() -> None:
    """An EHR outage takes none."""
    asked = plan(failover=zone_plan().objectives.failover)
    found = verdicts(outage(), asked)
    assert {found[name].status for name in NAMES} == {UNKNOWN}


def test_a_zone_that_was_never_given_back_cannot_come_back() -> None:
    """UNKNOWN, whatever the limit."""
    found = judged(without(zone_loss(), lambda e: isinstance(e, ev.FaultReverted)))
    assert {found[name].status for name in (ZONE_BACK, REDUNDANCY)} == {UNKNOWN}


def test_a_zone_that_the_edge_had_out_before_cannot_be_noticed() -> None:
    """It was not in use."""
    out = changed(
        zone_loss(),
        lambda at_s, e: (
            edge("a", healthy=False) if isinstance(e, ev.EdgeSample) and e.zone == "a" and at_s < 30 else e
        ),
    )
    assert judged(out)[DETECTED].status is UNKNOWN


def test_a_relapse_moves_the_return_behind_it() -> None:
    """Back at 58 s, out again at 70 s, back at 85 s: 34 s after the revert."""
    flaps = changed(
        zone_loss(),
        lambda at_s, e: (
            edge("a", healthy=False)
            if isinstance(e, ev.EdgeSample) and e.zone == "a" and 70 <= at_s < 85
            else e
        ),
    )
    found = judged(flaps)[ZONE_BACK]
    assert (found.status, found.measured) == (FAIL, "34.0 s")


def replica_lost(entries: Entries) -> Entries:
    """The same run, but the fault is for zone c, which holds no primary."""
    named = changed(
        entries,
        lambda _, e: (
            dataclasses.replace(e, spec='{"zone": "c"}', witness="direct/c:refused")
            if isinstance(e, ev.FaultRequested)
            else e
        ),
    )
    return [
        (stream, at_s, dataclasses.replace(e, zone={"a": "c", "c": "a"}.get(e.zone, e.zone)))
        if isinstance(e, ev.EdgeSample | ev.DoorSample)
        else (stream, at_s, e)
        for stream, at_s, e in named
        if not isinstance(e, ev.MemberSample)
    ]


def members(of: Callable[[float], tuple[tuple[str, str], ...]]) -> Entries:
    """Members by (zone, role) at each time; b is in sync."""
    times = [1.0 + n * 0.25 for n in range(390)]
    return [
        (
            "probes",
            t,
            ev.MemberSample(zone, bool(role), role, "running", zone == "b", role == "replica", 1, ""),
        )
        for t in times
        for zone, role in of(t)
    ]


def test_a_primary_elsewhere_just_stays() -> None:
    """The zone held none, and nothing changes."""

    def roles(t_s: float) -> tuple[tuple[str, str], ...]:
        return ("a", "primary"), ("b", "replica"), ("c", "" if 26.2 < t_s < 60 else "replica")

    found = judged([*replica_lost(zone_loss()), *members(roles)])[PRIMARY]
    assert (found.status, found.measured) == (PASS, "0 ms")
    assert "stayed" in found.sentence


def test_a_primary_elsewhere_that_is_lost_as_well_fails() -> None:
    """It was in no danger, and nobody is primary any more."""

    def roles(t_s: float) -> tuple[tuple[str, str], ...]:
        return ("a", "replica" if t_s > 28 else "primary"), ("b", "replica"), ("c", "replica")

    assert judged([*replica_lost(zone_loss()), *members(roles)])[PRIMARY].status is FAIL


def test_two_primaries_are_no_redundancy() -> None:
    """Each believes that it leads."""
    split = changed(
        zone_loss(),
        lambda at_s, e: (
            dataclasses.replace(e, role="primary")
            if isinstance(e, ev.MemberSample) and e.zone == "a" and e.ok and at_s > 60
            else e
        ),
    )
    assert judged(split)[REDUNDANCY].status is FAIL


def test_mttr_needs_the_recovery_of_callers() -> None:
    """Without their mark nobody knows."""
    assert judged(zone_loss(), recovery=None)[MTTR].status is UNKNOWN


def test_a_target_without_members_is_unknown() -> None:
    """A store that cannot fail over did not."""
    found = judged(zone_loss(), members=())
    assert {found[name].status for name in (PRIMARY, REDUNDANCY)} == {UNKNOWN}


def test_an_edge_that_takes_a_dead_zone_back_has_not_noticed() -> None:
    """Out after 1.5 s, in again at 32 s, and the zone is given back at 51 s."""

    def again(at_s: float, event: ev.Event) -> ev.Event:
        ours = isinstance(event, ev.EdgeSample) and event.zone == "a" and at_s >= 32.0
        return edge("a") if ours else event

    found = judged(changed(zone_loss(), again))
    assert (found[DETECTED].status, found[ZONE_BACK].status) == (FAIL, UNKNOWN)


def test_an_edge_that_wavers_while_it_may_has_noticed() -> None:
    """In again for a moment, within the limit."""

    def again(at_s: float, event: ev.Event) -> ev.Event:
        ours = isinstance(event, ev.EdgeSample) and event.zone == "a" and 29.0 <= at_s < 30.0
        return edge("a") if ours else event

    assert judged(changed(zone_loss(), again))[DETECTED].status is PASS


def test_a_zone_that_is_back_a_moment_before_its_revert_is_written_is_back() -> None:
    """An order is read back before it is written down."""
    assert judged(zone_loss(back_s=50.0))[DETECTED].status is PASS


def mute(zone: str, from_s: float, to_s: float) -> Callable[[float, ev.Event], ev.Event]:
    """A member that does not answer for a time."""

    def other(at_s: float, event: ev.Event) -> ev.Event:
        ours = isinstance(event, ev.MemberSample) and event.zone == zone and from_s <= at_s < to_s
        return member(zone, ok=False) if ours else event

    return other


@pytest.mark.parametrize(("to_s", "status"), [(34.5, PASS), (50.0, UNKNOWN)])
def test_a_primary_has_to_be_heard_as_long_as_the_zone_is_away(to_s: float, status: Status) -> None:
    """One second of a primary is none; a busy machine silences it for a moment."""
    assert judged(changed(zone_loss(), mute("b", 32.2, to_s)))[PRIMARY].status is status


def test_a_primary_that_fell_silent_did_not_stay() -> None:
    """The zone that was lost held a replica, and the primary elsewhere answered once after that."""

    def in_b(at_s: float, event: ev.Event) -> ev.Event:
        if not isinstance(event, ev.MemberSample) or not event.ok:
            return event
        return member("b", "primary") if event.zone == "b" else member(event.zone, sync=event.zone == "c")

    stays = changed(zone_loss(), in_b)
    assert judged(stays)[PRIMARY].status is PASS
    assert judged(changed(stays, mute("b", 26.6, 51.0)))[PRIMARY].status is UNKNOWN


@pytest.mark.parametrize(("to_s", "status"), [(56.5, PASS), (59.0, FAIL)])
def test_two_primaries_at_once_are_none(to_s: float, status: Status) -> None:
    """The old one may take a moment after its return to notice that it is none any more."""

    def old(at_s: float, event: ev.Event) -> ev.Event:
        ours = isinstance(event, ev.MemberSample) and event.zone == "a" and 55.0 <= at_s < to_s
        return member("a", "primary") if ours else event

    assert judged(changed(zone_loss(), old))[PRIMARY].status is status
