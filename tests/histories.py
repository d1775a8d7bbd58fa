"""Histories built by hand: what a journal would hold of a run, as (stream, second, event) entries.

`outage()` is the reference: 20 calls, the EHR blackholed from 26.2 s to 56.2 s, breakers that open
1.8 s after that and close 4 s after the revert, notes queued and delivered. A test changes the one
thing it is about.

    0 guards   1 ramp   11 baseline   26 fault ▓▓▓▓▓▓ 56 recovery   96 unwind   100 end

`zone_loss()` is the reference of a lost zone: see `Loss` for what happens when.
`voice_run()` is the reference of voice: short calls one after the other, and what they sounded like.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

from drill.journal import Stream, merge
from drill.judge import judge
from drill.model import events as ev
from drill.model import plan as pl
from drill.model.verdicts import Verdict
from drill.timeline import Timeline, fold
from drill.traffic.schedule import draw, of_plan

Entry = tuple[str, float, ev.Event]
Entries = list[Entry]

ORIGIN_NS = 5_000_000_000_000
UTC_NS = 1_790_000_000_000_000_000
ZONES = ("a", "b", "c")
RUN_ID = "20261123T120000Z-abc123"
CALLS_LAST_S = 60_000.0  # so that all callers of the schedule come in the ramp
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
        members=(), experiment_file="x.yaml",
        experiment="{}", load=pl.LoadPlan("p.py", "e" * 64, 20, CALLS_LAST_S),
        phases=pl.Phases(10.0, 15.0, 30.0, 60.0), objectives=objectives, seed=7, sham=False,
    )  # fmt: skip
    return dataclasses.replace(base, objectives=dataclasses.replace(objectives, **asked), **changes)


def ns(at_s: float) -> int:
    """A second of the run as a monotonic time."""
    return ORIGIN_NS + round(at_s * 1e9)


# --- single events ---


def call(
    name: str, start_s: float, end_s: float | None = None, outcome: str = "completed",
    redial_of: str = "", attempt: int = 1,
) -> Entries:  # fmt: skip
    """A call from start to end; without an end nobody wrote one down."""
    started = ev.CallStarted(
        name, patient_of(name), ns(start_s), ok=True, detail="", redial_of=redial_of, attempt=attempt
    )
    began: Entries = [("load", start_s, started)]
    return began if end_s is None else [*began, ("load", end_s, ev.CallEnded(name, outcome, ""))]


def refused(name: str, at_s: float, redial_of: str = "", attempt: int = 1, after_s: float = 0.05) -> Entry:
    """A call that was meant for a second and refused a moment later."""
    started = ev.CallStarted(
        name, patient_of(name), ns(at_s), ok=False, detail="503", redial_of=redial_of, attempt=attempt
    )
    return "load", at_s + after_s, started


def gave_up(name: str, at_s: float, attempts: int) -> Entry:
    """A caller who dials no more; `name` is the last call."""
    return "load", at_s, ev.CallerGaveUp(name, attempts, "patience is over")


def patient_of(call_name: str) -> str:
    """Every caller is a patient of its own; `c00.2` is the second call of the caller `c00`."""
    return f"synthetic-{call_name.partition('.')[0]}"


def digest(call_name: str, seq: int, intent: str) -> str:
    """As the contract has it."""
    return hashlib.sha256(f"{call_name}|{seq}|{intent}".encode()).hexdigest()[:16]


def invoked(call_name: str, seq: int, eos_s: float, intent: str = "chat") -> Entry:
    """Only the first half of a turn."""
    return "load", eos_s, ev.TurnInvoked(call_name, seq, intent, ns(eos_s))


def answer_begun(call_name: str, seq: int, audio_s: float, at_s: float | None = None) -> Entry:
    """The answer's first sound; 0: what was heard was an older turn's."""
    at_s = audio_s if at_s is None else at_s
    return "load", at_s, ev.TurnHeard(call_name, seq, ns(audio_s) if audio_s else 0)


def turn(
    call_name: str, seq: int, eos_s: float, waited_s: float | None = 0.6, intent: str = "chat",
    outcome: str = "full", ended_s: float | None = None, barge_ms: float = -1.0, gap_ms: float = 0.0,
) -> Entries:  # fmt: skip
    """A whole turn; `waited_s` None was never answered, `ended_s` is when that was written down."""
    answered = waited_s is not None
    audio_s = eos_s + waited_s if waited_s is not None else 0.0
    told = answered and outcome in ("full", "degraded", "wrong_patient")
    ended = ev.TurnEnded(
        call_name, seq, intent, ns(eos_s), ns(audio_s) if answered else 0, ns(audio_s + 0.5) if told else 0,
        outcome if answered or outcome == "dropped" else "unanswered", "ok" if told else "info",
        f"id-{call_name}-{seq}" if told else "", patient_of(call_name) if told else "",
        digest(call_name, seq, intent) if told else "", barge_ms, gap_ms,
    )  # fmt: skip
    at_s = ended_s if ended_s is not None else (audio_s + 0.5 if answered else eos_s + 10.0)
    return [invoked(call_name, seq, eos_s, intent), ("load", at_s, ended)]


def requested(
    fault_id: str = "f1", at_s: float = 26.1, witness: str = "timeout",
    fault: str = "ehr-blackholed", spec: str = "{}",
) -> Entry:  # fmt: skip
    """The first half of a fault."""
    return "faults", at_s, ev.FaultRequested(fault_id, fault, spec, "{}", witness)


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


def control(the_plan: pl.Plan | None = None, recovery_s: float = 56.3) -> Entries:
    """What the conductor writes, the reaper's lease, and the name of the load's schedule."""
    the_plan = the_plan or plan()
    started = ev.RunStarted(
        run_id=RUN_ID, drill=the_plan.drill, plan_digest=the_plan.digest, seed=7, sham=False,
        argv=("drill", "run"), version="0.1.0", python="3.13", commit="c", utc="u",
    )  # fmt: skip
    entries: Entries = [("control", 0.0, started), ("control", 0.0, anchor(0.0))]
    phases = {
        "guards": 0.1,
        "ramp": 1.0,
        "baseline": 11.0,
        "fault": 26.0,
        "recovery": recovery_s,
        "unwind": UNWIND_S,
    }
    entries += [("control", at_s, ev.PhaseEntered(name)) for name, at_s in phases.items()]
    entries.append(("control", 0.5, ev.GuardChecked("every zone is healthy", ok=True, detail="")))
    for number, (name, begin_s, end_s) in enumerate(
        (("reaper", 0.6, 96.5), ("probes", 0.9, 99.8), ("load", 1.0, 97.0), ("toolkit", 26.0, recovery_s))
    ):
        entries.append(("control", begin_s, ev.ChildStarted(name, 100 + number)))
        entries.append(("control", end_s, ev.ChildEnded(name, 0, expected=True, detail="")))
    entries += [("reaper", 0.7, ev.LeaseOpened(1, 10.0)), drawn(the_plan)]
    return [*entries, ("control", 99.9, anchor(99.9)), ("control", END_S, ev.RunEnded("u"))]


def drawn(the_plan: pl.Plan) -> Entry:
    """What the load says of its schedule before the first call."""
    schedule = draw(of_plan(the_plan))
    told = ev.ScheduleWritten(
        len(schedule.arrivals), schedule.digest, the_plan.seed, the_plan.load.concurrency
    )
    return "load", 1.0, told


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
    """An EHR and a store that hold what was acknowledged, the store in the order of acknowledgement."""
    told = [e for _, _, e in entries if isinstance(e, ev.TurnEnded) and e.ledger == "ok"]
    told.sort(key=lambda e: (e.ack_ns, e.call))
    notes = [e for e in told if e.intent == "note"]
    found: Entries = [
        ("readback", 97.5, ev.EhrRecord(e.turn_id, e.patient, e.digest, f"DocumentReference/{n}"))
        for n, e in enumerate(notes)
    ]
    records = len(found)
    found.append(("readback", 98.0, ev.ReadBackEnded("ehr", ok=True, records=records, detail="")))
    found += [
        ("readback", 98.5, ev.StoredTurn(e.turn_id, e.call, e.seq, e.digest, position=n))
        for n, e in enumerate(told, start=1)
    ]
    return [*found, ("readback", 99.0, ev.ReadBackEnded("store", ok=True, records=len(told), detail=""))]


# --- the lost zone ---


@dataclass(frozen=True)
class Loss:
    """When what happens to zone a, which holds the primary; `math.inf` for never.

    The fault is requested at 26.1, and like a real one bites (`killed_s`) before it is read back and said
    to be applied (`APPLIED_S`): calls drop in between. Seven of twenty callers are on zone a.

    Attributes:
        killed_s: zone a is gone, its calls are dropped, its callers redial `patience_s` later.
        ejected_s: the edge sends no new call to a; before that the caller c00 is refused.
        primary_s: b takes over; nobody is answered between the kill and then.
        resync_s: c is the synchronous standby.
        reverted_s: a has power again.
        listens_s: a's agent listens, unfit; its member speaks.
        fit_s: a's agent is fit.
        back_s: the edge sends calls to a again.
        streaming_s: a's member receives the primary's log.
        patience_s: a caller's pause before the next attempt, of four at most.
    """

    killed_s: float = 26.17
    ejected_s: float = 27.7
    primary_s: float = 31.2
    resync_s: float = 33.2
    reverted_s: float = 51.0
    listens_s: float = 55.0
    fit_s: float = 57.0
    back_s: float = 58.0
    streaming_s: float = 61.0
    patience_s: float = 1.0

    @property
    def store_s(self) -> float:
        """From when on turns are saved again: a new primary, or the old one again."""
        return min(self.primary_s, self.fit_s)


CONTROL = "http://127.20.0.9:8475"
FAILOVER = pl.FailoverLimits(5.0, 15.0, 30.0, 40.0, 45.0)
IN_FLIGHT = pl.InFlightLimits(0.9, 10.0, 20.0)


def zone_plan(**changes: Any) -> pl.Plan:
    """The plan of a drill that takes zone a away; objectives and other fields by name."""
    asked: dict[str, Any] = {
        "breaker": None, "ehr_writes": None, "calls": pl.CallLimits(20, 1.5, 8.0, 0.95),
        "failover": FAILOVER, "in_flight": IN_FLIGHT, "capacity": pl.CapacityLimits(0.2),
        "remediation": pl.RemediationLimits(20.0), "drill": "zone-failure", "profile": "ha",
        "members": ZONES, "title": "A zone dies under live calls",
        "phases": pl.Phases(10.0, 15.0, 25.0, 60.0),
    }  # fmt: skip
    return plan(**{**asked, **changes})


def zone_loss(**changes: Any) -> Entries:
    """The whole reference run of a lost zone; the times of `Loss` by name."""
    loss = Loss(**changes)
    spec = json.dumps({"control": CONTROL, "zone": "a"})
    faults = [requested(witness="direct/a:refused", fault="zone-kill", spec=spec), applied()]
    if loss.reverted_s < UNWIND_S:
        faults.append(reverted(at_s=loss.reverted_s))
    recovery_s = min(loss.reverted_s, UNWIND_S - 1.0) + 0.1
    entries = [*control(zone_plan(), recovery_s), *faults, *zone_load(loss), *zone_probes(loss)]
    return [*entries, *read_back(entries)]


def zone_load(loss: Loss, callers: int = 20) -> Entries:
    """Callers who are up all the time, the first of every three on zone a."""
    entries: Entries = []
    for number in range(callers):
        name, start_s = f"c{number:02d}", 1.5 + number * 0.4
        if number % 3 == 0 and loss.killed_s < UNWIND_S:
            entries += call(name, start_s, loss.killed_s, "dropped")
            entries += talk(loss, name, 10.2 + number * 0.2, loss.killed_s)
            entries += redials(loss, name, loss.killed_s + loss.patience_s + number * 0.05)
        else:
            entries += call(name, start_s, UNWIND_S + 0.5, "cut")
            entries += talk(loss, name, 10.2 + number * 0.2, UNWIND_S)
    for second in range(2, int(UNWIND_S) + 1):
        entries.append(("load", float(second), ev.LoadSample(callers, 1.5, 1.0, 0.2, 1000, 0)))
    return entries


def redials(loss: Loss, caller: str, at_s: float) -> Entries:
    """Attempt after attempt until one is answered; only c00 is sent to the dead zone."""
    entries: Entries = []
    before, attempt = caller, 2
    while caller == "c00" and at_s < loss.ejected_s:
        name = f"{caller}.{attempt}"
        entries.append(refused(name, at_s, before, attempt))
        if attempt == 4:
            return [*entries, gave_up(name, at_s + 0.05, attempt)]
        before, attempt, at_s = name, attempt + 1, at_s + 2 * loss.patience_s
    name = f"{caller}.{attempt}"
    entries += call(name, at_s, UNWIND_S + 0.5, "cut", before, attempt)
    return entries + talk(loss, name, at_s + 2.0, UNWIND_S)


def talk(loss: Loss, name: str, eos_s: float, end_s: float, every_s: float = 4.0) -> Entries:
    """A caller's turns, each after the answer to the one before, until the call ends."""
    entries: Entries = []
    seq, last_s = 1, end_s if end_s < UNWIND_S else end_s - 5.0
    while eos_s < last_s:
        # An answer is given once its turn is saved, and saved it cannot be without a primary.
        held = loss.killed_s - 0.6 < eos_s < loss.store_s
        waited_s = loss.store_s + 0.4 - eos_s if held else 0.6
        intent = ("chat", "lookup", "note")[seq % 3]
        if eos_s + waited_s + 0.5 > end_s:
            return entries + turn(name, seq, eos_s, None, intent, "dropped", ended_s=end_s)
        entries += turn(name, seq, eos_s, waited_s, intent)
        eos_s, seq = eos_s + max(every_s, waited_s + 1.5), seq + 1
    return entries


