"""Write before you act, read back after; and undo from what was written, in any process.

Folding a ledger gives what is outstanding: every fault requested and not reverted, whether
or not it is known to have been applied. Reverting is idempotent, so doubt is reverted too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from drill.faults import Fault, Proxies, World, make
from drill.journal import Journal, merge, read_run
from drill.model.errors import DrillError, WorldError
from drill.model.events import (
    FaultApplied,
    FaultFailed,
    FaultRequested,
    FaultReverted,
    FaultRevertFailed,
    Recorded,
    RunStarted,
)


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def apply(journal: Journal, fault_id: str, fault: Fault, world: World) -> None:
    """Capture, write down, inject, read back, write down; WorldError when it is not sure."""
    prior = fault.capture(world)
    requested = FaultRequested(fault_id, fault.kind, _text(fault.spec()), _text(prior), fault.witness)
    journal.append(requested, durable=True)
    try:
        read_back = fault.apply(world)
    except WorldError as error:
        journal.append(FaultFailed(fault_id, str(error)), durable=True)
        raise
    journal.append(FaultApplied(fault_id, _text(read_back)), durable=True)


def outstanding(events: Iterable[Recorded]) -> list[FaultRequested]:
    """Faults requested and not reverted, last first: the order in which to undo them."""
    open_: dict[str, FaultRequested] = {}
    for recorded in events:
        match recorded.event:
            case FaultRequested(fault_id=fault_id) as requested:
                open_[fault_id] = requested
            case FaultReverted(fault_id=fault_id):
                open_.pop(fault_id, None)
            case _:
                pass
    return list(reversed(open_.values()))


def revert(journal: Journal, requested: Iterable[FaultRequested], world: World, by: str) -> list[str]:
    """Revert each, in the order given; one that fails never hides the others. Returns the failures."""
    failures = []
    for each in requested:
        try:
            read_back = make(each.fault, each.spec).revert(world, json.loads(each.prior))
        except (DrillError, ValueError, KeyError, TypeError) as error:
            failures.append(f"{each.fault_id}: {error}")
            journal.append(FaultRevertFailed(each.fault_id, str(error), by), durable=True)
        else:
            journal.append(FaultReverted(each.fault_id, _text(read_back), by), durable=True)
    return failures


def heal_run(folder: Path, world: World | None = None) -> list[str]:
    """Undo what a run left behind, from its journal alone; says what was restored.

    Raises WorldError when something could not be restored, JournalError when the folder is no run.
    """
    journals = folder / "journal"
    events = merge(read_run(journals))
    todo = outstanding(events)
    if not todo:
        return []
    run_id = next((r.event.run_id for r in events if isinstance(r.event, RunStarted)), "")
    healing = next(n for n in range(1, 10_000) if not (journals / f"heal-{n}.jsonl").exists())
    with Journal(journals / f"heal-{healing}.jsonl", run_id) as journal:
        failures = revert(journal, todo, world or Proxies(), by=f"heal pid {os.getpid()}")
    if failures:
        raise WorldError("could not restore: " + "; ".join(failures))
    return [f"{each.fault_id}: {each.fault} on {_what(json.loads(each.spec))}" for each in todo]


def _what(spec: dict[str, Any]) -> str:
    """What a fault was on, in words: a proxy, a service or a zone."""
    if "service" in spec:
        return f"service {spec['service']}"
    return f"zone {spec['zone']}" if "zone" in spec else str(spec.get("proxy", "?"))
