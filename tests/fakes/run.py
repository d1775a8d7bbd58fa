"""A run that never was: 40 calls, the EHR silent for 30 s, written down as a good drill would.

Deterministic, made of plain events, so that what stands right of the journal can be tried in
milliseconds. The platform here is a sketch: each zone's breaker opens after five failures, tries
once every five seconds, and callers are answered degraded while it is open.
"""

from __future__ import annotations

import hashlib
import json
import random
from bisect import bisect
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

from drill.journal import Stream
from drill.model import events as e
from drill.model.plan import (
    BreakerLimits,
    CallLimits,
    LoadPlan,
    Objectives,
    Phases,
    Plan,
    RecoveryLimits,
    TurnLimits,
    WriteLimits,
)

ZONES = ("a", "b", "c")
RAMP, BASELINE, FAULT, REVERT, UNWIND, END = 2.0, 12.0, 27.0, 57.0, 105.0, 110.0
UTC_NS = 1_790_000_000_000_000_000
RUN_ID = "20260921T141320Z-5eed42"


def plan(title: str = "EHR outage under live calls") -> Plan:
    """The plan of the shipped EHR drill, by and large."""
    objectives = Objectives(
        RecoveryLimits(1.5, 0.10, 0.05, 30.0, 20.0, 200.0),
        BreakerLimits(15.0, 15.0, 1, 5.0, 2.5),
        CallLimits(0, 1.5, 1.5, 0.99),
        WriteLimits(30.0),
        TurnLimits(0),
    )
    return Plan(
        drill="ehr-outage", title=title, owner="voice platform on-call", severity="SEV2",
        risk="R-012 EHR connectivity loss",
        controls=("HIPAA 164.308(a)(7)(ii)(D)", "SOC2 A1.3", "NIST 800-53 CP-4"),
        runbook="docs/runbooks/ehr-connectivity-loss.md", schedule="quarterly", target="sandbox",
        environment="sandbox", profile="lite", zones=ZONES, capacities=(32, 32, 32), members=(),
        target_digest=hashlib.sha256(b"target").hexdigest(),
        experiment_file="ehr-outage.yaml", experiment="{}",
        load=LoadPlan("loadprofiles/steady_calls.py", hashlib.sha256(b"profile").hexdigest(), 40, 60.0),
        phases=Phases(10.0, 15.0, 30.0, 60.0), objectives=objectives, seed=42, sham=False,
    )  # fmt: skip


@dataclass(slots=True)
class Book:
    """Events by stream and time, until they are bound into streams."""

    lines: dict[str, list[tuple[int, e.Event]]] = field(default_factory=lambda: defaultdict(list))

    def write(self, stream: str, t_s: float, event: e.Event) -> None:
        """One event at one second."""
        self.lines[stream].append((ns(t_s), event))

    def streams(self) -> tuple[Stream, ...]:
        """Every stream in the order of time, opened and sealed; heads are digests of the events."""
        return tuple(self._stream(name) for name in sorted(self.lines))

    def _stream(self, name: str) -> Stream:
        lines = sorted(self.lines[name], key=lambda line: line[0])
        first, last = lines[0][0] - 1000, lines[-1][0] + 1000
        opened, sealed = e.StreamOpened(name, RUN_ID, 4242), e.StreamSealed(len(lines) + 1)
        whole = [(first, opened), *lines, (last, sealed)]
        recorded = tuple(e.Recorded(name, n, t_ns, event) for n, (t_ns, event) in enumerate(whole))
        return Stream(name, recorded, hashlib.sha256(repr(recorded).encode()).hexdigest(), "")


def ns(t_s: float) -> int:
    """A second of the run on the host's monotonic clock."""
    return 5_000_000_000_000 + round(t_s * 1e9)


@cache
def streams(of: Plan | None = None, *, calls: int = 40, think_s: float = 5.0) -> tuple[Stream, ...]:
    """The whole run; more calls or less time to think give more events."""
    book, dice = Book(), random.Random(42)
    _control(book, of or plan())
    _fault(book)
    breakers = {zone: _Breaker() for zone in ZONES}
    _calls(book, dice, breakers, calls, think_s)
    _probes(book, dice, breakers)
    return book.streams()


