"""Callers whom the platform cut off or refused, for as long as they are seen to want it back.

A caller is a chain of calls, each naming the one before it (`redial_of`). The wait begins where a call
breaks off, or where a first attempt that was refused had been meant to begin, and lasts over all refused
attempts until one is answered, the caller gives up, or the evidence ends.

A call that breaks off with no word after it says one of two things. Where the load tells of redials at
all, the caller is still waiting (an attempt is written down when it is answered or refused, so one that
hangs is silent). Where it never does, nothing tells that anybody waited, and the caller is gone at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drill.model.events import CallerGaveUp, CallStarted, Recorded
from drill.timeline.sorted_events import Sorted
from drill.timeline.values import Away, Call, Span

BROKEN = ("dropped", "abandoned", "refused")


@dataclass(frozen=True, slots=True)
class _Callers:
    """Who called again, who gave up, and when each call had been meant to begin."""

    known: frozenset[str]
    again: dict[str, Call]
    gave_up: dict[str, tuple[Recorded, CallerGaveUp]]
    intended_s: dict[str, float]
    end_s: float

    @property
    def told(self) -> bool:
        """Whether this load tells what becomes of its callers."""
        return bool(self.again or self.gave_up)


def away(events: Sorted, calls: Sequence[Call], end_s: float) -> tuple[Away, ...]:
    """Every wait that began within the evidence, by its start; see the module."""
    callers = _callers(events, calls, end_s)
    found = [_wait(events, callers, call) for call in calls if _breaks_off(call, callers)]
    lasting = [wait for wait in found if wait is not None and wait.end_s > wait.start_s]
    return tuple(sorted(lasting, key=lambda a: (a.start_s, a.end_s, a.call)))


def _callers(events: Sorted, calls: Sequence[Call], end_s: float) -> _Callers:
    again: dict[str, Call] = {}
    for call in sorted(calls, key=lambda c: c.start_s):
        if call.redial_of:
            again.setdefault(call.redial_of, call)
    return _Callers(
        known=frozenset(call.call for call in calls),
        again=again,
        gave_up={event.call: (recorded, event) for recorded, event in events.of(CallerGaveUp)},
        intended_s={started.call: events.s(started.intended_ns) for _, started in events.of(CallStarted)},
        end_s=end_s,
    )


def _breaks_off(call: Call, callers: _Callers) -> bool:
    """A redial that is refused prolongs the wait that it belongs to; it begins none."""
    return call.outcome in BROKEN and not (call.outcome == "refused" and call.redial_of in callers.known)


def _wait(events: Sorted, callers: _Callers, broken: Call) -> Away | None:
    start_s = callers.intended_s[broken.call] if broken.outcome == "refused" else broken.end_s
    last, back, attempts = _chain(callers, broken)
    if back is not None and back.start_s <= callers.end_s:
        span, ending = Span(start_s, back.start_s), "back"
    elif (gone := callers.gave_up.get(last.call)) and events.at(gone[0]) <= callers.end_s:
        span, ending = Span(start_s, events.at(gone[0])), "gave_up"
    elif callers.told:
        span, ending = Span(start_s, callers.end_s), "open"
    else:
        return None
    got_through = back.call if back is not None and ending == "back" else ""
    return Away(
        span.start_s, span.end_s, call=broken.call, back=got_through, ending=ending, attempts=attempts,
        id=broken.id, failed_s=max(span.start_s, last.end_s),
    )  # fmt: skip


def _chain(callers: _Callers, broken: Call) -> tuple[Call, Call | None, int]:
    """The last call before silence, the one that got through, and how often the caller dialled again."""
    last, attempts, seen = broken, 0, {broken.call}
    while (redial := callers.again.get(last.call)) is not None and redial.call not in seen:
        seen.add(redial.call)
        attempts += 1
        if redial.outcome != "refused":
            return last, redial, attempts
        last = redial
    return last, None, attempts
