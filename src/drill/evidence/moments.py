"""When things were, as the host's own clock told it at each, and whether that clock was ever set back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from drill.evidence.record import Record
from drill.journal import Stream, merge
from drill.model.errors import JournalError
from drill.model.events import ClockAnchor, FaultApplied, FaultRequested, Recorded

# A clock that a time service sets in steps may go back a little in an honest run.
SET_BACK_S = 5.0


@dataclass(frozen=True, slots=True)
class Moment:
    """What was, and the host's UTC then."""

    what: str
    utc: str


@dataclass(frozen=True, slots=True)
class Moments:
    """Moments in the order in which they must have been; `touched` is when the first fault was asked for."""

    told: tuple[Moment, ...]
    touched: datetime | None


def of_utc(text: str) -> datetime:
    """A moment from its text; JournalError when the calendar has none such."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise JournalError(f"{text[:40]!r} is no moment") from error


def _of_ns(utc_ns: int) -> datetime:
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=utc_ns // 1000)
    except OverflowError as error:
        raise JournalError(f"{utc_ns} ns is no moment") from error


def moments(record: Record, streams: Sequence[Stream], seals: Sequence[tuple[str, str]]) -> Moments:
    """Created, every reading of the clock in the order of the host's steady clock, sealed."""
    told = [Moment("created", record.created_utc)]
    events = [e for e in merge(streams) if isinstance(e.event, ClockAnchor | FaultRequested | FaultApplied)]
    anchors = [(e, e.event.utc_ns) for e in events if isinstance(e.event, ClockAnchor)]
    told += [Moment(f"read at {e.id}", _text(_of_ns(utc_ns))) for e, utc_ns in anchors]
    told += [Moment(f"sealed by the {role}", utc) for role, utc in seals]
    return Moments(tuple(told), _touched(events, anchors))


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _touched(events: Sequence[Recorded], anchors: Sequence[tuple[Recorded, int]]) -> datetime | None:
    first = next((e for e in events if isinstance(e.event, FaultRequested | FaultApplied)), None)
    if first is None or not anchors:
        return None
    near, utc_ns = min(anchors, key=lambda each: abs(each[0].t_ns - first.t_ns))
    return _of_ns(utc_ns + first.t_ns - near.t_ns)


def backwards(told: Sequence[Moment]) -> str:
    """Where the clock went back by more than SET_BACK_S, in words; "" when it did not."""
    latest, at = told[0], of_utc(told[0].utc)
    for moment in told[1:]:
        now = of_utc(moment.utc)
        if (at - now).total_seconds() > SET_BACK_S:
            return (
                f"the clock was set back: {moment.what} at {moment.utc}, which is before {latest.what} at "
                f"{latest.utc}"
            )
        if now > at:
            latest, at = moment, now
    return ""