def zone_probes(loss: Loss) -> Entries:
    """What the probes see of a platform that lives on without zone a and takes it back."""
    entries: Entries = []
    for number, zone in enumerate(ZONES):
        at = 0.01 * number
        for t in steps_of(0.25):
            entries += [("probes", t + at, door_at(loss, zone, way, t)) for way in ("direct", "link", "wal")]
            entries += [
                ("probes", t + at, edge_at(loss, zone, t)),
                ("probes", t + at, member_at(loss, zone, t)),
            ]
            requests = ev.RequestSample(zone, ok=True, requests=int(t * 2), detail="")
            entries.append(("probes", t + at, requests))
        for t in steps_of(0.2):
            entries.append(("probes", t + at, breaker_in(loss, zone, t)))
        entries += [("probes", t, ev.WitnessSample(zone, "ok", 5.0, "")) for t in steps_of(0.5)]
        entries += [
            ("probes", t, ev.HealthSample(zone, gone(loss, zone, t) == "", "")) for t in steps_of(1.0)
        ]
        entries += services_of(loss, zone)
    return entries


def gone(loss: Loss, zone: str, t_s: float) -> str:
    """What has become of a zone at a time: dead, booting (power, nothing listens), unfit, or "" (well)."""
    if zone != "a" or t_s < loss.killed_s or t_s >= loss.fit_s:
        return ""
    if t_s >= loss.listens_s:
        return "unfit"
    return "booting" if t_s >= loss.reverted_s else "dead"


