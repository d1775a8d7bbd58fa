"""A restore has its times in the quarter, too: until the copy served, and how much it lacks."""

from __future__ import annotations

from pathlib import Path

import histories as h
from drill.judge import judge
from drill.model import restore_events as re
from drill.quarter.measured import LOSS, RECOVERY
from drill.quarter.trial import Measures, Time, trial
from drill.runs import Judged
from unit.test_restore_objectives import plan, told, without


def measured(entries: h.Entries) -> Measures:
    """Of a run with this history."""
    streams, the_plan = h.streams(entries), plan()
    folder = Path("runs/restore/20261127T120000Z-abcdef")
    return trial(Judged(folder, the_plan, streams, judge(the_plan, streams)), Path("runs")).measures


def test_a_restore_is_followed_by_when_it_served_and_by_what_it_lacks() -> None:
    """Against the plan's own limits; nobody detects anything."""
    assert measured(told(kept=("c-0",))) == Measures(Time(4.0), None, Time(10.0))
    assert (RECOVERY.limit_s(plan()), LOSS.limit_s(plan())) == (30.0, 15.0)


def test_a_copy_that_lacks_nothing_lost_nothing() -> None:
    """Which is not the same as not known."""
    assert measured(told()).loss == Time(0.0)


def test_what_never_served_or_was_not_read_has_no_time() -> None:
    """It must not improve a mean."""
    assert measured(without(told(), re.RestorePhase)).recovery is None
    assert measured(without(told(), re.TurnsRestored)).loss is None


def test_where_nothing_is_restored_nothing_may_be_lost() -> None:
    """The limit of every other drill."""
    assert LOSS.limit_s(h.plan()) == 0.0
