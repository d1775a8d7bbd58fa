"""The restore: what somebody will quote of it, what there was to choose from, how long each step took, what
every proof covered, and which check saw which planted damage.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from drill.model.plan import Plan
from drill.model.restore_events import PointSeen
from drill.model.units import seconds
from drill.model.verdicts import Status
from drill.objectives.restore import phases
from drill.report.callers import calls_figure, turns_figure
from drill.report.cited import link
from drill.report.values import Cell, Figure, Row, Section
from drill.report.words import NOTHING
from drill.timeline import Restored, Timeline

_RTO_ASIDE = (
    "The clock runs from the restore's beginning to the first call that the copy served; whose call that "
    "was, the verdict restore.completed says. Proofs are made before that call, and their time is in it."
)
_PROOF_ASIDE = "A proof that did not cover everything is UNKNOWN; what it found counts all the same."
_MATRIX_ASIDE = (
    "Each damage was planted in a copy of its own after the copy had served. “RED” is a check that saw it, "
    "“green” one that did not look for such a thing or did not see it, an empty cell one that was not run. "
    "The check in the second column has to see it; one that does not leaves all proofs without worth."
)
_TOLD = ("points", "retention", "completed", "rto", "rpo", "controls")
_FIGURES = (
    ("restore.rto", "The copy served a call after"),
    ("restore.rpo", "Acknowledged, and not in the copy"),
    ("restore.points", "Age of the youngest whole backup"),
)
Line = tuple[Cell, ...]


def figures(timeline: Timeline, verdicts: Sequence[Row]) -> tuple[Figure, ...]:
    """What somebody will quote of a restore; the first three as the verdicts measured them."""
    rows = {row.objective: row for row in verdicts}
    measured = [_as_judged(label, rows[name]) for name, label in _FIGURES if name in rows]
    found = timeline.restored
    return *measured, _passed(found), _caught(found), calls_figure(timeline), turns_figure(timeline)


def _as_judged(label: str, row: Row) -> Figure:
    """The first of what was measured is the figure; the rest, and the limit, stand below it."""
    value, _, rest = row.measured.removeprefix("newest ").partition(", ")
    note = ", ".join(part for part in (rest, f"limit {row.limit}" if row.limit else "not measured") if part)
    return Figure(label, value or NOTHING, note)


def _passed(found: Restored | None) -> Figure:
    checks = [check for check, _ in found.checks] if found else []
    passed = sum(check.status == Status.PASS.name and check.covered == check.total > 0 for check in checks)
    label, note = "Proofs that covered everything and passed", "made of the copy and of the stores"
    return Figure(
        label, f"{passed} of {len(checks)}" if checks else NOTHING, note if checks else "none was made"
    )


def _caught(found: Restored | None) -> Figure:
    outcomes = [control.outcome for control, _ in found.controls] if found else []
    label = "Planted damages that were seen"
    if not outcomes:
        return Figure(
            label, NOTHING, "none was planted: nobody knows from this run that the proofs can go red"
        )
    return Figure(label, f"{outcomes.count('caught')} of {len(outcomes)}", "each in a copy of its own")


def section(plan: Plan, timeline: Timeline, verdicts: Sequence[Row]) -> tuple[Section, ...]:
    """The sections of a drill that restores; nothing for others."""
    if plan.objectives.restore is None:
        return ()
    found = timeline.restored
    told = [row for row in verdicts if row.objective.removeprefix("restore.") in _TOLD]
    if found is None:
        return (Section("restore", "The restore", tuple(told), (), (), "Nothing was restored."),)
    parts = [_population(found), _phases(found, told), _proofs(found)]
    return (*parts, *([_matrix(found)] if found.controls else []))


def _population(found: Restored) -> Section:
    listing = found.listing("before")
    heads = ("Base backup", "Began", "Ended", "Size", "Chosen")
    rows = tuple(_point(point, found) for point in listing.points) if listing else ()
    asked = listing.asked if listing else None
    aside = (
        f"The population, by: {asked.query}. {asked.wal_files} log files." if asked else "Nothing was listed."
    )
    if found.chosen:
        chosen = found.chosen[0]
        aside += (
            f" Chosen by the rule {chosen.rule!r}, seed {chosen.seed}, of {chosen.eligible} that would do."
        )
    return Section("population", "What there was to restore", (), heads, rows, aside)


def _point(point: PointSeen, found: Restored) -> Line:
    mine = found.chosen is not None and found.chosen[0].name == point.name
    size = f"{point.size_bytes / 1e6:.0f} MB" if point.whole else "not whole"
    proof = link(found.chosen[1]) if mine and found.chosen else None
    return (Cell(point.name), Cell(_utc(point.began_s)), Cell(_utc(point.ended_s)), Cell(size),
            Cell("" if mine else NOTHING, proof))  # fmt: skip


def _utc(at_s: float) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M:%S} UTC" if at_s else NOTHING


def _phases(found: Restored, told: Sequence[Row]) -> Section:
    heads = ("Step", "Took", "Since the beginning", "Event")
    rows = tuple(
        (Cell(name), Cell(seconds(took_s)), Cell(seconds(since_s)), Cell("", link(id_)))
        for name, took_s, since_s, id_ in phases(found)
    )
    return Section("restore", "The restore", tuple(told), heads, rows, _RTO_ASIDE)


def _proofs(found: Restored) -> Section:
    heads = ("Proof", "Said", "Covered", "Way", "Cost")
    rows = tuple(
        (
            Cell(check.name, link(id_)),
            Cell(check.status),
            Cell(f"{check.covered} of {check.total} {check.unit}"),
            Cell(check.way or NOTHING),
            Cell(seconds(check.took_s)),
        )
        for check, id_ in found.checks
    )
    return Section("proofs", "What was proved of the copy", (), heads, rows, _PROOF_ASIDE)


def _matrix(found: Restored) -> Section:
    checks = sorted({name for control, _ in found.controls for name in control.ran})
    # Names are too long to stand side by side: numbers, and a key.
    heads = ("Damage", "Has to be seen by", "Came out", *(str(n) for n in range(1, len(checks) + 1)))
    key = ", ".join(f"{n} {name}" for n, name in enumerate(checks, start=1))
    rows = tuple(
        (
            Cell(control.damage, link(id_)),
            Cell(control.expects),
            Cell(control.outcome),
            *(Cell(_seen(name, control.ran, control.red)) for name in checks),
        )
        for control, id_ in found.controls
    )
    return Section("controls", "Can these proofs go red?", (), heads, rows, f"{_MATRIX_ASIDE} Checks: {key}.")


def _seen(name: str, ran: Sequence[str], red: Sequence[str]) -> str:
    return "RED" if name in red else "green" if name in ran else ""
