"""When callers heard what: three windows that leave no gap between them, and the calls of each.

    ── baseline ──┃ request ═══ fault ═══ revert ── not yet well ──┃── recovered ── end of evidence

The fault lasts from its request, for it bites before that is read back, until callers were well: so a call
that breaks off in between is somebody's. Turns are sorted as `turn_windows` has it. A whole call belongs to
the baseline when it was over by its end, and to `recovered` when it began there: neither heard anything
of the fault. It belongs to the fault when half of it lay within, or it lasted half of the fault: what is
told of the whole of such a call is diluted by what it heard outside, never made worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drill.model.plan import Plan
from drill.model.voice import HeardLimits, VoiceLimits
from drill.objectives.calls import phase_spans
from drill.objectives.turn_windows import asked_or_open, due_before_end, within
from drill.timeline import Heard, Span, Timeline, Turn

BASELINE, FAULT, RECOVERED = PHASES = ("baseline", "fault", "recovered")


@dataclass(frozen=True, slots=True)
class Window:
    """One of the three, and what is asked of it; `span` None when the run has none."""

    phase: str
    span: Span | None
    limits: HeardLimits

    def turns(self, turns: Sequence[Turn], due_s: float) -> Sequence[Turn]:
        """Those of the window, if an answer is due after so long."""
        if self.phase == BASELINE:
            return due_before_end(turns, self.span, due_s)
        if self.phase == FAULT:
            return asked_or_open(turns, self.span, due_s)
        return within(turns, self.span)


def windows(plan: Plan, timeline: Timeline) -> tuple[Window, ...]:
    """All of PHASES in that order, whatever the run came to."""
    found = phase_spans(plan, timeline)
    asked = plan.objectives.voice or VoiceLimits(HeardLimits(), HeardLimits())
    recovered = found.get(RECOVERED)
    return (
        Window(BASELINE, found.get(BASELINE), asked.clean),
        Window(FAULT, _fault(timeline, recovered), asked.fault),
        Window(RECOVERED, recovered, asked.clean),
    )


def _fault(timeline: Timeline, recovered: Span | None) -> Span | None:
    begun = [f.requested_s for f in timeline.faults if f.applied_s is not None]
    if not begun:
        return None
    end_s = timeline.evidence.end_s
    return Span(min(begun), min(recovered.start_s, end_s) if recovered else end_s)


def begun_in(timeline: Timeline, window: Window) -> list[Heard]:
    """Calls that began in the window."""
    return [h for h in timeline.heard if window.span and window.span.holds(h.start_s)]


def ended_in(timeline: Timeline, window: Window) -> list[Heard]:
    """Calls whose last impression is the window's: they ended in it, or began in `recovered`."""
    if window.phase == RECOVERED:
        return begun_in(timeline, window)
    return [h for h in timeline.heard if window.span and window.span.holds(h.end_s)]


def mostly_in(timeline: Timeline, window: Window) -> list[Heard]:
    """Calls of which the whole can be told of the window; see the module."""
    span = window.span
    if window.phase != FAULT or span is None:
        return ended_in(timeline, window)
    return [h for h in timeline.heard if _common_s(h, span) >= min(h.length_s, span.length_s) / 2 > 0]


def _common_s(one: Span, other: Span) -> float:
    return min(one.end_s, other.end_s) - max(one.start_s, other.start_s)
