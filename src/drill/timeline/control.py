"""What the conductor and the fault runner wrote: phases, faults, helpers, guards."""

from __future__ import annotations

from drill.model.events import (
    ChildEnded,
    ChildStarted,
    FaultApplied,
    FaultFailed,
    FaultRequested,
    FaultReverted,
    FaultRevertFailed,
    PhaseEntered,
    Recorded,
)
from drill.timeline.sorted_events import Sorted
from drill.timeline.values import Child, FaultWindow, Note, Phase


def phases(events: Sorted) -> tuple[Phase, ...]:
    """Each phase until the next."""
    entered = list(events.of(PhaseEntered))
    ends = [events.at(recorded) for recorded, _ in entered[1:]] + [events.end_s]
    return tuple(
        Phase(events.at(recorded), end_s, name=phase.phase, id=recorded.id)
        for (recorded, phase), end_s in zip(entered, ends, strict=False)
    )


def faults(events: Sorted) -> tuple[FaultWindow, ...]:
    """Each requested fault, and an applied one that nobody had requested as if it had been."""
    applied = {event.fault_id: r for r, event in events.of(FaultApplied)}
    windows = {
        event.fault_id: _window(events, recorded, event, applied.get(event.fault_id))
        for recorded, event in events.of(FaultRequested)
    }
    for fault_id, recorded in applied.items():
        stray = FaultRequested(fault_id, "unrequested", "", "", "")
        if fault_id not in windows:
            windows[fault_id] = _window(events, recorded, stray, recorded)
    return tuple(sorted(windows.values(), key=lambda w: (w.requested_s, w.fault_id)))


def refused(events: Sorted) -> tuple[Note, ...]:
    """Faults that failed before they were requested: nothing was touched, nothing is to be undone."""
    asked = {event.fault_id for _, event in events.of(FaultRequested)}
    asked |= {event.fault_id for _, event in events.of(FaultApplied)}
    return tuple(
        Note(events.at(recorded), f"{event.fault_id}: {event.error}", recorded.id)
        for recorded, event in events.of(FaultFailed)
        if event.fault_id not in asked
    )


def _window(
    events: Sorted, requested: Recorded, fault: FaultRequested, applied: Recorded | None
) -> FaultWindow:
    failed = [(r, e) for r, e in events.of(FaultFailed) if e.fault_id == fault.fault_id]
    reverted = [(r, e) for r, e in events.of(FaultReverted) if e.fault_id == fault.fault_id]
    kept = [(r, e) for r, e in events.of(FaultRevertFailed) if e.fault_id == fault.fault_id]
    cited = [requested, *([applied] if applied else []), *(r for r, _ in failed)]
    cited += [r for r, _ in reverted[:1]] + [r for r, _ in kept]
    return FaultWindow(
        fault.fault_id, fault.fault, fault.spec, fault.witness,
        requested_s=events.at(requested),
        applied_s=events.at(applied) if applied else None,
        reverted_s=events.at(reverted[0][0]) if reverted else None,
        reverted_by=reverted[0][1].by if reverted else "",
        failed="; ".join(e.error for _, e in failed),
        revert_failed="; ".join(e.error for _, e in kept),
        ids=tuple(dict.fromkeys(r.id for r in cited)),
        prior=fault.prior or "{}",
        read_back=reverted[0][1].read_back if reverted else "{}",
    )  # fmt: skip


def children(events: Sorted) -> tuple[Child, ...]:
    """Each helper with its end; an end without a start is a helper as well."""
    ends = {event.child: (recorded, event) for recorded, event in events.of(ChildEnded)}
    found = [_child(events, r, started.pid, started.child, ends.pop(started.child, None))
             for r, started in events.of(ChildStarted)]  # fmt: skip
    found += [_child(events, recorded, 0, child, (recorded, end)) for child, (recorded, end) in ends.items()]
    return tuple(found)


def _child(
    events: Sorted, started: Recorded, pid: int, name: str, ended: tuple[Recorded, ChildEnded] | None
) -> Child:
    at = events.at(started)
    if ended is None:
        return Child(name, pid, at, None, 0, expected=False, detail="", id=started.id)
    recorded, end = ended
    return Child(name, pid, at, events.at(recorded), end.returncode, end.expected, end.detail, recorded.id)
