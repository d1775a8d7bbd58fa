"""How often each objective passed before and after, and whether fewer passes could have been seen at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drill.model.verdicts import Status
from drill.objectives.say import count
from drill.quarter.trial import Trial
from drill.small_samples import ALPHA, CONFIDENCE, at_least, least_seen, more_often

HALF = 0.5
ENOUGH = 0.8  # the usual power below which a test that finds nothing says nothing
Passes = tuple[int, int]  # passed, of so many that gave an answer


@dataclass(frozen=True, slots=True)
class Turned:
    """An objective whose share of passes is another one; the last of them is all others together.

    `counts` reads as `3 of 3, then 1 of 3`, or `as often as before`.
    """

    objective: str
    counts: str
    sentence: str
    status: Status


def turned(before: Sequence[Trial], after: Sequence[Trial]) -> list[Turned]:
    """Each objective that passed more or less often than before, then all others together."""
    names = dict.fromkeys(v.objective for t in (*before, *after) for v in t.verdicts)
    passes = {name: (_passes(before, name), _passes(after, name)) for name in names}
    both = {name: (old, new) for name, (old, new) in passes.items() if old[1] and new[1]}
    found = [_turn(name, *each) for name, each in both.items() if _apart(*each)]
    same = [each for each in both.values() if not _apart(*each)]
    return [*found, *([_same(same, len(names) - len(both))] if same else [])]


def _apart(old: Passes, new: Passes) -> bool:
    return old[0] * new[1] != new[0] * old[1]


def _turn(name: str, old: Passes, new: Passes) -> Turned:
    worse = new[0] * old[1] < old[0] * new[1]
    p = more_often(*(_misses(old, new) if worse else (*old, *new)))
    shown = Status.FAIL if worse and p <= ALPHA else Status.UNKNOWN if worse else Status.PASS
    counts = f"{old[0]} of {old[1]}, then {new[0]} of {new[1]}"
    return Turned(name, counts, _by_chance(p, old, new, worse=worse), shown)


def _misses(old: Passes, new: Passes) -> tuple[int, int, int, int]:
    return old[1] - old[0], old[1], new[1] - new[0], new[1]


def _by_chance(p: float, old: Passes, new: Passes, *, worse: bool) -> str:
    """Passes went down or up: how often chance would do that."""
    told = f"{'fewer' if worse else 'more'} passes; chance alone would give this in {often(p)} of cases"
    if p <= ALPHA:
        return told
    unsure = f"{told}, so that it is not shown at {CONFIDENCE * 100:.0f} % confidence"
    return f"{unsure}; {_would_see(_power(old, new))}" if worse else unsure


def _same(both: Sequence[tuple[Passes, Passes]], unanswered: int) -> Turned:
    """What passed as often as before, by the power of the weakest of these comparisons."""
    weakest = min(_power(old, new) for old, new in both)
    told = f"of the one that is hardest to tell: {_would_see(weakest)}"
    told += f"; {count(unanswered, 'other')} had no answer before or after" if unanswered else ""
    status = Status.PASS if weakest >= ENOUGH else Status.UNKNOWN
    return Turned(count(len(both), "other objective"), "as often as before", told, status)


def _power(old: Passes, new: Passes) -> float:
    """How often an objective that is missed in half of the runs after would be seen to have become worse."""
    least = least_seen(old[1], new[1], old[1] - old[0])
    return 0.0 if least is None else at_least(least, new[1], HALF)


def _would_see(power: float) -> str:
    if not power:
        return "with so few runs fewer passes could not be seen at all"
    return f"were it missed in half of the runs, this would have been seen in {often(power)} of cases"


def _passes(trials: Sequence[Trial], objective: str) -> Passes:
    """Passed, and judged with an answer."""
    told = [v.status for t in trials for v in t.verdicts if v.objective == objective]
    answers = [status for status in told if status is not Status.UNKNOWN]
    return answers.count(Status.PASS), len(answers)


def often(share: float) -> str:
    """A share of cases; never a round 0 % or 100 %, which no test can promise."""
    if share < 0.001:
        return "less than 0.1 %"
    return "more than 99 %" if share > 0.99 else f"{share * 100:.2g} %"
