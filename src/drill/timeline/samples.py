"""What probes and the load sampled, event by event, as points in seconds since the start."""

from __future__ import annotations

from drill.model.events import (
    DoorSample,
    EdgeSample,
    HealthSample,
    LoadSample,
    MemberSample,
    ServiceSample,
    WitnessSample,
)
from drill.timeline.probed import (
    DoorPoint,
    EdgePoint,
    HealthPoint,
    LoadPoint,
    MemberPoint,
    ServicePoint,
    WitnessPoint,
)
from drill.timeline.sorted_events import Sorted


def witness(events: Sorted) -> tuple[WitnessPoint, ...]:
    """The drill's own EHR requests, by the time at which each was asked."""
    return tuple(
        WitnessPoint(
            e.zone, events.at(r), events.at(r) + e.latency_ms / 1000, e.outcome, e.latency_ms, e.detail, r.id
        )
        for r, e in events.of(WitnessSample)
    )


def doors(events: Sorted) -> tuple[DoorPoint, ...]:
    """The drill's own requests to the zones' doors, by the time at which each was asked."""
    return tuple(
        DoorPoint(e.zone, e.way, events.at(r), events.at(r) + e.latency_ms / 1000, e.outcome, e.detail, r.id)
        for r, e in events.of(DoorSample)
    )


def edges(events: Sorted) -> tuple[EdgePoint, ...]:
    """The edge's opinion of each zone; an edge that could not be asked has none."""
    return tuple(
        EdgePoint(e.zone, events.at(r), e.healthy, e.ejected, r.id) for r, e in events.of(EdgeSample) if e.ok
    )


def members(events: Sorted) -> tuple[MemberPoint, ...]:
    """The store's members; one that does not answer is a point too, for that is what a dead one does."""
    return tuple(
        MemberPoint(e.zone, events.at(r), e.ok, e.role, e.state, e.sync, e.streaming, e.timeline, r.id)
        for r, e in events.of(MemberSample)
    )


def services(events: Sorted) -> tuple[ServicePoint, ...]:
    """The zones' services; a zone control that could not be asked says nothing of them."""
    return tuple(
        ServicePoint(
            e.zone, e.service, events.at(r), e.zone_state, e.state, e.pid, e.restarts, e.commanded, r.id
        )
        for r, e in events.of(ServiceSample)
        if e.ok
    )


def health(events: Sorted) -> tuple[HealthPoint, ...]:
    """The zones' health endpoints."""
    return tuple(HealthPoint(e.zone, events.at(r), e.ok, e.detail, r.id) for r, e in events.of(HealthSample))


def load(events: Sorted) -> tuple[LoadPoint, ...]:
    """The generator about itself."""
    return tuple(
        LoadPoint(
            r.stream, events.at(r), e.calls_up,
            e.lateness_ms_p99, e.arrival_lateness_ms_max, e.cpu_share, e.frames, e.late_frames,
            e.stolen_share, r.id,
        )
        for r, e in events.of(LoadSample)
    )  # fmt: skip
