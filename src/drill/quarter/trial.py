"""One run as a quarter sees it: what it was, how it came out, and the numbers that are followed over time.

A run of a million events becomes a few hundred values here, so that a year of them fits into memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from pathlib import Path

from drill.journal import Stream, merge
from drill.model.events import RunStarted
from drill.model.plan import Plan
from drill.model.verdicts import Status, Verdict
from drill.objectives import restore_rpo
from drill.objectives.recovery import first_open, first_out, measure
from drill.objectives.restore import SERVED
from drill.objectives.turns import LOST, compared, rpo_s, said
from drill.quarter.calendar import parse_utc
from drill.quarter.papers import Papers
from drill.report import View, build_view
from drill.report.values import anchor
from drill.runs import Judged
from drill.timeline import Restored, Timeline, fold


class State(Enum):
    """What became of a run, before anybody asks how the platform did."""

    CONDUCTED = "conducted"
    SHAM = "sham"
    REFUSED = "refused"
    ABORTED = "aborted"
    CUT = "never ended"
    UNREADABLE = "unreadable"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Time:
    """A time in seconds, with its own 95 % interval; `open_end` when it is only a lower bound."""

    value_s: float
    low_s: float | None = None
    high_s: float | None = None
    open_end: bool = False


@dataclass(frozen=True, slots=True)
class Measures:
    """The three numbers that are followed over time; None where a run does not tell.

    Attributes:
        recovery: from fault applied until callers were well again for good (TTR); of a restore, from its
            beginning until the copy served a call (the RTO that it came to).
        detection: from fault applied until the platform itself reacted: a breaker opened or the edge left
            a zone out; where it never did, until callers felt it.
        loss: how far back acknowledged turns are missing (RPO), in the store or in the restored copy.
    """

    recovery: Time | None = None
    detection: Time | None = None
    loss: Time | None = None


@dataclass(frozen=True, slots=True)
class Sealed:
    """One signer's seal on a run's bundle, as it says itself; `drill verify` is given keys to believe it by.

    Attributes:
        members: what was sealed, by name, with its SHA-256.
        same: whether it is a seal of what was judged here.
    """

    role: str
    keyid: str
    utc: str
    members: tuple[tuple[str, str], ...]
    same: bool

    @property
    def told(self) -> str:
        """In words."""
        apart = "" if self.same else ", but of something else than what is judged here"
        return f"{self.role} {self.utc[:19]}Z, key {self.keyid[:16]}{apart}"


@dataclass(frozen=True, slots=True)
class Trial:
    """See the module.

    Attributes:
        drill, run_id, key: the drill's name, the run's id, and a short name that is safe in a page.
        started: the conductor's first moment, in UTC; None when nothing says it.
        fault: why the run cannot be read; "" when it can.
        digest: SHA-256 over the last chain value of every stream; "" when it cannot be read.
        where: the run's folder, relative to the folder of all runs.
        number: its number among all runs of its target; None when the register does not know it.
        seals: who sealed it, the operator first.
        papers: what lies beside the journal.
    """

    drill: str
    run_id: str
    key: str
    where: str
    started: datetime | None
    state: State
    status: Status
    fault: str = ""
    digest: str = ""
    operator: str = ""
    seals: tuple[Sealed, ...] = ()
    papers: Papers = field(default_factory=Papers)
    number: int | None = None
    plan: Plan | None = None
    verdicts: tuple[Verdict, ...] = ()
    measures: Measures = field(default_factory=Measures)
    view: View | None = None
    ended: datetime | None = None

    @property
    def real(self) -> bool:
        """Whether the platform was really tried: neither a sham nor refused, and readable."""
        return self.state not in (State.SHAM, State.REFUSED, State.UNREADABLE, State.MISSING)

    @property
    def answered(self) -> bool:
        """Whether the run says that the platform held or did not: an attempt without proof is no test."""
        return self.real and self.status is not Status.UNKNOWN

    @property
    def day(self) -> date | None:
        """Its day, in UTC."""
        return self.started.date() if self.started else None

    @property
    def sentence(self) -> str:
        """How it came out, in one sentence."""
        if self.view is None:
            return self.fault
        return self.view.sentence


def trial(judged: Judged, root: Path) -> Trial:
    """A judged run of a folder of runs."""
    folder, plan = judged.folder, judged.plan
    timeline = fold(merge(judged.streams), plan)
    key = anchor(folder.parent.name, folder.name) + "-"
    start = _first(judged.streams)
    return Trial(
        drill=plan.drill,
        run_id=start.run_id if start else folder.name,
        key=key,
        where=folder.relative_to(root).as_posix(),
        started=parse_utc(start.utc) if start else None,
        ended=parse_utc(timeline.ended[-1].text) if timeline.ended else None,
        state=_state(plan, timeline),
        status=judged.status,
        digest=evidence_digest(judged.streams),
        operator=getattr(start, "operator", ""),
        plan=plan,
        verdicts=judged.verdicts,
        measures=_measures(plan, timeline, judged.verdicts),
        view=build_view(plan, timeline, judged.verdicts, judged.streams, key),
    )


def unreadable(folder: Path, root: Path, fault: str) -> Trial:
    """A run's folder that cannot be judged: it belongs to the population all the same."""
    stamp = folder.name.partition("-")[0]
    try:
        started = datetime.strptime(f"{stamp}+0000", "%Y%m%dT%H%M%SZ%z")
    except ValueError:
        started = None
    return Trial(
        drill=folder.parent.name, run_id=folder.name, key=anchor(folder.parent.name, folder.name) + "-",
        where=folder.relative_to(root).as_posix(), started=started, state=State.UNREADABLE,
        status=Status.UNKNOWN, fault=fault.replace(str(folder), folder.name),
    )  # fmt: skip


