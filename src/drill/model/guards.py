"""What a target file says about when, how far and with whose word its platform may be drilled."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

MAX_DURATION_S = 3600.0
DAY_MIN = 24 * 60


@dataclass(frozen=True, slots=True)
class Approver:
    """Somebody who may approve drills: a name, and an ed25519 public key (DER in base64)."""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Hours:
    """Minutes of the day from `begin_min` up to `end_min`, on days of the week (0 is Monday).

    An end at or before the begin is one of the next day.
    """

    days: tuple[int, ...]
    begin_min: int
    end_min: int


@dataclass(frozen=True, slots=True)
class Freeze:
    """Nothing is changed from `begin` up to `end`, local times of the calendar's zone."""

    begin: datetime
    end: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """When drills may run. `hours` empty: at any hour; `time_zone` is an IANA name."""

    time_zone: str = "UTC"
    hours: tuple[Hours, ...] = ()
    freezes: tuple[Freeze, ...] = ()


@dataclass(frozen=True, slots=True)
class BlastLimits:
    """The most that a drill may reach: zones, share of all capacity, calls that may be hurt."""

    zones: int
    capacity: float
    calls: int


@dataclass(frozen=True, slots=True)
class RealCalls:
    """The gauge of calls by real people on each zone's metrics page, and how many there may be in all."""

    metric: str
    most: int


@dataclass(frozen=True, slots=True)
class Guards:
    """All of it; what is None or empty was not said. `max_duration_s`: of one drill, from its first call."""

    approvers: tuple[Approver, ...] = ()
    calendar: Calendar = field(default_factory=Calendar)
    blast: BlastLimits | None = None
    real_calls: RealCalls | None = None
    max_duration_s: float = MAX_DURATION_S
