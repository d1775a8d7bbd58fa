"""What a breaker owes its callers, told from its own samples and from the wire."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

from drill.model import events as ev
from drill.model.plan import BreakerLimits
from drill.model.verdicts import Status
from histories import (
    APPLIED_S,
    CLOSED_S,
    OPENED_S,
    REVERTED_S,
    Entries,
    changed,
    outage,
    plan,
    sampled,
    turn,
    verdicts,
    without,
)

PASS, UNKNOWN, FAIL = Status.PASS, Status.UNKNOWN, Status.FAIL
OURS = (
    "breaker.opened", "breaker.failed_fast", "breaker.quiet_while_open", "breaker.closed", "breaker.legal",
    "breaker.no_retry_storm",
)  # fmt: skip


def breaker_of(zone: str, say: Callable[[float, ev.BreakerSample], ev.BreakerSample]) -> Entries:
    """The reference outage with one zone's breaker saying something else."""

    def change(at_s: float, event: ev.Event) -> ev.Event:
        return say(at_s, event) if isinstance(event, ev.BreakerSample) and event.zone == zone else event

    return changed(outage(), change)


def silent(zone: str, from_s: float, to_s: float, kind: type[ev.Event] = ev.BreakerSample) -> Entries:
    """The reference outage with a zone that could not be read for a while."""
    return [
        e for e in outage()
        if not (isinstance(e[2], kind) and getattr(e[2], "zone", "") == zone and from_s < e[1] < to_s)
    ]  # fmt: skip


def wire_adds(extra: Callable[[float], int]) -> Entries:
    """The reference outage with more requests of zone a on the wire."""

    def change(at_s: float, event: ev.Event) -> ev.Event:
        if isinstance(event, ev.RequestSample) and event.zone == "a":
            return dataclasses.replace(event, requests=event.requests + extra(at_s))
        return event

    return changed(outage(), change)


def test_a_working_breaker_passes_all() -> None:
    """The reference outage."""
    found = verdicts(outage())
    assert {name: found[name].status for name in OURS} == dict.fromkeys(OURS, PASS)


def test_a_breaker_that_never_opens_fails_by_name() -> None:
    """Watched all the time and never open: FAIL, and the sentence names the zone."""
    found = verdicts(breaker_of("b", lambda _, __: sampled("b", "closed")))["breaker.opened"]
    assert found.status is FAIL
    assert "zone b never opened" in found.sentence


def test_a_zone_that_failed_is_a_fail_though_another_was_blind() -> None:
    """What is not known of zone a does not excuse zone b."""
    entries = [
        e for e in breaker_of("b", lambda _, __: sampled("b", "closed"))
        if not (isinstance(e[2], ev.BreakerSample) and e[2].zone == "a")
    ]  # fmt: skip
    assert verdicts(entries)["breaker.opened"].status is FAIL


def test_opening_too_late_is_a_fail() -> None:
    """1.8 s against a limit of 1 s."""
    limits = BreakerLimits(1.0, 15.0, 1, 5.0, 2.5)
    assert verdicts(outage(), plan(breaker=limits))["breaker.opened"].status is FAIL


def test_a_blind_zone_is_unknown_everywhere_it_matters() -> None:
    """No sample of zone b during fault and recovery."""
    found = verdicts(silent("b", APPLIED_S, 90.0))
    for name in (
        "breaker.opened",
        "breaker.closed",
        "breaker.legal",
        "breaker.failed_fast",
        "breaker.quiet_while_open",
    ):
        assert found[name].status is UNKNOWN, name


def test_samples_that_could_not_be_read_are_no_samples() -> None:
    """`ok` false for ten seconds is a silence."""

    def unread(at_s: float, sample: ev.BreakerSample) -> ev.BreakerSample:
        return dataclasses.replace(sample, ok=False, state="") if 40 < at_s < 50 else sample

    assert verdicts(breaker_of("a", unread))["breaker.legal"].status is UNKNOWN


def test_a_breaker_that_stays_open_fails() -> None:
    """Open until the end of the run."""

    def stuck(at_s: float, sample: ev.BreakerSample) -> ev.BreakerSample:
        return sample if at_s < CLOSED_S else sampled("a", "open", 999, json.dumps({"closed>open": 1}))

    found = verdicts(breaker_of("a", stuck))["breaker.closed"]
    assert (found.status, found.measured) == (FAIL, "never")


def test_closing_too_late_is_a_fail() -> None:
    """4 s after the revert against a limit of 2 s."""
    limits = BreakerLimits(15.0, 2.0, 1, 5.0, 2.5)
    assert verdicts(outage(), plan(breaker=limits))["breaker.closed"].status is FAIL


def test_a_breaker_that_reopens_has_not_closed_until_it_stays_so() -> None:
    """Open again from 70 s to 80 s: closed 23.8 s after the revert."""

    def again(at_s: float, sample: ev.BreakerSample) -> ev.BreakerSample:
        return dataclasses.replace(sample, state="open") if 70 <= at_s < 80 else sample

    assert verdicts(breaker_of("a", again))["breaker.closed"].status is FAIL


