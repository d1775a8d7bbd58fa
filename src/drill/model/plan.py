"""A plan: everything a drill will do and be judged by, resolved and frozen before T0.

Its digest stands in the first line of the journal, so nobody can move a limit afterwards.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from drill.model.voice import HeardLimits as HeardLimits
from drill.model.voice import VoiceLimits as VoiceLimits

# Telephony's 20 ms, and bundles of them: what is cheaper to carry is later by as much.
FRAMES_MS = (20, 40, 100, 200)


@dataclass(frozen=True, slots=True)
class Phases:
    """Lengths of a drill's windows, in seconds. `recovery_s` is the longest wait after the revert."""

    ramp_s: float
    baseline_s: float
    fault_s: float
    recovery_s: float


@dataclass(frozen=True, slots=True)
class RecoveryLimits:
    """When callers count as hurt, and how soon that has to be over.

    Attributes:
        turn_slo_s: a turn not answered within this is in breach until it is, or the call ends.
        breach_share: callers suffer while more than this share of live calls is in breach.
        back_share: recovered means at most this share, for `sustained_s` without interruption.
        sustained_s: length of the good window; recovery is its start.
        within_s: limit on time from fault applied to the start of that window (RTO).
        breached_call_s: limit on the area under breach, in call-seconds.
    """

    turn_slo_s: float
    breach_share: float
    back_share: float
    sustained_s: float
    within_s: float
    breached_call_s: float


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """What a breaker owes its callers.

    Attributes:
        opens_within_s: from fault applied until every zone's breaker is open.
        closes_within_s: from fault reverted until every zone's breaker is closed.
        half_open_calls: trials permitted each time the breaker is half-open.
        wait_s: how long it stays open before a trial.
        requests_per_failure_max: EHR requests on the wire per turn that needs the EHR, while the fault
            holds; more is a retry storm.
    """

    opens_within_s: float
    closes_within_s: float
    half_open_calls: int
    wait_s: float
    requests_per_failure_max: float


@dataclass(frozen=True, slots=True)
class CallLimits:
    """What calls may suffer.

    Attributes:
        dropped_max: calls the platform hung up on.
        turn_p95_s: limit on the p95 turn latency in the baseline and after recovery.
        unaffected_p95_s: limit on the p95 latency, during the fault, of turns that need no EHR (cascade);
            None where the fault is not the EHR's.
        answered_min: least share of all turns that were answered at all (full or degraded).
    """

    dropped_max: int
    turn_p95_s: float
    unaffected_p95_s: float | None
    answered_min: float


@dataclass(frozen=True, slots=True)
class WriteLimits:
    """EHR writes: none lost, none doubled, all there within this many seconds of the revert.

    `timed`: it is judged when each came. A plan from before that was looked at does not ask for it.
    """

    within_s: float
    timed: bool = False


@dataclass(frozen=True, slots=True)
class TurnLimits:
    """Acknowledged turns that may be missing in the store; none of them below a surviving one."""

    lost_max: int


@dataclass(frozen=True, slots=True)
class FailoverLimits:
    """How soon a platform that lost a zone notices, goes on without it, and is whole again.

    Attributes:
        detected_within_s: from fault applied until the edge sends no new call to the lost zone.
        primary_within_s: from fault applied until a surviving zone's member is primary (or still is).
        zone_back_within_s: from fault reverted until the edge sends calls to the zone again.
        redundancy_within_s: from fault reverted until every member holds the log again, one in sync.
        mttr_s: from fault applied until callers were well for good (the recovery mark).
    """

    detected_within_s: float
    primary_within_s: float
    zone_back_within_s: float
    redundancy_within_s: float
    mttr_s: float


@dataclass(frozen=True, slots=True)
class InFlightLimits:
    """What becomes of callers whose call broke off.

    Attributes:
        resumed_min: least share of them who were in a call again within `resumed_within_s`.
        silence_s: limit on the p95 of what such a caller heard nothing for: from the last audio before
            the break to the first good answer after it.
    """

    resumed_min: float
    resumed_within_s: float
    silence_s: float


@dataclass(frozen=True, slots=True)
class CapacityLimits:
    """Room in the surviving zones: the share of call attempts during the fault that may be refused."""

    blocked_max: float