def door(zone: str, way: str = "direct", outcome: str = "ok", latency_ms: float = 3.0) -> ev.DoorSample:
    """The drill's own request to a zone's door."""
    return ev.DoorSample(zone, way, outcome, latency_ms, "")


def door_at(loss: Loss, zone: str, way: str, t_s: float) -> ev.DoorSample:
    """A door at a time. Behind a proxy that lives on, a dead zone looks like a broken connection."""
    state = gone(loss, zone, t_s)
    if state in ("dead", "booting"):
        return door(zone, way, "refused" if way == "direct" else "reset")
    return door(zone, way, "http_5xx" if state == "unfit" and way != "wal" else "ok")


def edge(zone: str, *, healthy: bool = True, ejected: bool = False, ok: bool = True) -> ev.EdgeSample:
    """What the edge thinks of a zone."""
    return ev.EdgeSample(zone, ok, healthy and ok, ejected, "" if ok else "TimeoutError")


def edge_at(loss: Loss, zone: str, t_s: float) -> ev.EdgeSample:
    """The edge's opinion at a time."""
    out = zone == "a" and loss.ejected_s <= t_s < loss.back_s
    return edge(zone, healthy=not out, ejected=out and t_s < loss.ejected_s + 10)


def member(
    zone: str, role: str = "replica", *, ok: bool = True, state: str = "running", sync: bool = False,
    streaming: bool | None = None, timeline: int = 1,
) -> ev.MemberSample:  # fmt: skip
    """A store member about itself; a replica streams unless told otherwise."""
    if not ok:
        return ev.MemberSample(
            zone, ok=False, role="", state="", sync=False, streaming=False, timeline=0, detail="TimeoutError"
        )
    follows = role == "replica" if streaming is None else streaming
    return ev.MemberSample(zone, ok, role, state, sync, follows, timeline, detail="")


