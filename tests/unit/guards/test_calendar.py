"""A drill runs within allowed hours and outside of freezes, from its begin to its end, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.conduct.guards.calendar import allowed
from drill.definition.guards_kinds import HOURS, MOMENT
from drill.model.guards import Calendar, Freeze

# 2026-11-25 is a Wednesday.
WED = datetime(2026, 11, 25, tzinfo=UTC)
OFFICE = Calendar("UTC", (HOURS.parse("mon-fri 09:00-17:00"),))


def says(calendar: Calendar, begin: datetime, minutes: float = 10) -> bool:
    return allowed(calendar, begin, begin + timedelta(minutes=minutes))[0]


@pytest.mark.parametrize(
    ("hour", "minutes", "ok"),
    [(8.99, 10, False), (9, 10, True), (12, 10, True), (16.8, 12, True), (16.9, 10, False), (17, 1, False)],
)
def test_all_of_it_is_within_the_hours(hour: float, minutes: float, ok: bool) -> None:
    """Not only its begin."""
    assert says(OFFICE, WED + timedelta(hours=hour), minutes) is ok


def test_days_that_are_not_named_are_closed() -> None:
    """Saturday noon."""
    assert not says(OFFICE, WED + timedelta(days=3, hours=12))


def test_no_hours_are_all_hours_and_nothing_else_is_lifted() -> None:
    """A freeze holds still."""
    freeze = Freeze(MOMENT.parse("2026-11-25T10:00"), MOMENT.parse("2026-11-25T11:00"), "release night")
    calendar = Calendar("UTC", (), (freeze,))
    assert says(calendar, WED + timedelta(hours=9))
    assert not says(calendar, WED + timedelta(hours=9.9), 10)  # would run into it
    assert not says(calendar, WED + timedelta(hours=10.5))
    assert says(calendar, WED + timedelta(hours=11))
    assert "release night" in allowed(calendar, WED + timedelta(hours=10), WED + timedelta(hours=11))[1]


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin() -> None:
    """Friday night goes on into Saturday, and Saturday night does not exist."""
    night = Calendar("UTC", (HOURS.parse("mon-fri 22:00-05:00"),))
    saturday = WED + timedelta(days=3)
    assert says(night, saturday + timedelta(hours=3))
    assert says(night, saturday - timedelta(minutes=5))
    assert not says(night, saturday + timedelta(hours=23))


def test_stretches_that_meet_are_one() -> None:
    """Half past eleven to half past twelve, with a border at noon."""
    calendar = Calendar("UTC", (HOURS.parse("wed 09:00-12:00"), HOURS.parse("wed 12:00-17:00")))
    assert says(calendar, WED + timedelta(hours=11.5), 60)


def test_hours_are_those_of_the_time_zone() -> None:
    """Nine in New York is two in the afternoon in UTC, in winter."""
    calendar = Calendar("America/New_York", OFFICE.hours)
    assert not says(calendar, WED + timedelta(hours=10))
    assert says(calendar, WED + timedelta(hours=14.5))


def test_a_night_with_a_change_of_clocks_is_as_long_as_it_is() -> None:
    """In Berlin, 01:00-05:00 on 2026-10-25 lasts five hours: from 23:00 to 04:00 UTC."""
    calendar = Calendar("Europe/Berlin", (HOURS.parse("sun 01:00-05:00"),))
    begin = datetime(2026, 10, 24, 23, tzinfo=UTC)
    assert says(calendar, begin, 5 * 60)
    assert not says(calendar, begin, 5 * 60 + 1)


@given(st.integers(0, 7 * 24 * 60), st.integers(1, 24 * 60), st.integers(0, 24 * 60))
def test_what_is_allowed_is_allowed_in_all_its_parts(at_min: int, length_min: int, cut_min: int) -> None:
    """No part of an allowed drill would have been refused."""
    begin, cut = WED + timedelta(minutes=at_min), min(cut_min, length_min)
    if says(OFFICE, begin, length_min) and cut:
        assert says(OFFICE, begin, cut)
        assert says(OFFICE, begin + timedelta(minutes=length_min - cut), cut)


@pytest.mark.parametrize(
    "text",
    ["9-17", "mon 09:00", "mon-fri 17:00-17:00", "mon 24:00-25:00", "mon 24:00-01:00", "xyz 09:00-10:00", 9],
)
def test_hours_that_are_none_are_refused_in_words(text: object) -> None:
    """With an example."""
    with pytest.raises(ValueError, match="mon-fri 09:00-17:00"):
        HOURS.parse(text)


def test_days_may_go_over_the_week_end() -> None:
    """Friday to Monday is four days."""
    assert HOURS.parse("fri-mon 00:00-24:00").days == (0, 4, 5, 6)