@dataclass(frozen=True, slots=True)
class RemediationLimits:
    """Services that were killed, or hang, run again within this time, without anybody's help."""

    restarted_within_s: float


@dataclass(frozen=True, slots=True)
class RestoreLimits:
    """What a restore of the backups owes.

    Attributes:
        rto_s: from its beginning until the verified copy has served a call.
        rpo_s: how far before the moment that should come back the oldest lost acknowledged turn may lie.
        age_s: how old the newest whole base backup may be.
        window_s: how far back there has to be one.
        rows: whether every row is compared with a replica that stands at the same position.
        regions: whether the second region is compared with the first.
        controls: how many damages are planted in copies: none, sample or all.
        keep: base backups that the target's policy keeps; 0 until a plan takes it from the target.
        erasures: whether who was erased is erased again, and looked for.
        holds: whether what is on hold has to be there, and what expired gone.
        protected: whether a canary beside the backups has to refuse its deletion.
    """

    rto_s: float
    rpo_s: float
    age_s: float
    window_s: float
    rows: bool = False
    regions: bool = False
    controls: str = "none"
    keep: int = 0
    erasures: bool = False
    holds: bool = False
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Objectives:
    """The pass criteria; None where a drill does not ask. Integrity is always judged."""

    recovery: RecoveryLimits | None
    breaker: BreakerLimits | None
    calls: CallLimits | None
    ehr_writes: WriteLimits | None
    turns: TurnLimits | None
    failover: FailoverLimits | None = None
    in_flight: InFlightLimits | None = None
    capacity: CapacityLimits | None = None
    remediation: RemediationLimits | None = None
    voice: VoiceLimits | None = None
    restore: RestoreLimits | None = None


@dataclass(frozen=True, slots=True)
class AbortLimits:
    """Tripwires: when a drill is stopped before its end. None where a wire is not drawn.

    Attributes:
        breach_share: share of callers in breach at a moment above which the drill stops.
        breach_for_s: how long without interruption that has to hold; 0 stops at once.
        breached_call_s: the error budget: area under breach, in call-seconds since the load began.
        dropped: calls that the platform may hang up on.
        blind_s: how long one kind of probe may see nothing at all.
    """

    breach_share: float | None = None
    breach_for_s: float = 0.0
    breached_call_s: float | None = None
    dropped: int | None = None
    blind_s: float | None = None


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """The calls: locustfile, its digest, and what is asked of it. `arrivals` is the time of day, by name;
    `frame_ms` how much audio leaves at a time, one of `FRAMES_MS`."""

    profile: str
    profile_digest: str
    concurrency: int
    mean_call_s: float
    arrivals: str = "flat"
    frame_ms: int = FRAMES_MS[0]


@dataclass(frozen=True, slots=True)
class Plan:
    """See the module. `experiment` is the resolved Chaos Toolkit experiment as JSON text.

    `capacities` are the calls that each of `zones` admits (0: not told); `members` the zones that hold a
    copy of the store.
    """

    drill: str
    title: str
    owner: str
    severity: str
    risk: str
    controls: tuple[str, ...]
    runbook: str
    schedule: str
    target: str
    environment: str
    profile: str
    target_digest: str
    zones: tuple[str, ...]
    capacities: tuple[int, ...]
    members: tuple[str, ...]
    experiment_file: str
    experiment: str
    load: LoadPlan
    phases: Phases
    objectives: Objectives
    seed: int
    sham: bool
    abort_when: AbortLimits | None = None

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical JSON of the whole plan."""
        return hashlib.sha256(to_json(self).encode()).hexdigest()


def to_json(plan: Plan) -> str:
    """The plan as canonical JSON: sorted keys, no spaces; what a member has by default is not written.

    So a plan of last year, which knows nothing of what drills learned to ask since, is read by its own bytes
    and has its own digest, as long as whatever is added here has a default that asks for nothing.
    """
    return json.dumps(_members(plan), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _members(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_members(each) for each in value]
    if not dataclasses.is_dataclass(value):
        return value
    told = {f.name: (f.default, getattr(value, f.name)) for f in dataclasses.fields(value)}
    return {name: _members(own) for name, (default, own) in told.items() if own != default}
