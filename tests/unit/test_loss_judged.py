"""The run of a lost zone as a whole: green only if it is whole, and red for the reason that is the cause."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from drill.judge import headline, judge, objective_names, overall, ranked
from drill.model import events as ev
from drill.model.plan import CallLimits
from drill.model.verdicts import Status, Verdict
from histories import END_S, Entries, changed, streams, without, zone_loss, zone_plan

# The reference has too few callers to try the survivors' room, and kills no single service.
PLAN = zone_plan(capacity=None, remediation=None)
UNASKED = {"ServiceSample", "HealthSample", "WitnessSample", "RequestSample", "BreakerSample", "EhrRecord"}


def found(entries: Entries) -> tuple[Verdict, ...]:
    """The verdicts on a run that was begun with this plan."""
    begun = changed(
        entries,
        lambda _, e: dataclasses.replace(e, plan_digest=PLAN.digest) if isinstance(e, ev.RunStarted) else e,
    )
    return judge(PLAN, streams(begun))


def test_the_reference_loss_is_a_pass() -> None:
    """With every verdict that the plan promises."""
    verdicts = found(zone_loss())
    assert overall(verdicts) is Status.PASS
    assert tuple(v.objective for v in verdicts) == objective_names(PLAN.objectives)


@pytest.mark.parametrize("kind", sorted({type(e).__name__ for _, _, e in zone_loss()} - UNASKED))
def test_no_kind_of_event_can_be_left_out_for_a_green(kind: str) -> None:
    """Missing evidence is never PASS."""
    assert overall(found(without(zone_loss(), lambda e: type(e).__name__ == kind))) is not Status.PASS


@pytest.mark.parametrize("kept_s", range(5, int(END_S), 5))
def test_no_prefix_of_a_run_is_green(kept_s: int) -> None:
    """Cut off anywhere, it is not a PASS and not a crash of the judge."""
    verdicts = found([e for e in zone_loss() if e[1] <= kept_s])
    assert overall(verdicts) is not Status.PASS
    assert not any("judge itself failed" in v.sentence for v in verdicts)


def test_a_ledger_that_is_cut_short_is_unknown() -> None:
    """Turns without an end, in the load's own stream: the load cannot vouch for the rest."""
    short = [e for e in zone_loss() if not (e[0] == "load" and e[1] > 60.0)]
    assert overall(found(short)) is not Status.PASS


@pytest.mark.parametrize(
    ("cause", "change"),
    [
        (
            "failover.primary",
            {"primary_s": math.inf, "listens_s": math.inf, "fit_s": math.inf, "back_s": math.inf},
        ),
        ("failover.primary", {"primary_s": 44.0}),
        ("failover.zone_back", {"listens_s": math.inf, "fit_s": math.inf, "back_s": math.inf}),
        ("failover.redundancy", {"streaming_s": math.inf}),
        ("failover.detected", {"ejected_s": math.inf}),
    ],
)
def test_the_headline_names_the_cause(cause: str, change: dict[str, Any]) -> None:
    """No failover, a slow one, no restart, a replica that never follows, a check that lies."""
    assert f"FAIL: {cause}:" in headline(PLAN, found(zone_loss(**change)))


@pytest.mark.parametrize(
    ("first", "others"),
    [
        ("turns.lost", ("turns.holes", "failover.primary", "calls.dropped")),
        ("turns.holes", ("turns.order", "in_flight.resumed")),
        ("failover.primary", ("failover.zone_back", "recovery.time_to_recover", "calls.dropped")),
        ("capacity.blocked", ("recovery.time_to_recover", "capacity.expected", "in_flight.resumed")),
        ("recovery.time_to_recover", ("in_flight.silence", "calls.no_cascade", "failover.redundancy")),
        ("remediation.restarted", ("failover.zone_back", "calls.answered")),
    ],
)
def test_what_is_said_first(first: str, others: tuple[str, ...]) -> None:
    """Records, then what the platform did not do, then what came of it."""
    names = [*others, first, "failover.mttr"]
    assert ranked([Verdict(name, Status.FAIL, "") for name in names])[0].objective == first


def test_abandoned_calls_count_as_calls_that_were_not_kept() -> None:
    """Silence until the caller hangs up is no better than hanging up."""
    left = [
        (stream, at_s, ev.CallEnded(e.call, "abandoned", ""))
        if isinstance(e, ev.CallEnded) and e.outcome == "dropped"
        else (stream, at_s, e)
        for stream, at_s, e in zone_loss()
    ]
    strict = zone_plan(calls=CallLimits(3, 1.5, 8.0, 0.95))
    verdict = next(v for v in judge(strict, streams(left)) if v.objective == "calls.dropped")
    assert verdict.status is Status.FAIL
    assert "in 7 the caller gave up on the silence" in verdict.sentence
