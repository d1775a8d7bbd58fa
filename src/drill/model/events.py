"""Every event a run can write, as a frozen value with a kind, and the one table of kinds.

An event says what was seen or done, never what it means: meaning is given by `timeline`
and `judge`, which can be run again a year later. Times are CLOCK_MONOTONIC nanoseconds,
which all processes of one host share; `ClockAnchor` ties them to UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from drill.model.event import Event as Event
from drill.model.restore_events import EVENTS as RESTORE_EVENTS

# --- any stream -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StreamOpened(Event):
    """First line of every stream: whose it is."""

    kind: ClassVar[str] = "stream.opened"
    stream: str
    run_id: str
    pid: int


@dataclass(frozen=True, slots=True)
class StreamSealed(Event):
    """Last line of every stream whose writer ended in order; its absence means it did not."""

    kind: ClassVar[str] = "stream.sealed"
    events: int


@dataclass(frozen=True, slots=True)
class ClockAnchor(Event):
    """What UTC was at this event's monotonic time, read back to back."""

    kind: ClassVar[str] = "clock.anchor"
    utc_ns: int
    uncertainty_ns: int


# --- control: the conductor -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """Where a run comes from: enough to replay it and to see what it was judged by. `operator` is who says to
    have run it."""

    kind: ClassVar[str] = "run.started"
    run_id: str
    drill: str
    plan_digest: str
    seed: int
    sham: bool
    argv: tuple[str, ...]
    version: str
    python: str
    commit: str
    utc: str
    operator: str = ""


@dataclass(frozen=True, slots=True)
class PhaseEntered(Event):
    """`guards`, `ramp`, `baseline`, `fault`, `recovery`, `unwind`: one after the other."""

    kind: ClassVar[str] = "phase.entered"
    phase: str


@dataclass(frozen=True, slots=True)
class GuardChecked(Event):
    """A question asked before anything was touched, and its answer."""

    kind: ClassVar[str] = "guard.checked"
    guard: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class ChildStarted(Event):
    """A helper process of the conductor (`reaper`, `load`, `probes`, `toolkit`) was started."""

    kind: ClassVar[str] = "child.started"
    child: str
    pid: int


@dataclass(frozen=True, slots=True)
class ChildEnded(Event):
    """A helper process ended; `expected` is false when nobody had asked it to."""

    kind: ClassVar[str] = "child.ended"
    child: str
    returncode: int
    expected: bool
    detail: str


@dataclass(frozen=True, slots=True)
class LeaseOpened(Event):
    """The reaper stands by: it undoes what is outstanding when the conductor (`holder`, a pid) is gone, or
    says nothing for `lease_s`."""

    kind: ClassVar[str] = "lease.opened"
    holder: int
    lease_s: float


@dataclass(frozen=True, slots=True)
class LeaseEnded(Event):
    """Nobody may inject any more, why, and how many faults were outstanding then; they are undone next."""

    kind: ClassVar[str] = "lease.ended"
    reason: str
    outstanding: int


@dataclass(frozen=True, slots=True)
class Aborted(Event):
    """The run was cut short, and why; what was seen until then is still judged."""

    kind: ClassVar[str] = "run.aborted"
    reason: str


@dataclass(frozen=True, slots=True)
class RunEnded(Event):
    """The conductor came to its end with everything unwound that it knew of."""

    kind: ClassVar[str] = "run.ended"
    utc: str


# --- faults: whoever touches the platform -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class FaultRequested(Event):
    """Durable before the world is touched: what will be done, and the state it was in before.

    `spec` and `prior` are JSON texts: the fault's own, opaque to everyone else.
    """

    kind: ClassVar[str] = "fault.requested"
    fault_id: str
    fault: str
    spec: str
    prior: str
    witness: str


@dataclass(frozen=True, slots=True)
class FaultApplied(Event):
    """The fault was applied and read back from the platform."""

    kind: ClassVar[str] = "fault.applied"
    fault_id: str
    read_back: str


@dataclass(frozen=True, slots=True)
class FaultFailed(Event):
    """The fault could not be applied, or only in part. `unclear`: an order got no answer, so that the
    platform may yet carry it out."""

    kind: ClassVar[str] = "fault.failed"
    fault_id: str
    error: str
    unclear: bool = False


@dataclass(frozen=True, slots=True)
class FaultReverted(Event):
    """The prior state is back, read back from the platform. `by` is who did it."""

    kind: ClassVar[str] = "fault.reverted"
    fault_id: str
    read_back: str
    by: str


@dataclass(frozen=True, slots=True)
class FaultRevertFailed(Event):
    """An attempt to bring the prior state back did not succeed."""

    kind: ClassVar[str] = "fault.revert_failed"
    fault_id: str
    error: str
    by: str


@dataclass(frozen=True, slots=True)
class ExperimentEnded(Event):
    """What Chaos Toolkit said of its own run: kept for the record, never believed."""

    kind: ClassVar[str] = "experiment.ended"
    status: str
    deviated: bool
    detail: str


# --- load: inside Locust ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ScheduleWritten(Event):
    """The arrivals were drawn before the first call: how many, and the digest of the list."""

    kind: ClassVar[str] = "load.schedule"
    calls: int
    digest: str
    seed: int
    concurrency: int


@dataclass(frozen=True, slots=True)
class CallStarted(Event):
    """A call's media stream is up (or was refused: `ok` false). Time is that of the answer.

    A caller who was cut off or refused may dial again: `redial_of` names the call before, `attempt`
    counts this caller's calls from 1 on.
    """

    kind: ClassVar[str] = "call.started"
    call: str
    patient: str
    intended_ns: int
    ok: bool
    detail: str
    redial_of: str = ""
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class CallerGaveUp(Event):
    """A caller who had been cut off or refused dials no more; `call` is the last one, `attempts` all of
    this caller's calls, that one included."""

    kind: ClassVar[str] = "caller.gave_up"
    call: str
    attempts: int
    detail: str


