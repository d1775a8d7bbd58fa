"""A killed service runs again by itself: another process, in time, with nobody's hand in it."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from drill.model import events as ev
from drill.model.verdicts import Status, Verdict
from histories import (
    APPLIED_S,
    Entries,
    applied,
    changed,
    door,
    requested,
    reverted,
    service,
    verdicts,
    without,
    zone_loss,
    zone_plan,
)

PASS, UNKNOWN, FAIL = Status.PASS, Status.UNKNOWN, Status.FAIL
RESTARTED, UNAIDED = "remediation.restarted", "remediation.unaided"
SPEC = '{"control": "http://127.20.0.9:8475", "service": "agent-b", "zone": "b"}'


def killed(
    up_s: float = 30.0, *, pid: int = 4444, restarts: int = 1, commanded: int = 0, until: str = "up",
    kind: str = "service-kill", hung: bool = False,
) -> Entries:  # fmt: skip
    """Zone b's agent is killed at 26.2 and runs again at `up_s`; nothing happens to a zone."""
    calm = zone_loss(killed_s=math.inf, ejected_s=math.inf, primary_s=math.inf, resync_s=math.inf)
    calm = without(calm, lambda e: e.kind.startswith("fault.") or getattr(e, "service", "") == "agent-b")
    fault = [
        requested(witness="direct/b:refused", fault=kind, spec=SPEC), applied(), reverted(at_s=51.0),
    ]  # fmt: skip
    seen: Entries = []
    for half in range(2, 198):
        t = half / 2
        if t < APPLIED_S:
            now = service("b")
        elif t < up_s:
            now = service("b", state="up" if hung else "ended (-9)", pid=4000 if hung else 0)
        else:
            state = until if t > 90 else "up"
            now = service("b", state=state, pid=pid, restarts=restarts, commanded=commanded)
        seen.append(("probes", t, now))
    return [*calm, *fault, *seen]


def judged(entries: Entries, **changes: Any) -> dict[str, Verdict]:
    """All verdicts."""
    return verdicts(entries, zone_plan(**changes))


def test_a_service_that_comes_back_by_itself_passes() -> None:
    """3.8 s after the fault."""
    found = judged(killed())
    assert (found[RESTARTED].status, found[UNAIDED].status) == (PASS, PASS)
    assert found[RESTARTED].measured == "3.80 s"


def test_a_service_that_hung_and_was_replaced_passes() -> None:
    """It was never gone, and then it was another process."""
    found = judged(killed(kind="service-hang", hung=True))
    assert (found[RESTARTED].status, found[UNAIDED].status) == (PASS, PASS)


def test_a_service_that_never_comes_back_fails_and_help_is_not_known() -> None:
    """Nobody started it."""
    found = judged(killed(up_s=math.inf))
    assert (found[RESTARTED].status, found[UNAIDED].status) == (FAIL, UNKNOWN)


def test_a_hang_that_nobody_found_fails() -> None:
    """The same process to the end, though it says up."""
    assert judged(killed(up_s=math.inf, kind="service-hang", hung=True))[RESTARTED].status is FAIL


def test_late_is_a_fail() -> None:
    """20 s is the limit."""
    assert judged(killed(up_s=50.0))[RESTARTED].status is FAIL


def test_a_service_that_ends_again_has_not_come_back() -> None:
    """It crashes in a loop."""
    assert judged(killed(until="ended (1)"))[RESTARTED].status is FAIL


def test_a_restart_on_request_is_help() -> None:
    """Somebody told the platform to."""
    found = judged(killed(commanded=1))
    assert (found[RESTARTED].status, found[UNAIDED].status) == (PASS, FAIL)


def test_a_start_that_the_platform_does_not_count_is_help() -> None:
    """It was not its own."""
    assert judged(killed(restarts=0))[UNAIDED].status is FAIL


def test_a_zone_control_that_was_silent_is_unknown() -> None:
    """It may have come back before."""
    quiet = [e for e in killed() if not (isinstance(e[2], ev.ServiceSample) and 26.0 < e[1] < 33.0)]
    assert judged(quiet)[RESTARTED].status is UNKNOWN


def test_a_zone_control_that_never_spoke_is_unknown() -> None:
    """Nobody told of the service."""
    found = judged(without(killed(), lambda e: isinstance(e, ev.ServiceSample)))
    assert (found[RESTARTED].status, found[UNAIDED].status) == (UNKNOWN, UNKNOWN)


