"""Histories built by hand: what a journal would hold of a run, as (stream, second, event) entries.

`outage()` is the reference: 20 calls, the EHR blackholed from 26.2 s to 56.2 s, breakers that open
1.8 s after that and close 4 s after the revert, notes queued and delivered. A test changes the one
thing it is about.

    0 guards   1 ramp   11 baseline   26 fault ▓▓▓▓▓▓ 56 recovery   96 unwind   100 end
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any

from drill.journal import Stream, merge
from drill.judge import judge
from drill.model import events as ev
from drill.model import plan as pl
from drill.model.verdicts import Verdict
from drill.timeline import Timeline, fold

Entry = tuple[str, float, ev.Event]
Entries = list[Entry]

ORIGIN_NS = 5_000_000_000_000
UTC_NS = 1_790_000_000_000_000_000
ZONES = ("a", "b", "c")
RUN_ID = "20261123T120000Z-abc123"
APPLIED_S, OPENED_S, REVERTED_S, CLOSED_S, UNWIND_S, END_S = 26.2, 28.0, 56.2, 60.2, 96.0, 100.0
RECOVERY = pl.RecoveryLimits(1.5, 0.10, 0.05, 30.0, 20.0, 200.0)
BREAKER = pl.BreakerLimits(15.0, 15.0, 1, 5.0, 2.5)
CALLS = pl.CallLimits(0, 1.5, 1.5, 0.99)


def plan(**changes: Any) -> pl.Plan:
    """A plan that asks for everything; objectives and other fields by name."""
    asked = {f.name: changes.pop(f.name) for f in dataclasses.fields(pl.Objectives) if f.name in changes}
    objectives = pl.Objectives(RECOVERY, BREAKER, CALLS, pl.WriteLimits(30.0), pl.TurnLimits(0))
    base = pl.Plan(
        drill="ehr-outage", title="EHR outage under live calls", owner="on-call", severity="SEV2",
        risk="R-012", controls=(), runbook="runbook.md", schedule="quarterly", target="sandbox",
        environment="sandbox", profile="lite", target_digest="d" * 64, zones=ZONES, capacities=(32, 32, 32),
        members=ZONES, experiment_file="x.yaml",
        experiment="{}", load=pl.LoadPlan("p.py", "e" * 64, 20, 60.0),
        phases=pl.Phases(10.0, 15.0, 30.0, 60.0), objectives=objectives, seed=7, sham=False,
    )  # fmt: skip
    return dataclasses.replace(base, objectives=dataclasses.replace(objectives, **asked), **changes)


def ns(at_s: float) -> int:
    """A second of the run as a monotonic time."""
    return ORIGIN_NS + round(at_s * 1e9)


# --- single events ---


def call(name: str, start_s: float, end_s: float | None = None, outcome: str = "completed") -> Entries:
    """A call from start to end; without an end nobody wrote one down."""
    began: Entries = [
        ("load", start_s, ev.CallStarted(name, patient_of(name), ns(start_s), ok=True, detail=""))
    ]
    return began if end_s is None else [*began, ("load", end_s, ev.CallEnded(name, outcome, ""))]


def patient_of(call_name: str) -> str:
    """Every call has a patient of its own."""
    return f"synthetic-{call_name}"


def digest(call_name: str, seq: int, intent: str) -> str:
    """As the contract has it."""
    return hashlib.sha256(f"{call_name}|{seq}|{intent}".encode()).hexdigest()[:16]


def invoked(call_name: str, seq: int, eos_s: float, intent: str = "chat") -> Entry:
    """Only the first half of a turn."""
    return "load", eos_s, ev.TurnInvoked(call_name, seq, intent, ns(eos_s))


def turn(
    call_name: str, seq: int, eos_s: float, waited_s: float | None = 0.6, intent: str = "chat",
    outcome: str = "full", ended_s: float | None = None,
) -> Entries:  # fmt: skip
    """A whole turn; `waited_s` None was never answered, `ended_s` is when that was written down."""
    answered = waited_s is not None
    audio_s = eos_s + waited_s if waited_s is not None else 0.0
    told = answered and outcome in ("full", "degraded", "wrong_patient")
    ended = ev.TurnEnded(
        call_name, seq, intent, ns(eos_s), ns(audio_s) if answered else 0, ns(audio_s + 0.5) if told else 0,
        outcome if answered or outcome == "dropped" else "unanswered", "ok" if told else "info",
        f"id-{call_name}-{seq}" if told else "", patient_of(call_name) if told else "",
        digest(call_name, seq, intent) if told else "",
    )  # fmt: skip
    at_s = ended_s if ended_s is not None else (audio_s + 0.5 if answered else eos_s + 10.0)
    return [invoked(call_name, seq, eos_s, intent), ("load", at_s, ended)]


def requested(fault_id: str = "f1", at_s: float = 26.1, witness: str = "timeout") -> Entry:
    """The first half of a fault."""
    return "faults", at_s, ev.FaultRequested(fault_id, "ehr-blackholed", "{}", "{}", witness)


def applied(fault_id: str = "f1", at_s: float = APPLIED_S) -> Entry:
    """The fault is on."""
    return "faults", at_s, ev.FaultApplied(fault_id, "{}")


def reverted(fault_id: str = "f1", at_s: float = REVERTED_S) -> Entry:
    """The fault is off."""
    return "faults", at_s, ev.FaultReverted(fault_id, "{}", "toolkit")


# --- the reference run ---


def outage() -> Entries:
    """The whole reference run; see the module."""
    entries = [*control(), requested(), applied(), reverted(), *load(), *probes()]
    return [*entries, *read_back(entries)]


def control(the_plan: pl.Plan | None = None) -> Entries:
    """What the conductor writes."""
    started = ev.RunStarted(
        run_id=RUN_ID, drill="ehr-outage", plan_digest=(the_plan or plan()).digest, seed=7, sham=False,
        argv=("drill", "run"), version="0.1.0", python="3.13", commit="c", utc="u",
    )  # fmt: skip
    entries: Entries = [("control", 0.0, started), ("control", 0.0, anchor(0.0))]
    phases = {
        "guards": 0.1,
        "ramp": 1.0,
        "baseline": 11.0,
        "fault": 26.0,
        "recovery": 56.3,
        "unwind": UNWIND_S,
    }
    entries += [("control", at_s, ev.PhaseEntered(name)) for name, at_s in phases.items()]
    entries.append(("control", 0.5, ev.GuardChecked("every zone is healthy", ok=True, detail="")))
    for number, (name, begin_s, end_s) in enumerate(
        (("probes", 0.9, 99.8), ("load", 1.0, 97.0), ("toolkit", 26.0, 56.3))
    ):
        entries.append(("control", begin_s, ev.ChildStarted(name, 100 + number)))
        entries.append(("control", end_s, ev.ChildEnded(name, 0, expected=True, detail="")))
    return [*entries, ("control", 99.9, anchor(99.9)), ("control", END_S, ev.RunEnded("u"))]


def anchor(at_s: float, drift_ns: int = 0) -> ev.ClockAnchor:
    """UTC at a second of the run."""
    return ev.ClockAnchor(UTC_NS + round(at_s * 1e9) + drift_ns, 2000)


def load(calls: int = 20, every_s: float = 4.0) -> Entries:
    """Calls that are up all the time, each with a turn every four seconds."""
    entries: Entries = []
    for number in range(calls):
        name = f"c{number:02d}"
        entries += call(name, 1.5 + number * 0.4, UNWIND_S + 0.5, "cut")
        eos_s, seq = 10.2 + number * every_s / calls, 1
        while eos_s < UNWIND_S - 5:
            entries += said(name, seq, eos_s, ("chat", "lookup", "note")[(seq + number) % 3])
            eos_s, seq = eos_s + every_s, seq + 1
    for second in range(2, int(UNWIND_S) + 1):
        entries.append(("load", float(second), ev.LoadSample(calls, 1.5, 1.0, 0.2, 1000, 0)))
    return entries


def said(name: str, seq: int, eos_s: float, intent: str) -> Entries:
    """A turn as the reference platform answers it at that time."""
    away = intent != "chat" and APPLIED_S - 0.5 <= eos_s < CLOSED_S
    if away and eos_s < OPENED_S:
        return turn(name, seq, eos_s, 3.0, intent, "degraded")
    return turn(name, seq, eos_s, 0.6, intent, "degraded" if away else "full")


def steps_of(every_s: float, until_s: float = 99.5) -> list[float]:
    """Sample times from second 1 on."""
    return [1.0 + number * every_s for number in range(int((until_s - 1.0) / every_s))]


def probes() -> Entries:
    """What the probes see of a platform whose breakers work."""
    entries: Entries = []
    for number, zone in enumerate(ZONES):
        entries += [("probes", t + 0.01 * number, breaker_at(zone, t)) for t in steps_of(0.2)]
        entries += [
            ("probes", t, ev.RequestSample(zone, ok=True, requests=wire(t), detail=""))
            for t in steps_of(0.25)
        ]
        entries += [("probes", t, witness_at(zone, t)) for t in steps_of(0.5)]
        entries += [("probes", t, ev.HealthSample(zone, ok=True, detail="")) for t in steps_of(1.0)]
    return entries


def trials(t_s: float) -> int:
    """Half-open trials so far: every five seconds while open; the one after the revert succeeds."""
    return sum(t_s >= OPENED_S + 5.2 * n for n in range(1, 7))


def breaker_at(zone: str, t_s: float) -> ev.BreakerSample:
    """The breaker of a zone at a time; the half-open state itself is never caught by the samples."""
    is_open = OPENED_S <= t_s < CLOSED_S
    moves = {}
    if t_s >= OPENED_S:
        done = trials(t_s) if t_s < CLOSED_S else trials(CLOSED_S) + 1
        moves = {"closed>open": 1, "open>half_open": done, "half_open>open": min(done, trials(CLOSED_S))}
    if t_s >= CLOSED_S:
        moves["half_open>closed"] = 1
    refused = round(max(0.0, min(t_s, CLOSED_S) - OPENED_S) * 2)
    text = json.dumps(moves) if moves else ""
    return sampled(zone, "open" if is_open else "closed", refused, text, wire(t_s))


def sampled(zone: str, state: str, refused: int = 0, moves: str = "", calls: int = 1) -> ev.BreakerSample:
    """A readable sample of a breaker."""
    return ev.BreakerSample(
        zone,
        ok=True,
        state=state,
        successful=calls,
        failed=5,
        not_permitted=refused,
        transitions=moves,
        detail="",
    )


def wire(t_s: float) -> int:
    """EHR requests of a zone so far: two a second, but while the breaker is open only trials."""
    before, after = min(t_s, OPENED_S), max(0.0, t_s - CLOSED_S)
    return int(before * 2) + trials(min(t_s, CLOSED_S)) + int(after * 2)


def witness_at(zone: str, t_s: float) -> ev.WitnessSample:
    """The drill's own request at a time."""
    if APPLIED_S <= t_s < REVERTED_S:
        return ev.WitnessSample(zone, "timeout", 2000.0, "")
    return ev.WitnessSample(zone, "ok", 5.0, "")


