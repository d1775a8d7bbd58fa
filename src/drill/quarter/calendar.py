"""Quarters, and the periods in which a drill is due by its own schedule.

A schedule is kept by runs that gave an answer. In each period of it (a day, a week from Monday on, a month,
the quarter) there has to be one that ended PASS or FAIL; a sham, a refused or an aborted run, and one that
ended UNKNOWN, was an attempt and no test. Everything is in UTC, and what lies after the report's own day is
not yet due.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from drill.model.errors import DefinitionError

_QUARTER = re.compile(r"(\d{4})-?[Qq]([1-4])")
_DAY = timedelta(days=1)
LEAST_DUE = {"daily": "a day", "weekly": "a week", "monthly": "a month", "quarterly": "a quarter"}


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter of a year, from the first day to the last."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        return (date(self.year + (self.number == 4), self.number % 4 * 3 + 1, 1)) - _DAY

    @property
    def before(self) -> Quarter:
        """The quarter that came before it."""
        return Quarter(self.year, self.number - 1) if self.number > 1 else Quarter(self.year - 1, 4)

    def holds(self, day: date) -> bool:
        """Whether a day is within it."""
        return self.first <= day <= self.last


def parse_quarter(text: str) -> Quarter:
    """`2026Q4`; DefinitionError says how to write it."""
    match = _QUARTER.fullmatch(text.strip())
    if match is None or not 1 <= int(match[1]) < 9999:  # the last year that dates can hold
        raise DefinitionError(f"{text!r} is not a quarter; write it as 2026Q4")
    return Quarter(int(match[1]), int(match[2]))


def parse_utc(text: str) -> datetime | None:
    """A journal's moment, `2026-11-25T07:21:05.1Z`; None for what is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None


@dataclass(frozen=True, slots=True)
class Period:
    """Days in which one run is due; `name` is how people call it."""

    name: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Due:
    """How a drill's schedule was kept.

    Attributes:
        schedule: as the drill's file says it; "" when it says none.
        periods: how many ended by the report's day.
        missed: those of them in which no run gave an answer.
        pending: the period that is not over yet and has no answer; None otherwise.
        last: day of the last run that gave one, in this quarter.
    """

    schedule: str
    periods: int
    missed: tuple[Period, ...]
    pending: Period | None
    last: date | None

    @property
    def sentence(self) -> str:
        """In words: what was due and what was not done."""
        if self.schedule not in LEAST_DUE:
            return _unscheduled(self.schedule, self.last)
        told = [f"due once {LEAST_DUE[self.schedule]}"]
        if self.missed:
            told.append(f"missed in {len(self.missed)} of {self.periods}: {_names(self.missed)}")
        elif self.periods:
            told.append(f"kept in all {self.periods}" if self.periods > 1 else "kept")
        if self.pending:
            told.append(f"next due by {self.pending.last.isoformat()}")
        return "; ".join(told)


def _unscheduled(schedule: str, last: date | None) -> str:
    done = f"last done on {last.isoformat()}" if last else "not done in this quarter"
    if schedule == "yearly":
        return f"due once a year; {done}"
    return f"on demand; {done}" if schedule else f"its file names no schedule; {done}"


def _names(periods: tuple[Period, ...]) -> str:
    shown = ", ".join(p.name for p in periods[:4])
    return shown + (f" and {len(periods) - 4} more" if len(periods) > 4 else "")


def due(schedule: str, answered: Iterable[date], quarter: Quarter, as_of: date) -> Due:
    """How a schedule was kept in a quarter, by the days of the runs that gave an answer, up to `as_of`."""
    days = sorted(day for day in answered if day <= as_of)
    past = [p for p in periods(schedule, quarter) if p.first <= as_of]
    empty = [p for p in past if not any(p.first <= day <= p.last for day in days)]
    over = [p for p in past if p.last < as_of or p.last == quarter.last == as_of]
    return Due(
        schedule, len(over), tuple(p for p in empty if p in over),
        next((p for p in empty if p not in over), None),
        max((day for day in days if quarter.holds(day)), default=None),
    )  # fmt: skip


def periods(schedule: str, quarter: Quarter) -> tuple[Period, ...]:
    """Every period of a schedule that ends in the quarter, in order; none where the calendar sets no day.

    A week belongs to the quarter in which it ends.
    """
    day, last = quarter.first, quarter.last
    if schedule == "quarterly":
        return (Period(str(quarter), day, last),)
    if schedule == "monthly":
        firsts = [date(quarter.year, 3 * quarter.number - 2 + n, 1) for n in range(3)]
        ends = [each - _DAY for each in firsts[1:]] + [last]
        return tuple(Period(f"{a:%Y-%m}", a, b) for a, b in zip(firsts, ends, strict=True))
    if schedule == "daily":
        days = (last - day).days + 1
        every = (day + n * _DAY for n in range(days))
        return tuple(Period(each.isoformat(), each, each) for each in every)
    return tuple(_weeks(day, last)) if schedule == "weekly" else ()


def _weeks(first: date, last: date) -> Iterable[Period]:
    monday = first - timedelta(days=first.weekday())
    while monday + 6 * _DAY <= last:
        year, week, _ = monday.isocalendar()
        yield Period(f"{year}-W{week:02d}", monday, monday + 6 * _DAY)
        monday += 7 * _DAY
