"""What the quarter's runs say of each control: satisfied, not satisfied, or not tested.

Only a run whose own plan names the control counts, since the plan was frozen before the fault; of its
verdicts those count whose group can support the control, together with the drill's own integrity.

The last run of each drill decides, and a FAIL stands until a later run passes: a run that gave no answer
does not wash it away. Where several drills name one control, all of them have to stand at PASS. Whatever
else there is, is not tested, and says so: no run, no answer, and no drill at all read differently, and none
of them reads as a pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from drill.model.controls import Control
from drill.model.verdicts import Status, Verdict, worst
from drill.objectives.say import count, listed
from drill.quarter.trial import Trial
from drill.small_samples import miss_bound

NAMES_MAX = 3


class Conclusion(Enum):
    """Three answers; there is no fourth that could hide one of them."""

    SATISFIED = "satisfied"
    NOT_SATISFIED = "not satisfied"
    NOT_TESTED = "not tested"


@dataclass(frozen=True, slots=True)
class Piece:
    """What one run says of a control: the worst of the verdicts that can support it."""

    trial: Trial
    status: Status
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Concluded:
    """A control, the conclusion, the sentence for it and the runs that it rests upon.

    Attributes:
        drills: those that name it, by their files or by the plans of their runs.
        decisive: the run of each drill that decides.
    """

    control: Control
    conclusion: Conclusion
    sentence: str
    drills: tuple[str, ...]
    pieces: tuple[Piece, ...]
    decisive: tuple[Piece, ...]


def conclude(control: Control, named: Mapping[str, Sequence[str]], trials: Sequence[Trial]) -> Concluded:
    """One control; `named` holds the controls that each drill's file names today."""
    pieces = tuple(_pieces(control, trials))
    by_file = [drill for drill, controls in named.items() if control.id in controls]
    drills = tuple(sorted({*by_file, *(p.trial.drill for p in pieces)}))
    stands = {drill: standing([p for p in pieces if p.trial.drill == drill]) for drill in drills}
    decisive = tuple(piece for piece in stands.values() if piece is not None)
    conclusion = _conclusion(stands)
    return Concluded(control, conclusion, _sentence(stands, pieces), drills, pieces, decisive)


def _pieces(control: Control, trials: Sequence[Trial]) -> Iterable[Piece]:
    for each in trials:
        if each.plan is None or not each.real or control.id not in each.plan.controls:
            continue
        supporting = [v for v in each.verdicts if v.objective.partition(".")[0] in control.supported_by]
        if supporting:
            integrity = [v for v in each.verdicts if v.objective.startswith("integrity.")]
            told = (*supporting, *integrity)
            yield Piece(each, worst(v.status for v in told), told)


def standing(pieces: Sequence[Piece]) -> Piece | None:
    """The run that decides: the last one, or the last that failed where none has passed since."""
    stands: Piece | None = None
    for piece in pieces:
        if stands is None or piece.status is not Status.UNKNOWN or stands.status is not Status.FAIL:
            stands = piece
    return stands


def _conclusion(stands: Mapping[str, Piece | None]) -> Conclusion:
    statuses = [piece.status if piece else Status.UNKNOWN for piece in stands.values()]
    if Status.FAIL in statuses:
        return Conclusion.NOT_SATISFIED
    return Conclusion.SATISFIED if worst(statuses) is Status.PASS else Conclusion.NOT_TESTED


def _sentence(stands: Mapping[str, Piece | None], pieces: Sequence[Piece]) -> str:
    if not stands:
        return "Never tested: no drill names it."
    idle = [drill for drill, piece in stands.items() if piece is None]
    if len(idle) == len(stands):
        return f"Never tested in this quarter: {listed(idle)} did not run."
    told = [few([p.status for p in pieces])]
    failing = [p for p in stands.values() if p and p.status is Status.FAIL]
    told += [f"the drill {p.trial.drill} stands at FAIL: {_broken(p, Status.FAIL)}" for p in failing]
    silent = [p for p in stands.values() if p and p.status is Status.UNKNOWN]
    told += [f"the last run of {p.trial.drill} gave no answer: {_broken(p, Status.UNKNOWN)}" for p in silent]
    told += [f"the drill {drill} names it and never ran in this quarter" for drill in idle]
    return ". ".join(each[:1].upper() + each[1:] for each in told) + "."


def _broken(piece: Piece, status: Status) -> str:
    return some([v.objective for v in piece.verdicts if v.status is status])


def some(names: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(names) - NAMES_MAX
    return f"{', '.join(names[:NAMES_MAX])} and {more} more" if more > 0 else listed(names)


def few(statuses: Sequence[Status]) -> str:
    """`5 of 5 passed; with 95 % confidence the miss probability is below 45 %`, and who gave no answer."""
    answers = [s for s in statuses if s is not Status.UNKNOWN]
    silent = len(statuses) - len(answers)
    more = (
        f"; {count(silent, 'run')} gave no answer and {'is' if silent == 1 else 'are'} not counted"
        if silent
        else ""
    )
    if not answers:
        return f"no run gave an answer{more}" if not silent else f"{count(silent, 'run')} and no answer"
    passed = answers.count(Status.PASS)
    bound = miss_bound(passed, len(answers))
    told = f"{passed} of {len(answers)} passed; "
    if bound >= 1:
        return f"{told}this says nothing against a miss every time{more}"
    return f"{told}with 95 % confidence the miss probability is below {bound * 100:.0f} %{more}"
