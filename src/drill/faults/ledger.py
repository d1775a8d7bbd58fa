"""Write before you act, read back after; and undo from what was written, in any process.

Folding a ledger gives what is outstanding: every fault requested and not reverted, whether
or not it is known to have been applied. Reverting is idempotent, so doubt is reverted too.

The fence ends a ledger's right to act: whoever undoes for a writer that is gone, or hangs, puts it up
first, so that a writer who was only slow cannot inject behind the healer's back.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from drill.faults import Fault, World, make
from drill.journal import Journal, Stream, merge, read_stream
from drill.model.errors import DrillError, JournalError, NoAnswerError, WorldError
from drill.model.events import (
    FaultApplied,
    FaultFailed,
    FaultRequested,
    FaultReverted,
    FaultRevertFailed,
    Recorded,
)

FENCE = "fenced"
# So long a platform may still work off an order that it gave no answer to.
SETTLE_S = 1.0
# Streams of those who inject, and of those who only undo.
LEDGER = ("faults*", "heal-*", "reaper")


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def fence(run: Path) -> Path:
    """Where a run's fence is, when it is up."""
    return run / FENCE


def read_ledger(run: Path) -> tuple[Stream, ...]:
    """Only the streams of a run in which faults are requested or undone, by name: the others may hold a
    million lines, and whoever undoes is in a hurry. JournalError when there is no journal at all."""
    journals = run / "journal"
    if not any(journals.glob("*.jsonl")):
        raise JournalError(f"{journals} holds no journal stream; is {run} the folder of a run?")
    found = [path for kind in LEDGER for path in journals.glob(f"{kind}.jsonl")]
    return tuple(read_stream(path) for path in sorted(found))


def left(run: Path) -> list[FaultRequested]:
    """What a run has outstanding, last first."""
    return outstanding(merge(read_ledger(run)))


def apply(journal: Journal, fault_id: str, fault: Fault, world: World, fenced: Path | None = None) -> None:
    """Capture, write down, inject, read back, write down; WorldError when it is not sure.

    Nothing is injected when the request could not be written (JournalError), or once `fenced` exists. That
    is looked at after the request is durable: who put the fence up before reads of the request.
    """
    try:
        prior = fault.capture(world)
    except WorldError as error:  # nothing was touched, and a record without it would look complete
        journal.append(FaultFailed(fault_id, str(error)), durable=True)
        raise
    requested = FaultRequested(fault_id, fault.kind, _text(fault.spec()), _text(prior), fault.witness)
    journal.append(requested, durable=True)
    if fenced is not None and fenced.exists():
        raise WorldError(f"{fault_id} is not injected: this run's lease is over, it is being undone")
    try:
        read_back = fault.apply(world)
    except WorldError as error:
        unclear = isinstance(error, NoAnswerError)
        journal.append(FaultFailed(fault_id, str(error), unclear), durable=True)
        raise
    journal.append(FaultApplied(fault_id, _text(read_back)), durable=True)


def outstanding(events: Iterable[Recorded]) -> list[FaultRequested]:
    """Faults requested and not reverted, last first: the order in which to undo them.

    A fault is asked for once and undone for good, so that the order of the two does not matter: after a
    reboot the steady clock starts anew, and a revert seems older than its request.
    """
    open_: dict[str, FaultRequested] = {}
    reverted: set[str] = set()
    for recorded in events:
        match recorded.event:
            case FaultRequested(fault_id=fault_id) as requested:
                open_[fault_id] = requested
            case FaultReverted(fault_id=fault_id):
                reverted.add(fault_id)
            case _:
                pass
    return [each for each in reversed(open_.values()) if each.fault_id not in reverted]


def unclear(events: Iterable[Recorded]) -> set[str]:
    """Ids of faults of which nothing says how their request came out, or only that no answer came: an order
    may be under way still."""
    asked: set[str] = set()
    told: set[str] = set()
    for recorded in events:
        match recorded.event:
            case FaultRequested(fault_id=fault_id):
                asked.add(fault_id)
            case FaultApplied(fault_id=fault_id) | FaultFailed(fault_id=fault_id, unclear=False):
                told.add(fault_id)
            case _:
                pass
    return asked - told


def revert(journal: Journal, requested: Iterable[FaultRequested], world: World, by: str) -> list[str]:
    """Revert each, in the order given; one that fails never hides the others. Returns the failures.

    A journal that takes no more is told among them, and stops nothing: better undone and unwritten.
    """
    failures = []
    for each in requested:
        event = _undone(each, world, by)
        word = "restored, but not written down"
        if isinstance(event, FaultRevertFailed):
            word = event.error
            failures.append(f"{each.fault_id}: {word}")
        try:
            journal.append(event, durable=True)
        except JournalError as error:
            failures.append(f"{each.fault_id}: {word}: {error}")
    return failures


def revert_surely(
    journal: Journal, events: Sequence[Recorded], world: World, by: str,
    sleep: Callable[[float], None] = time.sleep,
) -> list[str]:  # fmt: skip
    """Revert all that is outstanding, and once more, after a moment, what an order may yet be under way for.
    Returns the failures."""
    todo, doubtful = outstanding(events), unclear(events)
    failures = revert(journal, todo, world, by)
    if once_more := again(todo, doubtful):
        sleep(SETTLE_S)
        failures += revert(journal, once_more, world, by)
    return failures


def again(todo: Sequence[FaultRequested], ids: Collection[str]) -> list[FaultRequested]:
    """Of what is undone in this order that which has to be undone anew when `ids` have to be: from the first
    of them on, for its prior state may hold the effect of a fault that was asked for before it."""
    first = next((n for n, each in enumerate(todo) if each.fault_id in ids), len(todo))
    return list(todo[first:])


def _undone(each: FaultRequested, world: World, by: str) -> FaultReverted | FaultRevertFailed:
    try:
        read_back = make(each.fault, each.spec).revert(world, json.loads(each.prior))
    except (DrillError, ValueError, KeyError, TypeError) as error:
        return FaultRevertFailed(each.fault_id, str(error), by)
    return FaultReverted(each.fault_id, _text(read_back), by)