def _control(book: Book, of: Plan) -> None:
    book.write("control", 0.0, e.RunStarted(
        RUN_ID, of.drill, of.digest, of.seed, of.sham, ("drill", "run", "ehr-outage"), "0.1.0", "3.13.1",
        "2672172c0ffee", "2026-09-21T14:13:20Z",
    ))  # fmt: skip
    book.write("control", 0.1, e.PhaseEntered("guards"))
    for guard, detail in (
        ("environment", "sandbox"),
        ("zones_healthy", "3 of 3"),
        ("ehr_answers", "ok in 4 ms"),
    ):
        book.write("control", 0.5, e.GuardChecked(guard, ok=True, detail=detail))
    book.write("reaper", 0.9, e.LeaseOpened(99, 10.0))
    for n, child in enumerate(("load", "probes", "toolkit", "reaper")):
        book.write("control", 1.0, e.ChildStarted(child, 100 + n))
        book.write("control", UNWIND + 1, e.ChildEnded(child, 0, expected=True, detail=""))
    entered = {"ramp": RAMP, "baseline": BASELINE, "fault": FAULT - 0.4, "recovery": REVERT + 0.1}
    for phase, t_s in {**entered, "unwind": UNWIND}.items():
        book.write("control", t_s, e.PhaseEntered(phase))
    for t_s in (0.01, END):
        book.write("control", t_s, e.ClockAnchor(UTC_NS + round(t_s * 1e9), 800))
    book.write("control", END, e.RunEnded("2026-09-21T14:15:10Z"))


def _fault(book: Book) -> None:
    spec = json.dumps({"mode": "blackholed", "links": ["ehr-a", "ehr-b", "ehr-c"]})
    prior = json.dumps({f"ehr-{zone}": {"enabled": True, "toxics": []} for zone in ZONES})
    there = json.dumps({f"ehr-{zone}": {"enabled": True, "toxics": ["drill-timeout"]} for zone in ZONES})
    book.write("faults", FAULT - 0.03, e.FaultRequested("f1", "ehr.blackholed", spec, prior, "timeout"))
    book.write("faults", FAULT, e.FaultApplied("f1", there))
    book.write("faults", REVERT, e.FaultReverted("f1", prior, "toolkit"))
    book.write("faults", REVERT + 0.4, e.ExperimentEnded("completed", deviated=False, detail=""))


@dataclass(slots=True)
class _Breaker:
    """Opens after five failures; a trial every five seconds tells whether the EHR is back."""

    failures: int = 0
    opened_s: float = 1e9
    moves: list[tuple[float, str]] = field(default_factory=lambda: [(0.0, "closed")])
    asked: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    def ask(self, t_s: float) -> bool:
        """Whether a caller's request at a second waits for the EHR in vain."""
        if not FAULT <= t_s < REVERT:
            self.asked += [t_s] if t_s < self.opened_s or t_s > self.closed_s else []
            return False
        if t_s >= self.opened_s:
            self.refused.append(t_s)
            return False
        self.asked.append(t_s)
        self.failures += 1
        if self.failures == 5:
            self._open(t_s + 1.5)
        return True

    @property
    def closed_s(self) -> float:
        """When it let callers through again."""
        return self.moves[-1][0] if self.failures >= 5 else -1.0

    def _open(self, t_s: float) -> None:
        self.opened_s = t_s
        self.moves.append((t_s, "open"))
        trial_s = t_s + 5
        while trial_s < REVERT:
            self.asked.append(trial_s)
            self.moves += [(trial_s, "half_open"), (trial_s + 1.5, "open")]
            trial_s += 6.5
        self.asked.append(trial_s)
        self.moves += [(trial_s, "half_open"), (trial_s + 0.05, "closed")]

    def open_at(self, t_s: float) -> bool:
        """Whether callers are turned away at a second."""
        return self.opened_s <= t_s < self.closed_s


def _calls(
    book: Book, dice: random.Random, breakers: dict[str, _Breaker], calls: int, think_s: float
) -> None:
    digest = hashlib.sha256(b"schedule").hexdigest()
    book.write("load", 1.5, e.ScheduleWritten(calls * 3, digest, 42, calls))
    starts = [RAMP + i * (BASELINE - RAMP) / calls for i in range(calls)]
    asked: list[tuple[float, str, int, str, str]] = []
    up: list[tuple[float, float]] = []
    number = 0
    while starts:
        start_s, number = starts.pop(0), number + 1
        end_s = start_s + min(240.0, max(8.0, dice.expovariate(1 / 60)))
        call, patient = f"CA{number:04d}", f"synthetic-{number:04d}"
        book.write("load", start_s, e.CallStarted(call, patient, ns(start_s - 0.004), ok=True, detail=""))
        outcome = "completed" if end_s < UNWIND else "cut"
        book.write("load", min(end_s, UNWIND), e.CallEnded(call, outcome, ""))
        up.append((start_s, min(end_s, UNWIND)))
        if end_s < UNWIND - 1:
            starts.append(end_s + 0.2)
        t_s, seq = start_s + 2 + dice.random() * think_s, 1
        while t_s < min(end_s, UNWIND) - 4:
            asked.append((t_s, call, seq, dice.choice(("chat", "lookup", "note")), ZONES[number % 3]))
            t_s, seq = t_s + think_s * (0.6 + 0.8 * dice.random()) + 1, seq + 1
    for position, turn in enumerate(sorted(asked), start=1):
        _turn(book, dice, breakers[turn[4]], *turn[:4], position)
    for second in range(int(RAMP) + 1, int(UNWIND)):
        live = sum(a <= second < b for a, b in up)
        book.write("load", second, e.LoadSample(live, 1.2, 2.0, 0.35, live * 50, 0))


