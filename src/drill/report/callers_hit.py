"""Callers whose call the lost zone took: how it broke off, whether they came back, what they heard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from drill.model.plan import Plan
from drill.objectives.in_flight import affected, silences
from drill.objectives.percentile import percentile
from drill.objectives.say import count, percent, told
from drill.report.cited import link
from drill.report.values import Cell, Figure, Row, Section
from drill.report.words import NOTHING
from drill.timeline import Away, Timeline

_HEADS = ("What became of them", "Callers", "p50", "p95", "Longest", "Event")
_BROKE = (
    ("dropped", "Cut off by the platform"), ("abandoned", "Hung up after a silence"),
    ("refused", "Refused at the first attempt"),
)  # fmt: skip
_ENDED = (("back", "In a call again"), ("gave_up", "Gave up"), ("open", "Still away when the evidence ended"))
_ASIDE = (
    "Times are from the break, or from the moment a refused call was meant to begin. Silence is from the "
    "last audio before it to the first good answer after it; who never came back heard nothing without end."
)
Line = tuple[Cell, ...]


def section(plan: Plan, timeline: Timeline, verdicts: Sequence[Row]) -> tuple[Section, ...]:
    """The section of a drill that judges callers in flight; nothing for others."""
    if plan.objectives.in_flight is None:
        return ()
    hit = affected(timeline)
    rows = (*_broke(hit, timeline), *_attempts(hit), *_ended(hit), *_silence(hit, timeline)) if hit else ()
    aside = _ASIDE if hit else "No call was hit."
    return (Section("in-flight", "Callers on the lost zone", tuple(verdicts), _HEADS, rows, aside),)


def figure(timeline: Timeline) -> Figure:
    """How many callers were hit, and how many of them came back."""
    hit = affected(timeline)
    ends = Counter(away.ending for away in hit)
    note = f"{ends['back']} in a call again, {ends['gave_up']} gave up" if hit else "no call was hit"
    return Figure("Calls cut off or refused", str(len(hit)), note)


def _line(what: str, callers: Sequence[Away], total: int, waits: Sequence[float] = ()) -> Line:
    """A row with the callers' number and share, their times, and the first of them as proof."""
    share = f"{len(callers)} of {total} ({percent(len(callers) / total)})"
    proof = link(callers[0].id) if callers else None
    return (Cell(what), Cell(share), *_times(waits), Cell("" if proof else NOTHING, proof))


def _times(waits: Sequence[float]) -> tuple[Cell, Cell, Cell]:
    if not waits:
        return Cell(NOTHING), Cell(NOTHING), Cell(NOTHING)
    return (Cell(told(percentile(waits, 0.5))), Cell(told(percentile(waits, 0.95))), Cell(told(max(waits))))


def _broke(hit: Sequence[Away], timeline: Timeline) -> list[Line]:
    outcomes: Mapping[str, str] = {call.call: call.outcome for call in timeline.calls}
    by = {name: [a for a in hit if outcomes.get(a.call) == name] for name, _ in _BROKE}
    return [_line(words, by[name], len(hit)) for name, words in _BROKE]


def _attempts(hit: Sequence[Away]) -> list[Line]:
    """Each caller's last attempt got through or did not; all others were refused."""
    made = sum(a.attempts for a in hit)
    refused = made - sum(a.ending == "back" for a in hit)
    words = f"{count(refused, 'attempt')} of {made}"
    return [(Cell("Redials refused"), Cell(words), *_times(()), Cell(NOTHING))]


def _ended(hit: Sequence[Away]) -> list[Line]:
    rows = []
    for name, words in _ENDED:
        callers = [a for a in hit if a.ending == name]
        rows.append(_line(words, callers, len(hit), [a.length_s for a in callers]))
    return rows


def _silence(hit: Sequence[Away], timeline: Timeline) -> list[Line]:
    heard = silences(timeline, hit)
    longest = max(heard, key=lambda h: h.most_s)
    times = _times([h.most_s for h in heard])
    return [(Cell("Silence, at most"), Cell(str(len(heard))), *times, Cell("", link(longest.id)))]
