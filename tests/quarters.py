"""Runs of a quarter that never were, made from the one in `tests.fakes.run`: cheap, the same each time."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

from drill.definition.controls import catalogue
from drill.judge import judge
from drill.model.verdicts import Status, worst
from drill.quarter.calendar import Quarter
from drill.quarter.notes import Notes
from drill.quarter.population import in_order
from drill.quarter.trial import Measures, State, Time, Trial, trial, unreadable
from drill.quarter.values import Planned, QuarterView
from drill.quarter.view import build_quarter
from drill.report.values import anchor
from drill.runs import Judged
from fakes import run

ROOT = Path("runs")


@cache
def original() -> Trial:
    """The run of `tests.fakes.run` as a quarter sees it."""
    plan, streams = run.plan(), run.streams()
    return trial(Judged(ROOT / "ehr-outage" / run.RUN_ID, plan, streams, judge(plan, streams)), ROOT)


def a_trial(
    name: str, at: str, *, drill: str = "ehr-outage", state: State = State.CONDUCTED,
    recovery_s: float | None = 10.0, loss_s: float = 0.0, controls: tuple[str, ...] | None = None,
    **statuses: Status,
) -> Trial:  # fmt: skip
    """A run of that name and day; `breaker__opened=FAIL` changes one verdict, all others are PASS."""
    base = original()
    assert base.plan is not None and base.view is not None
    changed = {key.replace("__", "."): status for key, status in statuses.items()}
    verdicts = tuple(
        dataclasses.replace(v, status=changed.get(v.objective, Status.PASS)) for v in base.verdicts
    )
    started = datetime.fromisoformat(at).replace(tzinfo=UTC)
    key = anchor(drill, name) + "-"
    view = dataclasses.replace(base.view, wide=base.view.wide.replace(base.key, key))
    return dataclasses.replace(
        base, drill=drill, run_id=name, key=key, view=view, where=f"{drill}/{name}", state=state,
        started=started, ended=started + timedelta(minutes=2), verdicts=verdicts,
        status=worst(v.status for v in verdicts), digest=anchor(name).ljust(64, "0")[:64],
        plan=dataclasses.replace(base.plan, drill=drill, controls=controls or base.plan.controls),
        measures=Measures(None if recovery_s is None else Time(recovery_s), Time(2.0), Time(loss_s)),
    )  # fmt: skip


PLANNED = (
    Planned("ehr-outage", "EHR outage", "on-call", "SEV2", "R-012", "", "monthly", ("SOC2 A1.3",)),
    Planned("ehr-slow", "EHR slow", "on-call", "SEV2", "R-012", "", "weekly", ("SOC2 CC7.2",)),
)


def some_trials() -> tuple[Trial, ...]:
    """A failure, the run that closed it, a sham, one of the quarter before, and one that cannot be read."""
    return in_order((
        a_trial("r3", "2026-11-03", state=State.SHAM, integrity__fault=Status.UNKNOWN),
        a_trial("r1", "2026-10-01", breaker__opened=Status.FAIL),
        a_trial("r2", "2026-10-02"),
        a_trial("r0", "2026-08-01"),
        unreadable(ROOT / "ehr-outage" / "20261104T000000Z-aaaaaa", ROOT, "no readable plan.json"),
    ))  # fmt: skip


def a_view(trials: tuple[Trial, ...] = (), planned: tuple[Planned, ...] = PLANNED) -> QuarterView:
    """The report of these runs."""
    return build_quarter(
        Quarter(2026, 4), date(2026, 11, 25), trials, planned, Notes(), catalogue(), "drill report"
    )