def _turn(
    book: Book, dice: random.Random, breaker: _Breaker, t_s: float, call: str, seq: int, intent: str,
    position: int,
) -> None:  # fmt: skip
    latency_s = 0.28 + dice.lognormvariate(-1.25, 0.28)
    needs = intent != "chat"
    waits = needs and breaker.ask(t_s + 0.28)
    degraded = needs and (waits or breaker.open_at(t_s + 0.28))
    latency_s += 1.5 if waits else 0.0
    turn_id = f"{call}-{seq:03d}"
    digest = hashlib.sha256(f"{call}|{seq}|{intent}".encode()).hexdigest()[:16]
    patient = f"synthetic-{call[2:]}"
    book.write("load", t_s, e.TurnInvoked(call, seq, intent, ns(t_s)))
    book.write("load", t_s + latency_s + 0.8, e.TurnEnded(
        call, seq, intent, ns(t_s), ns(t_s + latency_s), ns(t_s + latency_s + 0.8),
        "degraded" if degraded else "full", "ok", turn_id, patient, digest,
    ))  # fmt: skip
    if intent == "note":
        resource = json.dumps({"resourceType": "DocumentReference", "description": digest})
        book.write("probes", UNWIND - 1, e.EhrRecord(turn_id, patient, digest, resource))
    book.write("probes", UNWIND - 0.9, e.StoredTurn(turn_id, call, seq, digest, position))


def _probes(book: Book, dice: random.Random, breakers: dict[str, _Breaker]) -> None:
    for zone, breaker in breakers.items():
        _ask_breaker(book, dice, zone, breaker)
        for n in range(round((UNWIND - 1.5) * 2)):
            t_s = 1.5 + n * 0.5
            dark = FAULT <= t_s < REVERT - 1.9
            sample = e.WitnessSample(zone, "timeout" if dark else "ok", 2000.0 if dark else 4.1, "")
            book.write("probes", t_s, sample)
        for second in range(2, int(UNWIND)):
            book.write("probes", second, e.HealthSample(zone, ok=True, detail=""))
    for t_s in (1.3, END - 1):
        book.write("probes", t_s, e.ClockAnchor(UTC_NS + round(t_s * 1e9), 900))
    ended = {
        kind: sum(isinstance(x, kind) for _, x in book.lines["probes"])
        for kind in (e.EhrRecord, e.StoredTurn)
    }
    book.write("probes", UNWIND - 0.5, e.ReadBackEnded("ehr", ok=True, records=ended[e.EhrRecord], detail=""))
    book.write(
        "probes", UNWIND - 0.4, e.ReadBackEnded("store", ok=True, records=ended[e.StoredTurn], detail="")
    )


def _ask_breaker(book: Book, dice: random.Random, zone: str, breaker: _Breaker) -> None:
    good = sorted(a for a in breaker.asked if not FAULT <= a < REVERT)
    bad = sorted(a + 1.5 for a in breaker.asked if FAULT <= a < REVERT)
    asked, refused = sorted(breaker.asked), sorted(breaker.refused)
    for n in range(round((UNWIND - 1.2) * 5)):
        t_s = 1.2 + n * 0.2 + dice.random() * 0.01
        passed = [m for m in breaker.moves if m[0] <= t_s]
        counts: dict[str, int] = defaultdict(int)
        for (_, before), (_, after) in pairwise(passed):
            counts[f"{before}>{after}"] += 1
        book.write("probes", t_s, e.BreakerSample(
            zone, ok=True, state=passed[-1][1], successful=bisect(good, t_s), failed=bisect(bad, t_s),
            not_permitted=bisect(refused, t_s), transitions=json.dumps(counts, sort_keys=True), detail="",
        ))  # fmt: skip
        sample = e.RequestSample(zone, ok=True, requests=bisect(asked, t_s), detail="")
        book.write("probes", t_s, sample)