def member_at(loss: Loss, zone: str, t_s: float) -> ev.MemberSample:
    """A member at a time: a is primary and b in sync; then b is primary, c in sync, and a follows."""
    if zone == "a" and gone(loss, zone, t_s) in ("dead", "booting"):
        return member(zone, ok=False)
    moved = loss.primary_s < loss.listens_s and t_s >= loss.primary_s
    holder, timeline = ("b", 2) if moved else ("a", 1)
    if zone == holder:
        return member(zone, "primary", timeline=timeline)
    if zone == "a":
        follows = t_s >= loss.streaming_s
        return member(zone, state="running" if follows else "starting", streaming=follows, timeline=timeline)
    orphan = not moved and gone(loss, "a", t_s) != ""
    sync = t_s >= loss.resync_s if moved else zone == "b"
    return member(zone, sync=sync, streaming=not orphan, timeline=timeline)


def service(
    zone: str, name: str = "agent", zone_state: str = "up", state: str = "up", pid: int = 4000,
    restarts: int = 0, commanded: int = 0, *, ok: bool = True,
) -> ev.ServiceSample:  # fmt: skip
    """A zone's service, called `name-zone`."""
    return ev.ServiceSample(
        zone, f"{name}-{zone}", ok, zone_state, state, pid, restarts, commanded, "" if ok else "TimeoutError"
    )


