"""Every run there is, whatever became of it: nobody chooses which of them an auditor sees.

A folder below `runs/<drill>/` is a run, and one that cannot be read is a run that cannot be read. A bundle
stands for its run where the folder is gone. The register holds a line for every run that was begun; one
that is in it and nowhere else is missing, and the report says so.

Runs are judged one after the other, from their journals alone; of each only its `Trial` is kept.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from drill.evidence.bundle import Bundle, Reader, opened, read_bundle
from drill.evidence.register import read_register
from drill.evidence.sealing import SUFFIX, bundle_path
from drill.judge import judge
from drill.model.errors import DefinitionError, DrillError
from drill.quarter.calendar import Quarter
from drill.quarter.papers import Papers, in_folder, papers
from drill.quarter.trial import Sealed, State, Trial, evidence_digest, missing, trial, unreadable
from drill.runs import Judged, judge_run


def population(root: Path) -> tuple[Trial, ...]:
    """All runs below a folder in the order of time.

    Raises DefinitionError when there is no such folder, JournalError when its register was changed.
    """
    if not root.is_dir():
        raise DefinitionError(f"{root}: there is no such folder of runs; name one with --runs")
    numbers = {record.run_id: record for record in read_register(root)}
    found = [_numbered(each, {r.run_id: r.number for r in numbers.values()}) for each in _all(root)]
    here = {each.run_id for each in found} | {Path(each.where).name for each in found}
    lost = [
        missing(r.drill, r.run_id, r.number, r.created_utc) for name, r in numbers.items() if name not in here
    ]
    return in_order([*found, *lost])


def _all(root: Path) -> Iterator[Trial]:
    for drill in sorted(path for path in root.iterdir() if path.is_dir()):
        folders = {path.name: path for path in drill.iterdir() if path.is_dir()}
        bundles = {path.name.removesuffix(SUFFIX) for path in drill.glob(f"*{SUFFIX}")}
        for name in sorted(folders.keys() | bundles):
            yield _read(drill / name, root, of_folder=name in folders)


def _numbered(each: Trial, numbers: dict[str, int]) -> Trial:
    return dataclasses.replace(each, number=numbers.get(each.run_id))


def _read(folder: Path, root: Path, *, of_folder: bool) -> Trial:
    """A run from its folder, or where that is gone from its bundle; with the seals of the bundle."""
    try:
        bundle = read_bundle(bundle_path(folder)) if bundle_path(folder).is_file() else None
        if of_folder or bundle is None:
            judged = judge_run(folder)
        else:
            judged = Judged(folder, bundle.plan, bundle.streams, judge(bundle.plan, bundle.streams))
        found = trial(judged, root)
        beside = _papers(found, folder, bundle, of_folder=of_folder)
    except DrillError as error:
        return unreadable(folder, root, str(error))
    return dataclasses.replace(found, seals=_seals(bundle, found) if bundle else (), papers=beside)


def _papers(found: Trial, folder: Path, bundle: Bundle | None, *, of_folder: bool) -> Papers:
    if found.plan is None:
        return Papers()
    about = (found.plan, found.operator, found.started, found.ended)
    if bundle is None:
        return papers(in_folder(folder), *about)
    with opened(bundle.path) as reader:
        # Of a bundle that stands alone the run's folder is gone, and holds nothing.
        here: Callable[[str], bytes | None] = in_folder(folder) if of_folder else lambda _: None
        return papers(lambda name: here(name) or _in_bundle(reader, name), *about)


def _in_bundle(reader: Reader, name: str) -> bytes | None:
    return reader.document(name) if name in reader.members else None


def _seals(bundle: Bundle, found: Trial) -> tuple[Sealed, ...]:
    same = evidence_digest(bundle.streams) == found.digest and bundle.plan == found.plan
    return tuple(Sealed(s.role, s.keyid, s.sealed_utc, tuple(s.subjects.items()), same) for s in bundle.seals)


def in_order(trials: Iterable[Trial]) -> tuple[Trial, ...]:
    """By the moment they began; what has none comes last."""
    return tuple(sorted(trials, key=lambda t: (t.started is None, str(t.started), t.drill, t.run_id)))


def within(trials: Sequence[Trial], quarter: Quarter) -> tuple[Trial, ...]:
    """The runs of a quarter, and those of which nothing says when they were: they could be its."""
    return tuple(t for t in trials if t.day is None or quarter.holds(t.day))


def tally(trials: Sequence[Trial]) -> str:
    """`7 runs: 6 conducted, 1 sham`: how many there were of each kind; nothing is left out."""
    counts = Counter(t.state for t in trials)
    told = ", ".join(f"{counts[state]} {state.value}" for state in State if counts[state])
    return f"{len(trials)} run{'' if len(trials) == 1 else 's'}" + (f": {told}" if told else "")