def read_back(entries: Entries) -> Entries:
    """An EHR and a store that hold what was acknowledged."""
    told = [e for _, _, e in entries if isinstance(e, ev.TurnEnded) and e.ledger == "ok"]
    notes = [e for e in told if e.intent == "note"]
    found: Entries = [
        ("readback", 97.5, ev.EhrRecord(e.turn_id, e.patient, e.digest, f"DocumentReference/{n}"))
        for n, e in enumerate(notes)
    ]
    records = len(found)
    found.append(("readback", 98.0, ev.ReadBackEnded("ehr", ok=True, records=records, detail="")))
    found += [("readback", 98.5, ev.StoredTurn(e.turn_id, e.call, e.seq, e.digest)) for e in told]
    return [*found, ("readback", 99.0, ev.ReadBackEnded("store", ok=True, records=len(told), detail=""))]


# --- from entries to what the core takes ---


def streams(entries: Iterable[Entry], shift_ns: int = 0) -> tuple[Stream, ...]:
    """Whole and sealed streams, as a reader of the journal would give them."""
    by_name: dict[str, list[tuple[float, ev.Event]]] = {}
    for stream, at_s, event in entries:
        by_name.setdefault(stream, []).append((at_s, event))
    return tuple(_stream(name, by_name[name], shift_ns) for name in sorted(by_name))


