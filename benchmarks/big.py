"""A run of any size, written as a real one is: many callers, an EHR away for 30 s, breakers that work.

The events are those of `tests/histories.py`, which the tests judge, with more callers; they are written in
the order of time, so that ten million of them need no memory.
"""

from __future__ import annotations

import heapq
import math
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import histories as h
from drill.journal import Journal
from drill.model import events as ev
from drill.model.plan import LoadPlan, to_json

EVENTS_OF_A_CALLER = 68.9  # at least: its turns twice, those stored, the notes of them, the call itself
RAMP_S = 8.0


def write_run(folder: Path, events: int) -> int:
    """The folder of a run with about so many events; returns how many they are."""
    callers = max(20, math.ceil(events / EVENTS_OF_A_CALLER))
    plan = h.plan(load=LoadPlan("p.py", "e" * 64, callers, 60.0))
    (folder / "journal").mkdir(parents=True)
    (folder / "plan.json").write_text(to_json(plan) + "\n")
    return sum(
        _stream(folder, name, entries)
        for name, entries in (
            ("control", iter(sorted(h.control(plan), key=_at))),
            ("faults", iter([h.requested(), h.applied(), h.reverted()])),
            ("probes", iter(sorted(h.probes(), key=_at))),
            ("load", _load(callers)),
            ("readback", _read_back(callers)),
        )
    )


def _at(entry: h.Entry) -> float:
    return entry[1]


def _stream(folder: Path, name: str, entries: Iterator[h.Entry]) -> int:
    count, now_ns = 2, h.ns(0.0)
    path = folder / "journal" / f"{name}.jsonl"
    with Journal(path, h.RUN_ID, clock_ns=lambda: now_ns) as journal:
        for _, at_s, event in entries:
            now_ns = h.ns(at_s)
            journal.append(event)
            count += 1
    return count


def _load(callers: int) -> Iterator[h.Entry]:
    """Turns of all callers as they come; what a turn ends with waits until its time."""
    later: list[tuple[float, int, h.Entry]] = []
    number = 0
    for entry in heapq.merge(_starts(callers), _turns(callers), _samples(callers), key=_at):
        while later and later[0][0] <= entry[1]:
            yield heapq.heappop(later)[2]
        if isinstance(entry[2], ev.TurnEnded):
            number += 1
            heapq.heappush(later, (entry[2].ack_ns / 1e9 - h.ORIGIN_NS / 1e9, number, entry))
        else:
            yield entry
    for _, _, entry in sorted(later):
        yield entry
    for caller in range(callers):
        yield "load", h.UNWIND_S + 0.5, ev.CallEnded(_name(caller), "cut", "")


def _name(caller: int) -> str:
    return f"c{caller:07d}"


def _starts(callers: int) -> Iterator[h.Entry]:
    for caller in range(callers):
        yield from h.call(_name(caller), 1.5 + caller * RAMP_S / callers)


def _samples(callers: int) -> Iterator[h.Entry]:
    for second in range(2, int(h.UNWIND_S) + 1):
        yield "load", float(second), ev.LoadSample(callers, 1.5, 1.0, 0.2, 1000, 0)


def _turns(callers: int) -> Iterator[h.Entry]:
    """Both halves of each turn, at the moment of its first."""
    for caller, seq, eos_s, intent in _said(callers):
        first, second = h.said(_name(caller), seq, eos_s, intent)
        yield first
        yield second[0], eos_s, second[2]


def _said(callers: int) -> Iterator[tuple[int, int, float, str]]:
    seq, round_s = 1, 10.2
    while round_s < h.UNWIND_S - 9:
        for caller in range(callers):
            intent = ("chat", "lookup", "note")[(seq + caller) % 3]
            yield caller, seq, round_s + caller * 4.0 / callers, intent
        seq, round_s = seq + 1, round_s + 4.0


def _read_back(callers: int) -> Iterator[h.Entry]:
    """The notes in the EHR, then the turns in the store, which saved them in the order of their ends."""
    notes = position = 0
    for caller, seq, _, intent in _said(callers):
        if intent == "note":
            notes += 1
            turn, digest = f"id-{_name(caller)}-{seq}", h.digest(_name(caller), seq, intent)
            record = ev.EhrRecord(turn, h.patient_of(_name(caller)), digest, f"DocumentReference/{notes}")
            yield "readback", 97.5, record
    yield "readback", 98.0, ev.ReadBackEnded("ehr", ok=True, records=notes, detail="")
    for caller, seq, _, intent in _said(callers):
        position += 1
        name = _name(caller)
        stored = ev.StoredTurn(f"id-{name}-{seq}", name, seq, h.digest(name, seq, intent), position=position)
        yield "readback", 98.5, stored
    yield "readback", 99.0, ev.ReadBackEnded("store", ok=True, records=position, detail="")