def service_at(loss: Loss, zone: str, name: str, t_s: float) -> ev.ServiceSample:
    """A service at a time; the zone was taken and given back on request, so its start is commanded."""
    state = gone(loss, zone, t_s)
    if state == "dead":
        return service(zone, name, "down", "ended (-9)", pid=0)
    back = zone == "a" and t_s >= loss.killed_s
    shown = "starting" if state == "booting" else "waiting" if state == "unfit" else "up"
    return service(zone, name, "up", shown, pid=5000 if back else 4000, commanded=int(back))


def services_of(loss: Loss, zone: str, every_s: float = 2.0) -> Entries:
    """Samples as the probe writes them: when something changed, and every two seconds."""
    entries: Entries = []
    for name in ("agent", "patroni", "etcd"):
        last, last_s = None, -math.inf
        for t in steps_of(0.5):
            now = service_at(loss, zone, name, t)
            if now != last or t - last_s >= every_s:
                entries.append(("probes", t, now))
                last, last_s = now, t
    return entries


def breaker_in(loss: Loss, zone: str, t_s: float) -> ev.BreakerSample:
    """A breaker that stays closed; a dead zone's cannot be read."""
    if gone(loss, zone, t_s) in ("dead", "booting"):
        return dataclasses.replace(sampled(zone, ""), ok=False, failed=0)
    return sampled(zone, "closed", calls=int(t_s * 2))


# --- what callers hear ---


@dataclass(frozen=True)
class Sound:
    """What a call sounds like, and its two turns, of which the second interrupts the agent.

    `greeting_ms` and `barge_ms` -1: never; `waited_s` None: no answer.
    """

    greeting_ms: float = 400.0
    waited_s: float | None = 0.6
    barge_ms: float = 200.0
    gap_ms: float = 20.0
    talk_over_ms: float = 200.0
    jitter_ms: float = 2.0
    late_share: float = 0.0
    mark_ms: float = 4.0
    ping_ms: float = -1.0
    outcome: str = "completed"


CALL_S, CALLS_EVERY_S = 10.0, 0.4
CLEAN = pl.HeardLimits(
    greeting_p95_s=1.0, turn_p50_s=0.8, turn_p95_s=1.0, barge_stop_p95_s=0.5, missed_max=0.01, gap_p95_s=0.1,
    talk_over_max=0.03, setup_min=0.99, drop_max=0.01, jitter_p95_s=0.03, late_max=0.01, mos_min=4.0,
)  # fmt: skip
HURT = pl.HeardLimits(
    greeting_p95_s=3.0, turn_p50_s=2.0, turn_p95_s=3.0, barge_stop_p95_s=1.5, missed_max=0.1, gap_p95_s=1.0,
    talk_over_max=0.1, setup_min=0.9, drop_max=0.1, jitter_p95_s=0.1, late_max=0.1, mos_min=3.9,
)  # fmt: skip