def missing(drill: str, run_id: str, number: int, created_utc: str) -> Trial:
    """A run that the register knows and of which there is neither a folder nor a bundle."""
    fault = f"The register holds this run as number {number}, but it is not here."
    began = parse_utc(created_utc)
    return Trial(
        drill=drill, run_id=run_id, key=anchor(drill, run_id) + "-", where=f"{drill}/{run_id}",
        started=began, state=State.MISSING, status=Status.UNKNOWN, fault=fault, number=number,
    )  # fmt: skip


def evidence_digest(streams: Sequence[Stream]) -> str:
    """One digest for all that a run wrote: over each stream's name and last chain value, by name."""
    heads = "".join(f"{s.name} {s.head}\n" for s in sorted(streams, key=lambda s: s.name))
    return hashlib.sha256(heads.encode()).hexdigest()


def _first(streams: Sequence[Stream]) -> RunStarted | None:
    return next((r.event for s in streams for r in s.events if isinstance(r.event, RunStarted)), None)


def _state(plan: Plan, timeline: Timeline) -> State:
    if any(note.text.startswith("refused") for note in timeline.aborts):
        return State.REFUSED
    if plan.sham:
        return State.SHAM
    if timeline.aborts:
        return State.ABORTED
    return State.CONDUCTED if timeline.ended else State.CUT


def _measures(plan: Plan, timeline: Timeline, verdicts: Sequence[Verdict]) -> Measures:
    """Nothing is measured where no fault was applied: a sham must not improve a mean."""
    if timeline.restored is not None and plan.objectives.restore is not None:
        return Measures(recovery=_served(timeline.restored), loss=_lacking(timeline.restored, timeline))
    if timeline.applied_s is None:
        return Measures()
    return Measures(_recovery(plan, timeline), _detection(plan, timeline), _loss(plan, timeline, verdicts))


def _served(copy: Restored) -> Time | None:
    served = copy.mark(SERVED)
    return None if served is None else Time(served.t_s - copy.begun_s)


def _lacking(copy: Restored, timeline: Timeline) -> Time | None:
    lost_s = restore_rpo.lost_s(copy, timeline)
    return None if lost_s is None else Time(lost_s)


def _recovery(plan: Plan, timeline: Timeline) -> Time | None:
    found = measure(timeline, plan.objectives.recovery) if plan.objectives.recovery else None
    if found is None:
        return None
    if not found.felt:
        return Time(0.0) if found.evidence_s >= _sustained_s(plan) and not found.deserted else None
    return Time(found.recovered_s, found.low_s, found.high_s, open_end=not found.sustained)


def _sustained_s(plan: Plan) -> float:
    return plan.objectives.recovery.sustained_s if plan.objectives.recovery else 0.0


def _detection(plan: Plan, timeline: Timeline) -> Time | None:
    reacted = [seen[0] for seen in (first_open(timeline), first_out(timeline)) if seen]
    if reacted:
        return Time(min(reacted))
    found = measure(timeline, plan.objectives.recovery) if plan.objectives.recovery else None
    return None if found is None or found.detected_s is None else Time(found.detected_s)


def _loss(plan: Plan, timeline: Timeline, verdicts: Sequence[Verdict]) -> Time | None:
    known = any(v.objective == LOST and v.status is not Status.UNKNOWN for v in verdicts)
    if plan.objectives.turns is None or not known:
        return None
    turns = said(timeline)
    return Time(rpo_s(timeline, [turns[n] for n in compared(timeline).lost]))
