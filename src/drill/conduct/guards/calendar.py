"""Whether a stretch of time lies within the hours allowed, and touches no change freeze.

All is compared as instants: local times become UTC first, so that a night in which the clocks change is as
long as it really is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from drill.model.guards import DAY_MIN, Calendar, Freeze, Hours

Answer = tuple[bool, str]
Stretch = tuple[datetime, datetime]
_SHOWN = "%a %Y-%m-%d %H:%M"


def allowed(calendar: Calendar, begin: datetime, end: datetime) -> Answer:
    """The answer for a drill from `begin` to `end` at the latest, aware times."""
    zone = ZoneInfo(calendar.time_zone)
    local = f"{begin.astimezone(zone).strftime(_SHOWN)} to {end.astimezone(zone):%H:%M} {calendar.time_zone}"
    for freeze in calendar.freezes:
        if _touches(_frozen(freeze, zone), (begin, end)):
            return (
                False,
                f"change freeze until {freeze.end.strftime(_SHOWN)}: {freeze.why}; now it is {local}",
            )
    if calendar.hours and not _covered(_open(calendar.hours, zone, begin, end), begin, end):
        return False, f"{local} is not within the hours of guards.hours; wait for them"
    return True, local


def _frozen(freeze: Freeze, zone: ZoneInfo) -> Stretch:
    return freeze.begin.replace(tzinfo=zone).astimezone(UTC), freeze.end.replace(tzinfo=zone).astimezone(UTC)


def _touches(one: Stretch, other: Stretch) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _open(hours: Sequence[Hours], zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[Stretch]:
    """Every stretch of allowed hours from the day before to the day after."""
    first, last = (at.astimezone(zone).date() for at in (begin, end))
    for offset in range(-1, (last - first).days + 2):
        day = first + timedelta(days=offset)
        for each in hours:
            if day.weekday() in each.days:
                over = each.end_min + (DAY_MIN if each.end_min <= each.begin_min else 0)
                yield _instant(day, each.begin_min, zone), _instant(day, over, zone)


def _instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    days, rest = divmod(minute, DAY_MIN)
    wall = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), zone)
    return wall.astimezone(UTC)


def _covered(stretches: Iterator[Stretch], begin: datetime, end: datetime) -> bool:
    """Whether the stretches, put together, leave no moment out."""
    reached = begin
    for opens, closes in sorted(stretches):
        if opens <= reached < closes:
            reached = closes
    return reached >= end
