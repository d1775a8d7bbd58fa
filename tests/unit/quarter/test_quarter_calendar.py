"""A schedule is kept by runs that gave an answer, and what is not due yet is not missed."""

from __future__ import annotations

from datetime import date

import pytest

from drill.model.errors import DefinitionError
from drill.quarter.calendar import Quarter, due, parse_quarter, periods

Q4 = Quarter(2026, 4)


def test_a_quarter_has_its_first_and_last_day() -> None:
    """Also the last of a year."""
    assert (Q4.first, Q4.last, str(Q4.before)) == (date(2026, 10, 1), date(2026, 12, 31), "2026Q3")
    assert str(parse_quarter("2026q1").before) == "2025Q4"


@pytest.mark.parametrize("text", ["2026", "2026Q5", "Q4 2026", "", "0000Q1"])
def test_what_is_no_quarter_is_refused(text: str) -> None:
    """With a word on how to write one."""
    with pytest.raises(DefinitionError, match="2026Q4"):
        parse_quarter(text)


def test_periods_of_each_schedule() -> None:
    """Months, the quarter, and the weeks that end in it."""
    assert [p.name for p in periods("monthly", Q4)] == ["2026-10", "2026-11", "2026-12"]
    assert [p.name for p in periods("quarterly", Q4)] == ["2026Q4"]
    weeks = periods("weekly", Q4)
    assert (len(weeks), weeks[0].name, weeks[0].first) == (13, "2026-W40", date(2026, 9, 28))
    assert len(periods("daily", Q4)) == 92
    assert periods("on demand", Q4) == periods("", Q4) == ()


def test_a_month_without_an_answer_is_missed_and_this_one_is_pending() -> None:
    """As of a day within November, December is nobody's fault."""
    found = due("monthly", [date(2026, 10, 5)], Q4, date(2026, 11, 25))
    assert (found.periods, found.missed) == (1, ())
    assert found.pending is not None
    assert "next due by 2026-11-30" in found.sentence
    assert [p.name for p in due("monthly", [], Q4, date(2026, 11, 25)).missed] == ["2026-10"]


def test_on_the_last_day_everything_is_due() -> None:
    """A quarter that is over has no pending period."""
    found = due("quarterly", [], Q4, Q4.last)
    assert ([p.name for p in found.missed], found.pending) == (["2026Q4"], None)


def test_a_run_after_the_reports_day_keeps_nothing() -> None:
    """The report speaks of its own day."""
    assert due("monthly", [date(2026, 10, 30)], Q4, date(2026, 10, 20)).pending is not None


def test_a_week_that_began_in_the_quarter_before_is_kept_by_a_run_in_it() -> None:
    """It belongs to the quarter in which it ends."""
    assert due("weekly", [date(2026, 9, 29)], Q4, date(2026, 10, 6)).missed == ()
