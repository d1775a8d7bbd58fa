"""What was saved: the callers' ledger against the store's rows, and what that means in turns and seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drill.model.plan import Plan
from drill.model.units import seconds
from drill.objectives import turns as judged
from drill.objectives.say import count
from drill.objectives.stored_turns import Comparison
from drill.report.cited import link
from drill.report.values import Cell, Figure, Row, Section
from drill.report.words import NOTHING
from drill.timeline import Timeline, Turn

_HEADS = ("What", "How many", "Of", "First of them")
_ASIDE = (
    "RPO is what a caller was told was saved and is not there; its seconds reach from the oldest such "
    "acknowledgement to the loss. “Nobody could know” are turns whose acknowledgement never came: they may "
    "be there or not."
)
Line = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Saved:
    """The callers' turns, and what came of comparing them with the store."""

    turns: tuple[Turn, ...]
    found: Comparison


def saved(plan: Plan, timeline: Timeline, verdicts: Sequence[Row]) -> Saved | None:
    """The comparison that the verdicts were found by; None where they measured nothing."""
    if plan.objectives.turns is None or not any(row.measured for row in verdicts):
        return None
    return Saved(judged.said(timeline), judged.compared(timeline))


def figure(of: Saved | None) -> Figure:
    """Lost turns, of how many."""
    label = "Acknowledged turns lost"
    if of is None:
        return Figure(label, NOTHING, "the store was not compared")
    lost, promised = len(of.found.lost), of.found.promised
    return Figure(label, f"{lost} of {promised}", f"{count(of.found.rows, 'row')} read back from the store")


def section(plan: Plan, timeline: Timeline, verdicts: Sequence[Row], of: Saved | None) -> tuple[Section, ...]:
    """The section of a drill that judges saved turns; nothing for others."""
    if plan.objectives.turns is None:
        return ()
    rows = (*_promised(of), *_rows(of, timeline), _rpo(of, timeline)) if of else ()
    aside = _ASIDE if of else "Nothing was compared."
    told = [row for row in verdicts if row.objective == judged.LOST or row.status.name != "PASS"]
    return (Section("saved", "What was saved", tuple(told), _HEADS, rows, aside),)


def _line(what: str, number: int, whole: str, first: Sequence[str] = ()) -> Line:
    proof = link(first[0]) if first else None
    return (Cell(what), Cell(str(number)), Cell(whole), Cell("" if proof else NOTHING, proof))


def _promised(of: Saved) -> list[Line]:
    """What callers were told, and whether it is there."""
    found, ids = of.found, [turn.id for turn in of.turns]
    promised, lost = count(found.promised, "acknowledged turn"), count(len(found.lost), "lost turn")
    return [
        _line("Acknowledged to callers", found.promised, count(len(of.turns), "turn")),
        _line("Found", found.promised - len(found.lost), promised),
        _line("Lost", len(found.lost), promised, [ids[n] for n in found.lost[:1]]),
        _line("Holes: lost below a surviving one", len(found.holes), lost, [ids[n] for n in found.holes[:1]]),
        _line("Nobody could know, and there", len(found.recovered), f"{found.perhaps} such turns",
              [ids[n] for n in found.recovered[:1]]),
    ]  # fmt: skip


def _rows(of: Saved, timeline: Timeline) -> list[Line]:
    """What is in the store and should not be, or not so."""
    found, ids = of.found, [turn.id for turn in of.turns]
    rows, turns = count(found.rows, "row"), count(len(of.turns), "turn")
    stored = timeline.stored
    return [
        _line("Phantoms: no caller knows them", len(found.phantom), rows,
              [stored[n].id for n in found.phantom[:1]]),
        _line("Doubled", len(found.doubled), turns, [ids[n] for n in found.doubled[:1]]),
        _line("Altered", len(found.altered), rows, [stored[n].id for n in found.altered[:1]]),
        _order(of, [ids[n] for n in found.disordered[:1]]),
    ]  # fmt: skip


def _order(of: Saved, first: Sequence[str]) -> Line:
    """Not known where the store does not tell its order, unless it is wrong anyhow."""
    what, found = "Out of order", of.found
    if found.unplaced and not found.disordered:
        return (Cell(what), Cell("not known"), Cell(f"{found.unplaced} rows without a position"),
                Cell(NOTHING))  # fmt: skip
    return _line(what, len(found.disordered), count(len(of.turns), "turn"), first)


def _rpo(of: Saved, timeline: Timeline) -> Line:
    lost = [of.turns[n] for n in of.found.lost]
    calls, patients = len({turn.call for turn in lost}), len({turn.patient for turn in lost})
    much = f"{count(len(lost), 'turn')}, {seconds(judged.rpo_s(timeline, lost)) if lost else '0 s'}"
    who = f"{count(calls, 'call')}, {count(patients, 'patient')}"
    return (Cell("RPO"), Cell(much), Cell(who), Cell(NOTHING))