@dataclass(frozen=True, slots=True)
class TurnInvoked(Event):
    """The patient ended a sentence: from here the turn is waited for. First half of a ledger pair."""

    kind: ClassVar[str] = "turn.invoked"
    call: str
    seq: int
    intent: str
    eos_ns: int


@dataclass(frozen=True, slots=True)
class TurnHeard(Event):
    """The answer began: told at once, since an answer may be long and `turn.ended` comes only after it.

    `first_audio_ns` 0 takes it back: what was heard belonged to an older turn. Verdicts rest on `turn.ended`
    alone; this is for those who watch.
    """

    kind: ClassVar[str] = "turn.heard"
    call: str
    seq: int
    first_audio_ns: int


@dataclass(frozen=True, slots=True)
class TurnEnded(Event):
    """How a turn came out: second half of the pair.

    `ledger` is ok (acknowledged as saved), fail (surely not) or info (nobody can know).
    `outcome` is full, degraded, wrong_patient, unanswered or dropped.
    `first_audio_ns` and `ack_ns` are 0 when they never came. `barge_stop_ms`: the caller spoke into the
    agent's answer before this turn, and the agent fell silent after so long; -1 when nobody did.
    `longest_gap_ms`: the longest silence inside the answer. `round_trip_ms`: of the media stream alone, by a
    ping that was sent as the turn was asked; -1 when it was not answered by the turn's end.
    """

    kind: ClassVar[str] = "turn.ended"
    call: str
    seq: int
    intent: str
    eos_ns: int
    first_audio_ns: int
    ack_ns: int
    outcome: str
    ledger: str
    turn_id: str
    patient: str
    digest: str
    barge_stop_ms: float = -1.0
    longest_gap_ms: float = 0.0
    round_trip_ms: float = -1.0


@dataclass(frozen=True, slots=True)
class CallHeard(Event):
    """What a caller heard of a whole call, written once, when it is over.

    `greeting_ms`: from the stream being up to the agent's first sound, -1 when there was none.
    `underruns`, `silence_ms`: how often and how long the playout buffer ran dry inside what the agent said.
    `talk_over_ms`: agent and caller spoke at once. `jitter_ms`: RFC 3550's estimate at the end of the call.
    `late_share`: share of the agent's audio that came after it should have been played. `mark_ms`: median
    of the time from a mark's playing to the agent's next word of any kind, which holds the agent's own time;
    -1 unknown. `round_trip_ms`: of the media stream alone, median of its pings, and how far they lie apart;
    -1 unknown.
    """

    kind: ClassVar[str] = "call.heard"
    call: str
    greeting_ms: float
    underruns: int
    silence_ms: float
    talk_over_ms: float
    jitter_ms: float
    late_share: float
    mark_ms: float
    round_trip_ms: float = -1.0
    round_trip_spread_ms: float = -1.0


@dataclass(frozen=True, slots=True)
class CallEnded(Event):
    """A call is over. `outcome`: completed, dropped (the platform hung up), abandoned (the caller did,
    after a silence that nobody bears) or cut (the run ended)."""

    kind: ClassVar[str] = "call.ended"
    call: str
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class LoadSample(Event):
    """Once a second: calls up, and how punctual the generator itself was in that second.

    `late_frames` of its `frames` left more than 20 ms, one frame's length, after they were due.
    `stolen_share` of this machine's processors was taken by its host, for others.
    """

    kind: ClassVar[str] = "load.sample"
    calls_up: int
    lateness_ms_p99: float
    arrival_lateness_ms_max: float
    cpu_share: float
    frames: int
    late_frames: int
    stolen_share: float = 0.0


# --- probes -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BreakerSample(Event):
    """One zone's breaker as its own metrics tell it; `ok` false when they could not be read.

    `transitions` is JSON: {"closed>open": n, ...}; empty text when the platform has no such counter.
    """

    kind: ClassVar[str] = "probe.breaker"
    zone: str
    ok: bool
    state: str
    successful: int
    failed: int
    not_permitted: int
    transitions: str
    detail: str


