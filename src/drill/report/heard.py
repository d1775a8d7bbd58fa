"""What callers heard: a table of the three windows, and the figures that somebody will quote."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from drill.model.plan import Plan
from drill.model.verdicts import Status
from drill.objectives import heard_measures as measures
from drill.objectives.heard_measures import Measure
from drill.objectives.heard_windows import Window, windows
from drill.recovery_estimate import Recovery
from drill.report import callers
from drill.report.cited import link
from drill.report.values import Cell, Figure, Row, Section
from drill.report.words import NOTHING
from drill.timeline import Timeline

_HEADS = ("What callers heard", "Baseline", "Fault", "Recovered", "Limit", "Limit in the fault", "Worst")
_ROWS: tuple[tuple[str, Measure], ...] = (
    ("Greeting", measures.GREETING),
    ("Turn latency", measures.TURN_P50),
    ("Turn latency", measures.TURN_P95),
    ("Turn latency", dataclasses.replace(measures.TURN_P95, limit="", quantile=0.99)),
    ("Agent silent when spoken into", measures.BARGE_STOP),
    ("Longest silence inside an answer", measures.GAP),
    ("Agent and caller at once, share of time", measures.TALK_OVER),
    ("Turns never answered", measures.MISSED),
    ("Calls that came up", measures.SETUP),
    ("Calls that broke off", measures.DROPS),
    ("Jitter at the end of calls", measures.JITTER),
    ("Agent audio too late to be played", measures.LATE),
    ("Round trip of the media, by pings", measures.ROUND_TRIP),
    ("Transport quality as an estimated opinion score", measures.MOS),
)
_FIGURES = (
    ("Greeting in the fault", measures.GREETING), ("Turn latency in the fault", measures.TURN_P95),
    ("Turns never answered in the fault", measures.MISSED),
    ("Agent silent when spoken into in the fault", measures.BARGE_STOP),
    ("Silence inside an answer in the fault", measures.GAP),
    ("Estimated transport quality in the fault", measures.MOS),
)  # fmt: skip
_ASIDE = (
    f"Baseline and recovery have the same limit. “{NOTHING}” stands where there is none, and for fewer than "
    "20 turns or calls. The fault lasts from its request until callers were well. The opinion score is "
    "estimated by ITU-T G.107 from the transport alone: half a round trip by pings, and audio that came too "
    "late as if it were lost. Over TCP nothing is lost, and how long the agent thinks is no part of it."
)
Line = tuple[Cell, ...]


def section(plan: Plan, timeline: Timeline, verdicts: Sequence[Row]) -> tuple[Section, ...]:
    """The section of a drill that judges what callers hear; nothing for others.

    Of eleven verdicts it repeats those that did not pass: the table has the numbers of all.
    """
    if plan.objectives.voice is None:
        return ()
    spans = windows(plan, timeline)
    told = tuple(row for row in verdicts if row.status is not Status.PASS)
    rows = tuple(_line(words, measure, timeline, spans) for words, measure in _ROWS)
    return (Section("heard", "What callers heard", told, _HEADS, rows, _ASIDE),)


def _line(words: str, measure: Measure, timeline: Timeline, spans: Sequence[Window]) -> Line:
    found = [measure.found(timeline, window) for window in spans]
    baseline, fault, _ = found
    name = ", ".join(part for part in (words, measure.statistic) if part)
    worst = next((id_ for each in (fault, baseline) for id_ in each.worst), "")
    proof = Cell("", link(worst)) if worst else Cell(NOTHING)
    numbers = (Cell(each.number or NOTHING) for each in found)
    return (Cell(name), *numbers, Cell(baseline.bound or NOTHING), Cell(fault.bound or NOTHING), proof)


def figures(plan: Plan, timeline: Timeline, recovery: Recovery | None) -> tuple[Figure, ...]:
    """What somebody will quote of a drill of the voice."""
    spans = windows(plan, timeline)
    recovered = callers.recovery_figures(plan, recovery)[:2] if plan.objectives.recovery else ()
    heard = [_figure(label, measure, timeline, spans) for label, measure in _FIGURES]
    return (*recovered, *heard, callers.calls_figure(timeline), callers.turns_figure(timeline))


def _figure(label: str, measure: Measure, timeline: Timeline, spans: Sequence[Window]) -> Figure:
    baseline, fault, recovered = (measure.found(timeline, window) for window in spans)
    note = f"{baseline.number or NOTHING} in the baseline, {recovered.number or NOTHING} after recovery"
    name = ", ".join(part for part in (label, measure.statistic) if part)
    value = NOTHING if fault.value is None else measure.tell(fault.value)
    return Figure(name, value, f"{note}; limit {fault.bound}" if fault.bound else note)
