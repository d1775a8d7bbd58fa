"""What the conductor knows while it conducts: enough to wait well and to show progress.

Nothing here is a verdict. The judge reads the whole journal afterwards and may see it
differently; the live view only decides how long to wait.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from drill.journal import Tail
from drill.model.events import (
    BreakerSample,
    CallEnded,
    CallStarted,
    FaultApplied,
    FaultFailed,
    FaultRequested,
    FaultReverted,
    Recorded,
    TurnEnded,
    TurnInvoked,
    WitnessSample,
)


@dataclass(slots=True)
class Live:
    """A running picture folded from the streams as they grow."""

    folder: Path
    turn_slo_s: float
    calls: set[str] = field(default_factory=set)
    waiting: dict[tuple[str, int], int] = field(default_factory=dict)
    breakers: dict[str, str] = field(default_factory=dict)
    witness: dict[str, str] = field(default_factory=dict)
    notes: set[str] = field(default_factory=set)
    requested: set[str] = field(default_factory=set)
    applied: dict[str, int] = field(default_factory=dict)
    reverted: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    dropped: int = 0
    turns: int = 0
    _tails: dict[Path, Tail] = field(default_factory=dict)

    def update(self) -> None:
        """Read what is new in every stream but the conductor's own."""
        for path in sorted(self.folder.glob("*.jsonl")):
            if path.stem != "control":
                tail = self._tails.setdefault(path, Tail(path))
                for recorded in tail.read():
                    self._see(recorded)

    def breach_share(self, now_ns: int | None = None) -> float:
        """Share of live calls that wait longer than the SLO right now; 0 without calls."""
        now = time.monotonic_ns() if now_ns is None else now_ns
        slo_ns = int(self.turn_slo_s * 1e9)
        late = {call for (call, _), eos in self.waiting.items() if now > eos + slo_ns and call in self.calls}
        return len(late) / len(self.calls) if self.calls else 0.0

    def outstanding(self) -> set[str]:
        """Faults requested and not yet reverted."""
        return self.requested - set(self.reverted)

    def _see(self, recorded: Recorded) -> None:
        match recorded.event:
            case CallStarted(call=call, ok=True):
                self.calls.add(call)
            case CallEnded(call=call, outcome=outcome):
                self.calls.discard(call)
                self.dropped += outcome == "dropped"
            case TurnInvoked(call=call, seq=seq, eos_ns=eos_ns):
                self.waiting[call, seq] = eos_ns
            case TurnEnded() as turn:
                self._turn(turn)
            case BreakerSample(zone=zone, state=state):
                self.breakers[zone] = state
            case WitnessSample(zone=zone, outcome=outcome):
                self.witness[zone] = outcome
            case _:
                self._fault(recorded)

    def _turn(self, turn: TurnEnded) -> None:
        self.waiting.pop((turn.call, turn.seq), None)
        self.turns += 1
        if turn.intent == "note" and turn.ledger == "ok":
            self.notes.add(turn.turn_id)

    def _fault(self, recorded: Recorded) -> None:
        match recorded.event:
            case FaultRequested(fault_id=fault_id):
                self.requested.add(fault_id)
            case FaultApplied(fault_id=fault_id):
                self.applied[fault_id] = recorded.t_ns
            case FaultFailed(fault_id=fault_id, error=error):
                self.failed.append(f"{fault_id}: {error}")
            case FaultReverted(fault_id=fault_id):
                self.reverted[fault_id] = recorded.t_ns
            case _:
                pass
