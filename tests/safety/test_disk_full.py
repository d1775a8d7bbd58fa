"""The disk is full at any point of the fault ledger: no effect without its record, and nothing is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from drill.model.events import FaultRequested, FaultReverted
from drill.model.verdicts import Status
from drill.runs import judge_run
from soak.crowd import crowd
from soak.trial import Worker

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]
# Bytes that the ledger may have: not its first line, its first line only, one fault, two, all three.
ROOMS = (100, 400, 1200, 1700, 2600)
# Nobody dies here, so nobody's silence is to end a drill: a busy machine may be silent for two seconds.
LEASE_S = 20.0


def full(worker: Worker, room: int) -> tuple[int, int, int, list[str], str]:
    """Room, faults requested and reverted by the record, what is wrong, and why it was aborted."""
    before, wrong = worker.rig.state(), []
    begun = worker.begin(("ehr_fault", {"mode": "refused"}), room=room, lease_s=LEASE_S)
    while begun.lives():
        changed = [name for name, state in worker.rig.state().items() if state != before[name]]
        if len(changed) > len(begun.requested()):
            wrong.append(f"{changed} without a record")
    if worker.rig.state() != before:
        wrong.append("left behind")
    if judge_run(begun.folder).status is Status.PASS:
        wrong.append("PASS")
    events = [r.event for s in begun.streams() for r in s.events]
    wrong += [f"unreadable: {stream.fault}" for stream in begun.streams() if stream.changed]
    wrong += [f"still runs: {name}" for name in begun.await_nobody()]
    reverted = {event.fault_id for event in events if isinstance(event, FaultReverted)}
    return (
        room,
        sum(isinstance(event, FaultRequested) for event in events),
        len(reverted),
        wrong,
        begun.reason(),
    )


def test_a_full_disk_stops_the_drill_before_what_it_cannot_record(tmp_path: Path) -> None:
    """What was recorded is undone, by whoever still can write; what was not recorded never was."""
    found = sorted(crowd(tmp_path, ROOMS, full, workers=2))
    assert [each for each in found if each[3]] == []
    assert found[0][1] == found[1][1] == 0, "a fault was requested in a ledger that has no room for it"
    assert found[-1][1] > 0, found[-1]
    assert all(requested == reverted for _, requested, reverted, *_ in found)
