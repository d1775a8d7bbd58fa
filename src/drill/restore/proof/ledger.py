"""`ledger.rpo`: what callers were told was saved against what the restored copy holds: the real RPO.

The age of a backup is no RPO: it says how much *could* be lost. Here each turn that was acknowledged before
the disaster is looked for. Turns lost at the end are held against the limit; a turn that is missing below
one that survives, one with other content, or one that nobody spoke is damage, whatever the limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from drill.model.restore import Check, Coverage, concluded, undecided
from drill.model.units import seconds
from drill.objectives.stored_turns import Told, compare
from drill.restore.proof.clock import timed
from drill.timeline import Stored

NAME = "ledger.rpo"


@dataclass(frozen=True, slots=True)
class RpoLimits:
    """How much may be lost: seconds before the disaster, and turns (None for any number within them)."""

    lost_s: float
    turns: int | None = None


def check_ledger(told: Sequence[Told], rows: Iterable[Stored], failed_s: float, limits: RpoLimits) -> Check:
    """See the module.

    Args:
        told: every turn that callers spoke, on the clock of `failed_s`.
        failed_s: the moment to which all should have come back. What was acknowledged later was never
            promised by this copy, and what is there of it is no stranger's.
    """
    with timed() as clock:
        # A turn after the moment may be there (it was on its way), but nobody expects it.
        due = [t if t.ack_s <= failed_s else _hoped(t) for t in told]
        found = compare(due, rows)
        if not found.promised:
            return undecided(
                NAME, "turns", "No turn was acknowledged before that moment, so none could be lost."
            )
        lost = [due[n] for n in found.lost]
        lost_s = failed_s - min((t.ack_s for t in lost), default=failed_s)
        wrong = _damage(len(found.holes), len(found.altered), len(found.phantom), len(found.doubled))
        if lost_s > limits.lost_s:
            wrong.append(f"the oldest lost turn was acknowledged {seconds(lost_s)} before the disaster")
        if limits.turns is not None and len(lost) > limits.turns:
            wrong.append(f"{len(lost)} acknowledged turns are lost, {limits.turns} may be")
        calls = len({t.call for t in lost})
        lacks = f"{len(lost)} of {calls} calls, the oldest {seconds(lost_s)} before the disaster"
        detail = f"{found.promised} turns were acknowledged; the copy lacks {lacks if lost else 'none'}"
        detail += f"; {wrong[0]}." if wrong else "."
        coverage = Coverage(found.promised, found.promised, "turns")
        limit = seconds(limits.lost_s)
        return clock.stamp(concluded(NAME, coverage, detail, wrong, measured=seconds(lost_s), limit=limit))


def _hoped(turn: Told) -> Told:
    return Told(turn.call, turn.seq, turn.turn_id, turn.digest, promised=False, ack_s=turn.ack_s)


def _damage(holes: int, altered: int, phantom: int, doubled: int) -> list[str]:
    """What no limit allows."""
    kinds = (
        (holes, "lost turns were acknowledged before one that survives"),
        (altered, "rows differ from what their caller said"),
        (phantom, "rows are of turns that nobody spoke"),
        (doubled, "turns are there more than once"),
    )
    return [f"{number} {what}" for number, what in kinds if number]
