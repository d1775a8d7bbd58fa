"""What callers heard, held against limits: one verdict for each thing that a drill asks about.

In the baseline and after recovery the limits of `clean` hold, each window for itself; between them those of
`fault`. A window without a limit is told and not judged; one with too few samples is UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drill.model.plan import Objectives, Plan
from drill.model.verdicts import Status, Verdict, worst
from drill.objectives import heard_measures as measures
from drill.objectives.heard_measures import Found, Measure
from drill.objectives.heard_windows import BASELINE, FAULT, Window, windows
from drill.objectives.percentile import TURNS_MIN
from drill.objectives.say import cited
from drill.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Aspect:
    """One thing that callers hear: its verdict's name, what it is called, and its numbers (of one kind of
    sample)."""

    name: str
    title: str
    measures: tuple[Measure, ...]

    def asked(self, objectives: Objectives) -> bool:
        """Whether a drill gave it any limit."""
        tables = (objectives.voice.clean, objectives.voice.fault) if objectives.voice else ()
        return any(getattr(table, m.limit) is not None for table in tables for m in self.measures)

    def judge(self, plan: Plan, timeline: Timeline) -> tuple[Verdict, ...]:
        """Its one verdict."""
        heard = [(w, [m.found(timeline, w) for m in self.measures]) for w in windows(plan, timeline)]
        judged = [(w, each) for w, found in heard for each in found if each.limit is not None]
        limit = _limit({w.phase: found for w, found in heard})
        parts = "; ".join(f"{w.phase} {_told(w, found)}" for w, found in heard)
        measured = ", ".join(f"{w.phase} {each.named}" for w, each in judged if each.named)
        return (
            Verdict(
                self.name, worst(_status(each) for _, each in judged),
                f"{self.title}: {parts}. Limit {limit}.", measured, limit,
                cited(id_ for _, each in sorted(judged, key=_kept) for id_ in each.worst),
            ),
        )  # fmt: skip


def _status(found: Found) -> Status:
    if found.value is None or (found.kept and not found.sure):
        return Status.UNKNOWN
    return Status.PASS if found.kept else Status.FAIL


def _kept(judged: tuple[Window, Found]) -> bool:
    """What broke its limit is cited first."""
    return judged[1].kept


def _told(window: Window, found: Sequence[Found]) -> str:
    """All numbers of a window: of the same samples, so there is a number for each or for none."""
    if window.span is None:
        return "was not reached"
    numbers = ", ".join(each.named for each in found if each.named)
    if not numbers:
        return f"has only {found[0].amount.removeprefix('of ')}, of the {TURNS_MIN} that it takes"
    return f"{numbers} {found[0].amount}"


def _limit(found: dict[str, list[Found]]) -> str:
    """`p95 1.00 s, in the fault p95 3.00 s`."""
    clean, fault = (_limits(found[phase]) for phase in (BASELINE, FAULT))
    return ", ".join(text for text in (clean, f"in the fault {fault}" if fault else "") if text)


def _limits(found: Sequence[Found]) -> str:
    return " and ".join(f"{each.measure.statistic} {each.bound}".strip() for each in found if each.bound)


ASPECTS = (
    Aspect("voice.greeting", "Greeting", (measures.GREETING,)),
    Aspect("voice.turns", "Turn latency", (measures.TURN_P50, measures.TURN_P95)),
    Aspect("voice.barge_in", "Agent silent when spoken into", (measures.BARGE_STOP,)),
    Aspect("voice.missed", "Turns never answered", (measures.MISSED,)),
    Aspect("voice.gaps", "Longest silence inside an answer", (measures.GAP,)),
    Aspect("voice.talk_over", "Agent and caller speaking at once", (measures.TALK_OVER,)),
    Aspect("voice.setup", "Calls that came up", (measures.SETUP,)),
    Aspect("voice.drops", "Calls that broke off", (measures.DROPS,)),
    Aspect("voice.jitter", "Jitter at the end of calls", (measures.JITTER,)),
    Aspect("voice.late", "Agent audio too late to be played", (measures.LATE,)),
    Aspect("voice.mos", "Estimated opinion score of the transport", (measures.MOS,)),
)
