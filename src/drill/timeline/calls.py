"""Calls joined from their two halves, and until when callers could be asked at all."""

from __future__ import annotations

from drill.model.events import (
    CallEnded,
    CallerGaveUp,
    CallHeard,
    CallStarted,
    LoadSample,
    PhaseEntered,
    Recorded,
    StreamSealed,
    TurnEnded,
    TurnInvoked,
)
from drill.timeline.sorted_events import Sorted
from drill.timeline.values import Call

_OF_LOAD = (CallStarted, CallHeard, CallEnded, CallerGaveUp, TurnInvoked, TurnEnded, LoadSample)


def evidence_end(events: Sorted) -> float:
    """The first of: the unwinding, a call cut by the end of the load, the last word of a load stream.

    Beyond it nobody was asked, and silence would look like health.
    """
    marks = [events.at(r) for r, phase in events.of(PhaseEntered) if phase.phase == "unwind"]
    marks += [events.at(r) for r, ended in events.of(CallEnded) if ended.outcome == "cut"]
    last: dict[str, float] = {}
    for kind in _OF_LOAD:
        for stream, t_ns in events.of(kind).last_of_stream().items():
            last[stream] = max(last.get(stream, 0.0), events.s(t_ns))
    # A sealed stream may have had nothing to say in its last moment; an unsealed one was cut off there.
    sealed = {r.stream: events.at(r) for r, _ in events.of(StreamSealed)}
    marks += [sealed.get(stream, at) for stream, at in last.items()]
    return min(marks, default=0.0)


def calls(events: Sorted, end_s: float) -> tuple[Call, ...]:
    """Every call once, in the order of their starts; one without an end lasts as long as the evidence."""
    ends: dict[str, tuple[Recorded, CallEnded]] = {}
    for recorded, ended in events.of(CallEnded):
        ends.setdefault(ended.call, (recorded, ended))
    return tuple(_call(events, r, started, ends.get(started.call), end_s)
                 for r, started in events.of(CallStarted))  # fmt: skip


def _call(
    events: Sorted,
    recorded: Recorded,
    started: CallStarted,
    ended: tuple[Recorded, CallEnded] | None,
    end_s: float,
) -> Call:
    at = events.at(recorded)
    if not started.ok:
        until_s, outcome, detail, cited = at, "refused", started.detail, recorded
    elif ended is None:
        until_s, outcome, detail, cited = max(at, end_s), "open", "", recorded
    else:
        cited, how = ended
        until_s, outcome, detail = events.at(cited), how.outcome, how.detail
    return Call(
        started.call, started.patient, at, until_s, outcome, detail, cited.id,
        redial_of=started.redial_of, attempt=started.attempt, intended_s=events.s(started.intended_ns),
    )  # fmt: skip