def voice_plan(**changes: Any) -> pl.Plan:
    """The plan of a drill that judges what callers hear; objectives and other fields by name."""
    asked: dict[str, Any] = {
        "breaker": None, "ehr_writes": None, "calls": None, "turns": None, "drill": "voice-latency",
        "voice": pl.VoiceLimits(CLEAN, HURT), "title": "Media delay under live calls",
    }  # fmt: skip
    return plan(**{**asked, **changes})


@dataclass(frozen=True)
class Sounds:
    """What is heard before the fault, while it holds, and after it (as before, when not given)."""

    clean: Sound
    fault: Sound
    after: Sound

    def at(self, t_s: float) -> Sound:
        """The fault bites when it is requested."""
        if t_s < APPLIED_S - 0.1:
            return self.clean
        return self.fault if t_s < REVERTED_S else self.after


USUAL = Sound()


def voice_run(
    clean: Sound = USUAL, fault: Sound = USUAL, after: Sound | None = None, witness: str = "link/a:slow"
) -> Entries:
    """Calls of ten seconds, 25 at a time. Greeting, turns and end sound as their moment does; what is told
    of the whole of a call as its middle."""
    faults = [requested(witness=witness, fault="media-delay"), applied(), reverted()]
    entries, sounds = [*control(voice_plan()), *faults], Sounds(clean, fault, after or clean)
    start_s, number = 1.0, 0
    while start_s < UNWIND_S:
        entries += voice_call(f"v{number:03d}", start_s, sounds)
        start_s, number = start_s + CALLS_EVERY_S, number + 1
    for second in range(2, int(UNWIND_S) + 1):
        entries.append(("load", float(second), ev.LoadSample(25, 1.5, 1.0, 0.2, 1000, 0)))
    return entries


def voice_call(name: str, start_s: float, sounds: Sounds) -> Entries:
    """A call with two turns and what it sounded like; the end of the run cuts it."""
    end_s, outcome = start_s + CALL_S, sounds.at(start_s + CALL_S / 2).outcome
    if outcome == "refused":
        return [refused(name, start_s)]
    if end_s > UNWIND_S:
        end_s, outcome = UNWIND_S + 0.5, "cut"
    whole = dataclasses.replace(
        sounds.at(start_s + CALL_S / 2),
        greeting_ms=sounds.at(start_s).greeting_ms,
        jitter_ms=sounds.at(end_s).jitter_ms,
    )
    entries = [*call(name, start_s, end_s, outcome), heard(name, end_s, whole)]
    for seq, after_s in enumerate((3.0, 6.0), start=1):
        sound = sounds.at(start_s + after_s)
        entries += voice_turn(name, seq, start_s + after_s, end_s, sound if seq > 1 else unbroken(sound))
    return entries


def unbroken(sound: Sound) -> Sound:
    """The same, and nobody interrupts."""
    return dataclasses.replace(sound, barge_ms=-1.0)


def voice_turn(name: str, seq: int, eos_s: float, end_s: float, sound: Sound) -> Entries:
    """A turn, if its answer fits into the call."""
    if eos_s + (sound.waited_s or 0.0) + 0.5 >= end_s:
        return []
    if sound.waited_s is None:
        return turn(name, seq, eos_s, None, ended_s=end_s)
    asked = turn(name, seq, eos_s, sound.waited_s, barge_ms=sound.barge_ms, gap_ms=sound.gap_ms)
    return [(stream, at_s, _pinged(event, sound)) for stream, at_s, event in asked]


def _pinged(event: ev.Event, sound: Sound) -> ev.Event:
    if isinstance(event, ev.TurnEnded):
        return dataclasses.replace(event, round_trip_ms=sound.ping_ms)
    return event


def heard(name: str, at_s: float, sound: Sound = USUAL) -> Entry:
    """What a call sounded like, written when it was over."""
    told = ev.CallHeard(
        name, sound.greeting_ms, int(sound.gap_ms > 0), sound.gap_ms, sound.talk_over_ms, sound.jitter_ms,
        sound.late_share, sound.mark_ms, sound.ping_ms,
    )  # fmt: skip
    return "load", at_s, told


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
    return cast("ev.Event", dataclasses.replace(cast("Any", event), **moved)) if moved else event


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
