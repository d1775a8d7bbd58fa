"""Every run there is, whatever became of it: nobody chooses which of them an auditor sees.

A folder below `runs/<drill>/` is a run, and one that cannot be read is a run that cannot be read. Runs are
judged one after the other, from their journals alone; of each only its `Trial` is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from drill.model.errors import DefinitionError, DrillError
from drill.quarter.calendar import Quarter
from drill.quarter.trial import State, Trial, trial, unreadable
from drill.runs import judge_run


def population(root: Path) -> tuple[Trial, ...]:
    """All runs below a folder in the order of time; DefinitionError when there is no such folder."""
    if not root.is_dir():
        raise DefinitionError(f"{root}: there is no such folder of runs; name one with --runs")
    folders = (
        folder for drill in sorted(root.iterdir()) if drill.is_dir() for folder in sorted(drill.iterdir())
    )
    return in_order(_read(folder, root) for folder in folders if folder.is_dir())


def in_order(trials: Iterable[Trial]) -> tuple[Trial, ...]:
    """By the moment they began; what has none comes last."""
    return tuple(sorted(trials, key=lambda t: (t.started is None, str(t.started), t.drill, t.run_id)))


def _read(folder: Path, root: Path) -> Trial:
    try:
        return trial(judge_run(folder), root)
    except DrillError as error:
        return unreadable(folder, root, str(error))


def within(trials: Sequence[Trial], quarter: Quarter) -> tuple[Trial, ...]:
    """The runs of a quarter, and those of which nothing says when they were: they could be its."""
    return tuple(t for t in trials if t.day is None or quarter.holds(t.day))


def tally(trials: Sequence[Trial]) -> str:
    """`7 runs: 6 conducted, 1 sham`: how many there were of each kind; nothing is left out."""
    counts = Counter(t.state for t in trials)
    told = ", ".join(f"{counts[state]} {state.value}" for state in State if counts[state])
    return f"{len(trials)} run{'' if len(trials) == 1 else 's'}" + (f": {told}" if told else "")
