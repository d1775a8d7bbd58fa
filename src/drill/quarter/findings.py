"""Findings and where they stand: those that people took on, and every failure that nobody has.

A run that ended FAIL or UNKNOWN is a finding by itself, whether somebody writes it down or not; one that
people wrote down takes the objectives it names off that list. Where it stands is reckoned, never typed:

    closed      a later run of the same drill passed every objective of it
    accepted    somebody carries the risk, and the day until which has not come
    overdue     its day has passed
    open        everything else; "not taken on" where no person has written it down

A sham that ended UNKNOWN did what it had to and is no finding; one that did not is the gravest of all, since
a drill that passes without a fault proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from drill.model.verdicts import Status
from drill.quarter.conclusions import some
from drill.quarter.notes import Notes, Taken
from drill.quarter.trial import State, Trial


class Standing(Enum):
    """Where a finding stands."""

    CLOSED = "closed by retest"
    ACCEPTED = "risk accepted"
    OVERDUE = "overdue"
    OPEN = "open"
    UNTAKEN = "open, not taken on"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `retest` is the run that closed it, or the one that was to and did not."""

    id: str
    title: str
    trial: Trial
    objectives: tuple[str, ...]
    status: Status
    standing: Standing
    retest: Trial | None
    taken: Taken | None

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done, or borne."""
        return self.standing is not Standing.CLOSED


def findings(
    trials: Sequence[Trial], every: Sequence[Trial], notes: Notes, as_of: date
) -> tuple[Finding, ...]:
    """All findings of `trials`, and those of earlier runs that are still open; retests are among `every`."""
    runs = {each.run_id: each for each in every}
    taken = [_from_people(each, runs[each.run], every, as_of) for each in notes.findings]
    covered = {(f.trial.run_id, name) for f in taken for name in f.objectives}
    own = [_from_run(each, covered, every) for each in every if _is_finding(each)]
    here = {each.run_id for each in trials}
    found = [f for f in (*taken, *own) if f is not None and (f.trial.run_id in here or f.is_open)]
    return tuple(sorted(found, key=lambda f: (not f.is_open, -f.status, str(f.trial.started), f.id)))


def _is_finding(each: Trial) -> bool:
    if each.state is State.SHAM:
        return each.status is not Status.UNKNOWN
    return each.status is not Status.PASS


def _from_people(of: Taken, found: Trial, every: Sequence[Trial], as_of: date) -> Finding:
    judged = {v.objective: v.status for v in found.verdicts}
    retest = next((t for t in every if t.run_id == of.retest), None)
    closing = retest if retest is not None and _passes(retest, of.objectives) else None
    if closing is not None:
        standing = Standing.CLOSED
    elif of.accepted is not None and as_of <= of.accepted.until:
        standing = Standing.ACCEPTED
    else:
        standing = Standing.OVERDUE if of.due < as_of else Standing.OPEN
    status = max((judged[name] for name in of.objectives), default=Status.UNKNOWN)
    return Finding(of.id, of.title, found, of.objectives, status, standing, closing or retest, of)


def _from_run(each: Trial, covered: Iterable[tuple[str, str]], every: Sequence[Trial]) -> Finding | None:
    bad = tuple(v.objective for v in each.verdicts if v.status is not Status.PASS)
    open_ = tuple(name for name in bad if (each.run_id, name) not in covered)
    if bad and not open_:
        return None
    closing = next((t for t in _later(each, every) if bad and _passes(t, open_)), None)
    standing = Standing.CLOSED if closing else Standing.UNTAKEN
    left = max((v.status for v in each.verdicts if v.objective in open_), default=each.status)
    title = _title(each, left, open_)
    return Finding(f"R-{each.run_id}", title, each, open_, left, standing, closing, None)


def _title(each: Trial, left: Status, objectives: Sequence[str]) -> str:
    if each.state is State.SHAM:
        return f"A sham run of {each.drill} ended {each.status.name} where it had to end UNKNOWN"
    if each.state in (State.REFUSED, State.UNREADABLE, State.MISSING):
        return f"A run of {each.drill} was {each.state.value}"
    return f"{each.drill} left {left.name}: {some(objectives)}"


def _later(each: Trial, every: Sequence[Trial]) -> Iterable[Trial]:
    return (
        t for t in every if t.drill == each.drill and t.started and each.started and t.started > each.started
    )


def _passes(each: Trial, objectives: Sequence[str]) -> bool:
    """Whether a run shows these objectives mended: really tried, and its own integrity believed."""
    judged = {v.objective: v.status for v in each.verdicts}
    sound = all(status is Status.PASS for name, status in judged.items() if name.startswith("integrity."))
    return each.real and sound and all(judged.get(name) is Status.PASS for name in objectives)