@dataclass(frozen=True, slots=True)
class RequestSample(Event):
    """EHR requests of one zone so far, counted on the wire by somebody other than the caller."""

    kind: ClassVar[str] = "probe.requests"
    zone: str
    ok: bool
    requests: int
    detail: str


@dataclass(frozen=True, slots=True)
class WitnessSample(Event):
    """The drill's own request through one zone's faulted link, and what came of it.

    `outcome`: ok, slow, refused, timeout, reset, truncated, http_5xx, wrong_patient or error.
    """

    kind: ClassVar[str] = "probe.witness"
    zone: str
    outcome: str
    latency_ms: float
    detail: str


@dataclass(frozen=True, slots=True)
class HealthSample(Event):
    """A zone's health endpoint."""

    kind: ClassVar[str] = "probe.health"
    zone: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class DoorSample(Event):
    """The drill's own request to one zone's door, and what came of it.

    `way`: `direct` (the zone's own address), `link` (through the wire that callers' media take) or `wal`
    (through a wire that replication takes from this zone). `outcome`: ok, refused, timeout, reset,
    http_5xx or error. An agent that answers "not fit" answers: http_5xx.
    """

    kind: ClassVar[str] = "probe.door"
    zone: str
    way: str
    outcome: str
    latency_ms: float
    detail: str


@dataclass(frozen=True, slots=True)
class EdgeSample(Event):
    """What the edge thinks of one zone: `healthy` when it would send a new call there.

    `ejected`: outlier detection has put it out. `ok` false when the edge could not be asked.
    """

    kind: ClassVar[str] = "probe.edge"
    zone: str
    ok: bool
    healthy: bool
    ejected: bool
    detail: str


@dataclass(frozen=True, slots=True)
class MemberSample(Event):
    """What one zone's store member says of itself.

    `role` is primary, replica or "" (none); `sync`: it is the synchronous standby; `streaming`: it
    receives the primary's log. `ok` false when it could not be asked.
    """

    kind: ClassVar[str] = "probe.member"
    zone: str
    ok: bool
    role: str
    state: str
    sync: bool
    streaming: bool
    timeline: int
    detail: str


@dataclass(frozen=True, slots=True)
class ServiceSample(Event):
    """One service of a zone as the platform's own zone control tells it.

    `zone_state`: up, down or frozen. `restarts` counts what the platform started again by itself,
    `commanded` what somebody told it to. `pid` 0: it does not run. `ok` false when nobody answered.
    """

    kind: ClassVar[str] = "probe.service"
    zone: str
    service: str
    ok: bool
    zone_state: str
    state: str
    pid: int
    restarts: int
    commanded: int
    detail: str


@dataclass(frozen=True, slots=True)
class RealCallsSample(Event):
    """Calls by real people in one zone, by its own gauge; `ok` false when it could not be read."""

    kind: ClassVar[str] = "probe.real_calls"
    zone: str
    ok: bool
    calls: int
    detail: str


@dataclass(frozen=True, slots=True)
class EhrRecord(Event):
    """One record of this run found in the EHR after recovery, read past the fault proxies.

    `received_utc_ns`: when the EHR says it took it (meta.lastUpdated); 0 when it does not say.
    """

    kind: ClassVar[str] = "read.ehr_record"
    turn_id: str
    patient: str
    digest: str
    resource: str
    received_utc_ns: int = 0


@dataclass(frozen=True, slots=True)
class StoredTurn(Event):
    """One turn of this run found in the store after recovery.

    `position` orders the turns as the store saved them; 0 when the store does not tell.
    """

    kind: ClassVar[str] = "read.stored_turn"
    turn_id: str
    call: str
    seq: int
    digest: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class ReadBackEnded(Event):
    """A read-back (`ehr` or `store`) is whole (`ok`), or could not be made."""

    kind: ClassVar[str] = "read.ended"
    source: str
    ok: bool
    records: int
    detail: str


KINDS: dict[str, type[Event]] = {
    cls.kind: cls
    for cls in (
        StreamOpened, StreamSealed, ClockAnchor, RunStarted, PhaseEntered, GuardChecked, ChildStarted,
        ChildEnded, LeaseOpened, LeaseEnded, Aborted, RunEnded, FaultRequested, FaultApplied, FaultFailed,
        FaultReverted, FaultRevertFailed, ExperimentEnded, ScheduleWritten, CallStarted, CallerGaveUp,
        TurnInvoked, TurnHeard, TurnEnded, CallHeard, CallEnded, LoadSample, BreakerSample, RequestSample,
        WitnessSample,
        HealthSample, DoorSample, EdgeSample, MemberSample, ServiceSample, RealCallsSample, EhrRecord,
        StoredTurn, ReadBackEnded, *RESTORE_EVENTS,
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as it stands in a journal: where, when and what."""

    stream: str
    seq: int
    t_ns: int
    event: Event

    @property
    def id(self) -> str:
        """`stream:seq`, the name by which verdicts cite it."""
        return f"{self.stream}:{self.seq}"