def test_an_illegal_transition_is_a_fail() -> None:
    """closed > half_open is in no breaker's law."""

    def odd(at_s: float, sample: ev.BreakerSample) -> ev.BreakerSample:
        moves = json.loads(sample.transitions or "{}") | ({"closed>half_open": 1} if at_s > 70 else {})
        return dataclasses.replace(sample, transitions=json.dumps(moves) if moves else "")

    found = verdicts(breaker_of("a", odd))["breaker.legal"]
    assert found.status is FAIL
    assert "closed to half_open in zone a" in found.sentence


def test_sampled_states_may_miss_a_short_half_open() -> None:
    """Without a counter, open > closed is read as open > half_open > closed."""
    entries = breaker_of("a", lambda _, s: dataclasses.replace(s, transitions=""))
    assert verdicts(entries)["breaker.legal"].status is PASS


def test_callers_who_wait_while_it_is_open_fail_it() -> None:
    """Turns that need the EHR and take 3 s each, long after the opening."""
    slow = [e for n in range(20) for e in turn(f"c{n:02d}", 900, 40.0 + n / 10, 3.0, "lookup", "degraded")]
    assert verdicts([*outage(), *slow])["breaker.failed_fast"].status is FAIL


def test_a_breaker_that_refused_nothing_did_not_fail_fast() -> None:
    """`not_permitted` did not grow: nothing shows that it was asked."""
    entries = breaker_of("a", lambda _, s: dataclasses.replace(s, not_permitted=0))
    assert verdicts(entries)["breaker.failed_fast"].status is UNKNOWN


def test_requests_while_open_fail_though_the_breaker_says_otherwise() -> None:
    """One request a second on the wire of zone a: the wire is believed."""
    found = verdicts(wire_adds(lambda t: int(max(0.0, min(t, CLOSED_S) - OPENED_S))))
    assert found["breaker.quiet_while_open"].status is FAIL
    assert "zone a" in found["breaker.quiet_while_open"].sentence


def test_a_wire_that_was_not_counted_is_unknown() -> None:
    """No independent count, no proof of silence."""
    found = verdicts(without(outage(), lambda e: isinstance(e, ev.RequestSample)))
    assert found["breaker.quiet_while_open"].status is UNKNOWN
    assert found["breaker.no_retry_storm"].status is UNKNOWN


def test_a_retry_storm_is_a_fail() -> None:
    """Ten more requests a second in zone a while the fault holds."""
    found = verdicts(wire_adds(lambda t: int(10 * max(0.0, min(t, REVERTED_S) - APPLIED_S))))
    assert found["breaker.no_retry_storm"].status is FAIL


def test_a_storm_is_a_fail_though_another_zone_was_not_counted() -> None:
    """What is missing could only make it worse."""
    storm = wire_adds(lambda t: int(10 * max(0.0, min(t, REVERTED_S) - APPLIED_S)))
    entries = [e for e in storm if not (isinstance(e[2], ev.RequestSample) and e[2].zone == "b")]
    assert verdicts(entries)["breaker.no_retry_storm"].status is FAIL


def test_without_a_fault_all_are_unknown() -> None:
    """Nothing to react to."""
    found = verdicts([e for e in outage() if e[0] != "faults"])
    assert {found[name].status for name in OURS} == {UNKNOWN}


def test_a_breaker_that_closes_into_the_outage_fails() -> None:
    """Open for five seconds, and closed 23 s before the revert."""

    def early(at_s: float, event: ev.Event) -> ev.Event:
        if not isinstance(event, ev.BreakerSample) or at_s < OPENED_S:
            return event
        moves = {"closed>open": 1} | ({"open>half_open": 1, "half_open>closed": 1} if at_s >= 33.2 else {})
        state = "closed" if at_s >= 33.2 else "open"
        return dataclasses.replace(event, state=state, transitions=json.dumps(moves))

    found = verdicts(changed(outage(), early))["breaker.closed"]
    assert (found.status, "23.0 s before" in found.sentence) == (FAIL, True)


def test_a_counter_that_counts_nothing_before_the_fault_proves_nothing() -> None:
    """Neither quiet nor the absence of a storm."""

    def dead(_: float, event: ev.Event) -> ev.Event:
        return dataclasses.replace(event, requests=0) if isinstance(event, ev.RequestSample) else event

    found = verdicts(changed(outage(), dead))
    assert found["breaker.quiet_while_open"].status is Status.UNKNOWN
    assert found["breaker.no_retry_storm"].status is Status.UNKNOWN


def test_a_plan_without_zones_proves_nothing() -> None:
    """Nobody was asked, so nobody can have passed."""
    found = verdicts(outage(), plan(zones=(), capacities=()))
    asked = {found[name].status for name in found if name.startswith("breaker.")}
    assert asked | {found["integrity.witness"].status} == {Status.UNKNOWN}
