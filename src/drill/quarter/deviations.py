"""What in a run was not as planned: told by its journal, and by people where a journal cannot know.

Every verdict that is UNKNOWN is a check that was skipped, for the reason that it says. A limit that differs
from the run before is told too: criteria may change between runs, but not unseen.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from drill.model.plan import Plan
from drill.model.verdicts import Status
from drill.quarter.notes import Notes
from drill.quarter.trial import State, Trial

GIVEN = "approval"
BY_HAND = ("reverted by heal", "reverted by reaper")


@dataclass(frozen=True, slots=True)
class Deviation:
    """One thing that was not as planned: in which run, of which kind, and in whose words.

    `objective` names the verdict that says it; "" when something else does.
    """

    trial: Trial
    kind: str
    what: str
    objective: str = ""


def deviations(trials: Sequence[Trial], notes: Notes) -> tuple[Deviation, ...]:
    """All of a quarter, run by run."""
    found: list[Deviation] = []
    before: dict[str, Plan] = {}
    for each in trials:
        found += _of_run(each)
        if each.plan is not None and each.state is not State.SHAM:
            found += _moved(each, before.get(each.drill), each.plan)
            before[each.drill] = each.plan
        found += [
            Deviation(each, r.kind, f"{r.what} ({r.by})") for r in notes.remarks if r.run == each.run_id
        ]
    return tuple(found)


def _of_run(each: Trial) -> list[Deviation]:
    if each.view is None:
        return [Deviation(each, each.state.value, each.fault)]
    told = [Deviation(each, "warning", text) for text in each.view.warnings]
    if each.papers.given is not None and each.papers.given.fault:
        told.append(Deviation(each, GIVEN, f"The approval does not hold: {each.papers.given.fault}."))
    refusals = [g for g in each.view.guards if g.status is not Status.PASS]
    told += [Deviation(each, "refused", f"{g.name}: {g.sentence}") for g in refusals]
    if each.state is State.CUT:
        told.append(Deviation(each, "never ended", "The conductor wrote down no end of this run."))
    told += [
        Deviation(each, "undone by other means", f"{fault.fault}: {fault.ending}")
        for fault in each.view.faults
        if any(words in fault.ending for words in BY_HAND)
    ]
    if each.state in (State.SHAM, State.REFUSED):
        return told
    return told + [
        Deviation(each, "not judged", v.sentence, v.objective)
        for v in each.verdicts
        if v.status is Status.UNKNOWN
    ]


def _moved(each: Trial, before: Plan | None, now: Plan) -> list[Deviation]:
    if before is None:
        return []
    changes = [*_changed("", before.objectives, now.objectives), *_changed("", before.phases, now.phases)]
    changes += _changed("", before.load, now.load)
    words = (f"{name} was {old} in the run before and is {new}" for name, old, new in changes)
    return [Deviation(each, "criteria changed", what) for what in words]


def _changed(path: str, old: object, new: object) -> list[tuple[str, object, object]]:
    """Every leaf that differs."""
    if dataclasses.is_dataclass(old) and dataclasses.is_dataclass(new) and type(old) is type(new):
        return [
            change
            for f in dataclasses.fields(old)
            for change in _changed(f"{path}.{f.name}".lstrip("."), getattr(old, f.name), getattr(new, f.name))
        ]
    return [] if old == new else [(path, _told(old), _told(new))]


def _told(value: object) -> object:
    return "not asked for" if value is None else "asked for" if dataclasses.is_dataclass(value) else value
