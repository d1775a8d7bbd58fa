"""Who approved, took part and signed: by the runs' own evidence first, then by what people wrote down."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from drill.model.verdicts import Status
from drill.objectives.say import count
from drill.quarter.notes import Notes, Person
from drill.quarter.trial import Trial
from drill.report.values import Link

PRODUCTION = "production"
CONSENT = "production is approved by somebody else"  # the guard that looks at an approval before a run


@dataclass(frozen=True, slots=True)
class Approved:
    """Who allowed what. `trial` is the run that was given it, `guard` the event in which it was looked at.

    `holds` is None for what people wrote down, which nobody can check.
    """

    what: str
    by: str
    when: str
    told: str
    holds: Status | None = None
    trial: Trial | None = None
    guard: Link | None = None


def approvals(trials: Sequence[Trial], notes: Notes) -> tuple[Approved, ...]:
    """Signed ones run by run, then those of the findings file; a production run without any is told too."""
    signed = [found for each in trials if (found := _of_run(each))]
    written = (
        Approved(a.what, a.by, a.on.isoformat(), a.reference or "no reference") for a in notes.approvals
    )
    return (*signed, *written)


def _of_run(each: Trial) -> Approved | None:
    plan, given = each.plan, each.papers.given
    if plan is None or (given is None and not (each.real and plan.environment == PRODUCTION)):
        return None
    row = next((g for g in each.view.guards if g.objective == CONSENT), None) if each.view else None
    guard = row.because[0] if row and row.because else None
    what = f"{plan.drill} on {plan.target}, plan {plan.digest[:12]}"
    if given is None or given.says is None:
        told = f"does not hold: {given.fault}" if given else "no approval is there"
        return Approved(what, "nobody", "never", told, Status.FAIL, each, guard)
    says = given.says
    told = f"does not hold: {given.fault}" if given.fault else f"signed, for {says.operator}, who ran it"
    told += f"; reason: {says.reason}" if says.reason else ""
    holds = Status.FAIL if given.fault else Status.PASS
    return Approved(what, says.approver, f"{says.not_before} to {says.not_after}", told, holds, each, guard)


def participants(trials: Sequence[Trial], notes: Notes) -> tuple[Person, ...]:
    """Each once, with all that they were: operators by the journals, approvers by signature, then others."""
    roles: defaultdict[str, list[str]] = defaultdict(list)
    for name, runs in Counter(t.operator for t in trials if t.operator).items():
        roles[name].append(f"started {count(runs, 'run')}, by the journal")
    held = Counter(a.by for a in approvals(trials, Notes()) if a.holds is Status.PASS)
    for name, runs in held.items():
        roles[name].append(f"approved {count(runs, 'run')}, by signature")
    for person in notes.participants:
        roles[person.name].append(person.role)
    return tuple(Person(name, "; ".join(dict.fromkeys(told))) for name, told in roles.items())


def signatures(trials: Sequence[Trial], role: str) -> tuple[str, ...]:
    """What stands for a role's signature: each key, how many of the runs it sealed, and when last."""
    seals = [seal for each in trials for seal in each.seals if seal.role == role]
    runs = Counter(seal.keyid for seal in seals)
    return tuple(
        f"Key {keyid[:16]} sealed {number} of {count(len(trials), 'run')}, "
        f"last on {max(s.utc for s in seals if s.keyid == keyid)[:10]}"
        for keyid, number in runs.items()
    )
