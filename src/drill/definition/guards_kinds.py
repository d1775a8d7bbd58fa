"""Kinds of value that only the guards of a target have: hours of the week, moments, time zones, keys."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from drill.definition.keys import Kind
from drill.definition.kinds import pattern
from drill.model.guards import DAY_MIN, Hours

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = f"(?:{'|'.join(DAYS)})"
_HOURS = re.compile(rf"^({_DAY})(?:-({_DAY}))? ([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)$")
_MOMENT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d$"


def _hours(value: object) -> Hours:
    match = _HOURS.match(value) if isinstance(value, str) else None
    begin, end = (int(match[n]) * 60 + int(match[n + 1]) for n in (3, 5)) if match else (0, DAY_MIN + 1)
    if match is None or begin >= DAY_MIN or end > DAY_MIN or begin == end:
        raise ValueError(f"{value!r} are no hours; write days and times, such as mon-fri 09:00-17:00")
    first, last = DAYS.index(match[1]), DAYS.index(match[2] or match[1])
    days = range(first, last + 1 if last >= first else last + len(DAYS) + 1)
    return Hours(tuple(sorted(day % len(DAYS) for day in days)), begin, end)


def _moment(value: object) -> datetime:
    said = f"{value!r} is no moment; write a local date and time in quotes, such as 2026-12-18T00:00"
    if not isinstance(value, str) or re.search(_MOMENT, value) is None:
        raise ValueError(said)
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(said) from None


def _time_zone(value: object) -> str:
    try:
        if isinstance(value, str):
            return ZoneInfo(value).key
    except (LookupError, OSError, ValueError):  # not there; a folder; what can be no name
        pass
    raise ValueError(
        f"{value!r} is no time zone that this machine knows; write an IANA name such as Europe/Berlin"
    )


HOURS = Kind("hours of the week", _hours, {"type": "string", "pattern": _HOURS.pattern})
MOMENT = Kind("local date and time", _moment, {"type": "string", "pattern": _MOMENT})
TIME_ZONE = Kind("time zone", _time_zone, {"type": "string", "pattern": r"^[A-Za-z0-9_+/-]+$"})
# DER of an ed25519 SubjectPublicKeyInfo: the line between the dashes of a PEM file.
PUBLIC_KEY = pattern(
    "public key", "^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$", "the line between the dashes of a .pub file"
)
METRIC = pattern("metric", "^[a-zA-Z_:][a-zA-Z0-9_:]*$", "the name of a Prometheus gauge")
