"""What the conductor knows while it conducts: enough to wait well and to show progress.

Nothing here is a verdict. The judge reads the whole journal afterwards and may see it
differently; the live view only decides how long to wait.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from drill.journal import Tail
from drill.model.events import (
    BreakerSample,
    CallEnded,
    CallerGaveUp,
    CallStarted,
    DoorSample,
    EdgeSample,
    FaultApplied,
    FaultFailed,
    FaultRequested,
    FaultReverted,
    HealthSample,
    LoadSample,
    MemberSample,
    RealCallsSample,
    Recorded,
    RequestSample,
    ServiceSample,
    TurnEnded,
    TurnHeard,
    TurnInvoked,
    WitnessSample,
)

# A witness or a door that says "refused" has been seen; so has a zone that says it is not well.
_PROBES: dict[type, str] = {
    BreakerSample: "breakers", RequestSample: "EHR requests", WitnessSample: "the EHR links",
    DoorSample: "the zones' doors", EdgeSample: "the edge", MemberSample: "the store's members",
    ServiceSample: "the services", LoadSample: "the load",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """What a zone last told of its real calls, and when (monotonic)."""

    calls: int
    at_ns: int


@dataclass(slots=True)
class Live:
    """A running picture folded from the streams as they grow.

    Attributes:
        away: callers cut off or refused and not in a call again, each by the last call of theirs.
        redials: this load tells of callers who call again, so that those away can be counted.
        breakers: each zone's state when it could last be read.
        edges: whether the edge would send a new call to a zone; false while the edge cannot be read.
        members: what each store member last said, or that it said nothing.
        real_calls: what each zone last told of calls by real people; hit: zones that a fault was meant for.
        seen_s: by kind of probe, the steady clock's second at which one of its questions last got an answer
            from anybody, be it a bad one.
    """

    folder: Path
    turn_slo_s: float
    calls: set[str] = field(default_factory=set)
    waiting: dict[tuple[str, int], int] = field(default_factory=dict)
    answered: dict[tuple[str, int], int] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    redials: bool = False
    breakers: dict[str, str] = field(default_factory=dict)
    edges: dict[str, bool] = field(default_factory=dict)
    members: dict[str, MemberSample] = field(default_factory=dict)
    real_calls: dict[str, Told] = field(default_factory=dict)
    hit: set[str] = field(default_factory=set)
    witness: dict[str, str] = field(default_factory=dict)
    probed: bool = False
    notes: set[str] = field(default_factory=set)
    requested: set[str] = field(default_factory=set)
    applied: dict[str, int] = field(default_factory=dict)
    reverted: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    dropped: int = 0
    turns: int = 0
    seen_s: dict[str, float] = field(default_factory=dict)
    _tails: dict[Path, Tail] = field(default_factory=dict)

    def update(self) -> None:
        """Read what is new in every stream but the conductor's own."""
        for path in sorted(self.folder.glob("*.jsonl")):
            if path.stem != "control":
                tail = self._tails.setdefault(path, Tail(path))
                for recorded in tail.read():
                    self._see(recorded)

    def breach_share(self, now_ns: int | None = None) -> float:
        """Share of callers who wait longer than the SLO right now, or are away; 0 without callers."""
        callers = len(self.calls) + self._away()
        return self.breached(now_ns) / callers if callers else 0.0

    def breached(self, now_ns: int | None = None) -> int:
        """How many callers wait longer than the SLO right now, or are away."""
        now = time.monotonic_ns() if now_ns is None else now_ns
        slo_ns = int(self.turn_slo_s * 1e9)
        late = {call for (call, _), eos in self.waiting.items() if now > eos + slo_ns and call in self.calls}
        return len(late) + self._away()

    def _away(self) -> int:
        return len(self.away) if self.redials else 0

    def breakers_closed(self) -> bool:
        """Every breaker, when it could last be read: that of a zone which is down cannot be."""
        return all(state == "closed" for state in self.breakers.values())

    def whole(self, zones: Sequence[str], members: Sequence[str]) -> bool:
        """Whether the edge uses every one of these zones, and these store members are redundant again:
        one primary, everybody else streaming from it, one of them in sync."""
        if not all(self.edges.get(zone, False) for zone in zones):
            return False
        told = [self.members[zone] for zone in members if zone in self.members]
        if len(told) < len(members) or not all(m.role == "primary" or m.streaming for m in told):
            return False
        primaries = sum(m.role == "primary" for m in told)
        return not members or (primaries == 1 and (len(members) == 1 or any(m.sync for m in told)))

    def outstanding(self) -> set[str]:
        """Faults requested and not yet reverted."""
        return self.requested - set(self.reverted)

    def _see(self, recorded: Recorded) -> None:
        if (name := _PROBES.get(type(recorded.event))) and getattr(recorded.event, "ok", True):
            self.seen_s[name] = recorded.t_ns / 1e9
        match recorded.event:
            case CallStarted() | CallEnded() | CallerGaveUp():
                self._call(recorded.event)
            case TurnInvoked(call=call, seq=seq, eos_ns=eos_ns):
                self.waiting[call, seq] = eos_ns
            case TurnHeard():
                self._heard(recorded.event)
            case TurnEnded() as turn:
                self._turn(turn)
            case BreakerSample(zone=zone, ok=True, state=state):
                self.breakers[zone] = state
            case EdgeSample(zone=zone, ok=ok, healthy=healthy):
                self.edges[zone] = ok and healthy
            case MemberSample(zone=zone) as member:
                self.members[zone] = member
            case WitnessSample(zone=zone, outcome=outcome):
                self.witness[zone] = outcome
            case HealthSample():
                self.probed = True
            case RealCallsSample(zone=zone, ok=True, calls=calls):
                self.real_calls[zone] = Told(calls, recorded.t_ns)
            case _:
                self._fault(recorded)

    def _call(self, event: CallStarted | CallEnded | CallerGaveUp) -> None:
        match event:
            case CallStarted(call=call, ok=ok, redial_of=before):
                self.away.discard(before)
                self.redials = self.redials or before != ""
                (self.calls if ok else self.away).add(call)
            case CallEnded(call=call, outcome=outcome):
                self.calls.discard(call)
                self.dropped += outcome == "dropped"
                if outcome in ("dropped", "abandoned"):
                    self.away.add(call)
            case CallerGaveUp(call=call):
                self.away.discard(call)
                self.redials = True

    def _heard(self, told: TurnHeard) -> None:
        """Waited for no longer, or again, when what was heard was something else."""
        turn = (told.call, told.seq)
        source, target = (
            (self.waiting, self.answered) if told.first_audio_ns else (self.answered, self.waiting)
        )
        if turn in source:
            target[turn] = source.pop(turn)

    def _turn(self, turn: TurnEnded) -> None:
        for turns in (self.waiting, self.answered):
            turns.pop((turn.call, turn.seq), None)
        self.turns += 1
        if turn.intent == "note" and turn.ledger == "ok":
            self.notes.add(turn.turn_id)

    def _fault(self, recorded: Recorded) -> None:
        match recorded.event:
            case FaultRequested(fault_id=fault_id, spec=spec):
                self.requested.add(fault_id)
                self.hit |= {str(zone) for zone in [json.loads(spec).get("zone")] if zone}
            case FaultApplied(fault_id=fault_id):
                self.applied[fault_id] = recorded.t_ns
            case FaultFailed(fault_id=fault_id, error=error):
                self.failed.append(f"{fault_id}: {error}")
            case FaultReverted(fault_id=fault_id):
                self.reverted[fault_id] = recorded.t_ns
            case _:
                pass
