"""What probes and read-backs say of the platform, as values of a timeline."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BreakerPoint:
    """One readable sample of a zone's breaker."""

    t_s: float
    state: str
    successful: int
    failed: int
    not_permitted: int
    id: str


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of state, seen not later than `t_s` and after `after_s`."""

    zone: str
    t_s: float
    after_s: float
    from_state: str
    to_state: str
    id: str


@dataclass(frozen=True, slots=True)
class BreakerPath:
    """A zone's breaker over the run. `counted`: the transitions are its own counter's, not guessed
    from one sampled state and the next."""

    zone: str
    samples: tuple[BreakerPoint, ...]
    transitions: tuple[Transition, ...]
    counted: bool


@dataclass(frozen=True, slots=True)
class RequestPoint:
    """EHR requests of a zone on the wire so far."""

    t_s: float
    requests: int
    id: str


@dataclass(frozen=True, slots=True)
class RequestPath:
    """A zone's request counter over the run."""

    zone: str
    samples: tuple[RequestPoint, ...]


@dataclass(frozen=True, slots=True)
class WitnessPoint:
    """One request of the drill's own: asked at `t_s`, over at `answered_s`."""

    zone: str
    t_s: float
    answered_s: float
    outcome: str
    latency_ms: float
    detail: str
    id: str


@dataclass(frozen=True, slots=True)
class HealthPoint:
    """A zone's health endpoint at one moment."""

    zone: str
    t_s: float
    ok: bool
    detail: str
    id: str


@dataclass(frozen=True, slots=True)
class DoorPoint:
    """One request of the drill's own to a zone's door: asked at `t_s`, over at `answered_s`."""

    zone: str
    way: str
    t_s: float
    answered_s: float
    outcome: str
    detail: str
    id: str


@dataclass(frozen=True, slots=True)
class EdgePoint:
    """Whether the edge would send a new call to a zone; only moments at which it answered."""

    zone: str
    t_s: float
    healthy: bool
    ejected: bool
    id: str


@dataclass(frozen=True, slots=True)
class MemberPoint:
    """A store member at one moment. `ok` false: it did not answer, and the rest is empty."""

    zone: str
    t_s: float
    ok: bool
    role: str
    state: str
    sync: bool
    streaming: bool
    timeline: int
    id: str


@dataclass(frozen=True, slots=True)
class ServicePoint:
    """A service of a zone at one moment, as the platform's zone control tells it."""

    zone: str
    service: str
    t_s: float
    zone_state: str
    state: str
    pid: int
    restarts: int
    commanded: int
    id: str


@dataclass(frozen=True, slots=True)
class LoadPoint:
    """The generator about itself, once a second; one series per load stream."""

    stream: str
    t_s: float
    calls_up: int
    lateness_ms_p99: float
    arrival_lateness_ms_max: float
    cpu_share: float
    frames: int
    late_frames: int
    stolen_share: float
    id: str


@dataclass(frozen=True, slots=True)
class Record:
    """One note found in the EHR. `received_s`: when that took it, by its own clock; None when not told."""

    turn_id: str
    patient: str
    digest: str
    resource: str
    id: str
    received_s: float | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """One turn found in the store."""

    turn_id: str
    call: str
    seq: int
    digest: str
    id: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class ReadBack:
    """How a read-back of `ehr` or `store` came out."""

    source: str
    t_s: float
    ok: bool
    records: int
    detail: str
    id: str