def test_a_zone_that_the_drill_gave_back_hides_whose_start_it_was() -> None:
    """The same run took zone b."""
    zone = requested("f2", 40.0, "direct/b:refused", fault="zone-kill", spec='{"zone": "b"}')
    both = [*killed(), zone, applied("f2", 40.1), reverted("f2", 50.0)]
    assert judged(both)[UNAIDED].status is UNKNOWN


def test_no_such_fault_is_unknown() -> None:
    """The loss of a zone kills services, but its return is commanded."""
    found = judged(zone_loss())
    assert (found[RESTARTED].status, found[UNAIDED].status) == (UNKNOWN, UNKNOWN)


def test_the_witness_of_a_killed_service_is_its_door_or_the_zone_control() -> None:
    """Gone within 15 s is seen, by either; neither is UNKNOWN."""
    assert judged(killed())["integrity.witness"].status is PASS
    unseen = without(killed(), lambda e: isinstance(e, ev.ServiceSample))
    assert judged(unseen)["integrity.witness"].status is UNKNOWN


def test_a_service_that_crashes_again_and_again_fails() -> None:
    """It ran again after two seconds, and after four, and so on: what counts is the process that stays."""

    def crashing(at_s: float, event: ev.Event) -> ev.Event:
        if getattr(event, "service", "") != "agent-b" or at_s < 30.0 or at_s >= 90.0:
            return event
        times = int((at_s - 30.0) / 2)
        down = int(at_s) % 2 == 1
        state = "ended (1)" if down else "up"
        return service("b", state=state, pid=0 if down else 5000 + times, restarts=times)

    found = judged(changed(killed(), crashing))[RESTARTED]
    assert (found.status, found.measured) == (FAIL, "63.8 s")


def test_a_crash_within_the_limit_is_forgiven() -> None:
    """The one that stays came in time, and its time is told."""

    def crashed(at_s: float, event: ev.Event) -> ev.Event:
        ours = getattr(event, "service", "") == "agent-b"
        return service("b", pid=4300) if ours and 28.0 <= at_s < 29.0 else event

    found = judged(changed(killed(), crashed))[RESTARTED]
    assert (found.status, found.measured) == (PASS, "3.80 s")


def test_a_zone_control_that_fell_silent_after_the_restart_is_unknown() -> None:
    """What it said last is not what is."""
    told = [
        e for e in killed() if not (isinstance(e[2], ev.ServiceSample) and e[2].zone == "b" and e[1] > 32)
    ]
    found = judged(told)
    assert (found[RESTARTED].status, found[UNAIDED].status) == (UNKNOWN, UNKNOWN)


def test_a_hang_that_was_left_stopped_is_not_reverted() -> None:
    """The revert found the process that was stopped, and woke nobody."""
    still = '{"pid": 4000, "reverted by": "nobody: that is the platform\'s part"}'

    def left(_: float, event: ev.Event) -> ev.Event:
        return ev.FaultReverted("f1", still, "rollback") if isinstance(event, ev.FaultReverted) else event

    entries = changed(killed(up_s=math.inf, kind="service-hang", hung=True), left)
    assert judged(entries)["integrity.reverted"].status is FAIL


def test_a_hang_that_the_platform_ended_is_reverted() -> None:
    """Another process was there."""
    other = '{"pid": 4444, "reverted by": "nobody: that is the platform\'s part"}'

    def left(_: float, event: ev.Event) -> ev.Event:
        return ev.FaultReverted("f1", other, "rollback") if isinstance(event, ev.FaultReverted) else event

    entries = changed(killed(kind="service-hang", hung=True), left)
    assert judged(entries)["integrity.reverted"].status is PASS


@pytest.mark.parametrize(("timeouts", "status"), [(1, UNKNOWN), (3, PASS)])
def test_one_late_answer_proves_no_hang(timeouts: int, status: Status) -> None:
    """A busy machine gives as much."""
    late = [26.5 + n for n in range(timeouts)]
    asked = [("probes", t, door("b", outcome="timeout")) for t in late]
    entries = changed(
        killed(up_s=math.inf, kind="service-hang", hung=True),
        lambda _, e: (
            dataclasses.replace(e, witness="direct/b:timeout") if isinstance(e, ev.FaultRequested) else e
        ),
    )
    assert judged([*entries, *asked])["integrity.witness"].status is status