def _stream(name: str, rows: list[tuple[float, ev.Event]], shift_ns: int) -> Stream:
    rows = [(at_s, _shifted(event, shift_ns)) for at_s, event in sorted(rows, key=lambda row: row[0])]
    first, last = rows[0][0], rows[-1][0]
    rows = [(first, ev.StreamOpened(name, RUN_ID, 1)), *rows, (last, ev.StreamSealed(len(rows) + 1))]
    events = tuple(ev.Recorded(name, n, ns(at_s) + shift_ns, event) for n, (at_s, event) in enumerate(rows))
    return Stream(name, events, "f" * 64, "")


def _shifted(event: ev.Event, shift_ns: int) -> ev.Event:
    """Times within an event move with the event; 0 means never and stays."""
    if not shift_ns:
        return event
    names = [n for n in ("eos_ns", "first_audio_ns", "ack_ns", "intended_ns") if getattr(event, n, 0)]
    moved: dict[str, Any] = {name: getattr(event, name) + shift_ns for name in names}
    return dataclasses.replace(event, **moved) if moved else event  # type: ignore[type-var]


def timeline(entries: Iterable[Entry], the_plan: pl.Plan | None = None, shift_ns: int = 0) -> Timeline:
    """The fold of a history."""
    return fold(merge(streams(entries, shift_ns)), the_plan or plan())


def verdicts(entries: Iterable[Entry], the_plan: pl.Plan | None = None) -> dict[str, Verdict]:
    """The verdicts on a history, by name."""
    return {v.objective: v for v in judge(the_plan or plan(), streams(entries))}


def without(entries: Entries, drop: Callable[[ev.Event], bool]) -> Entries:
    """A history in which some events were never written."""
    return [entry for entry in entries if not drop(entry[2])]


def changed(entries: Entries, change: Callable[[float, ev.Event], ev.Event]) -> Entries:
    """A history in which some events say something else."""
    return [(stream, at_s, change(at_s, event)) for stream, at_s, event in entries]
