"""fold(events, plan) -> Timeline: one pass by type, then each part by its own module."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from drill.model.events import (
    Aborted,
    CallStarted,
    ClockAnchor,
    EhrRecord,
    ExperimentEnded,
    GuardChecked,
    LeaseOpened,
    PhaseEntered,
    ReadBackEnded,
    Recorded,
    RunEnded,
    RunStarted,
    ScheduleWritten,
    StoredTurn,
)
from drill.model.plan import Plan
from drill.timeline import hearing, samples
from drill.timeline.away import away
from drill.timeline.breakers import breakers, requests
from drill.timeline.calls import calls, evidence_end
from drill.timeline.control import children, faults, phases, refused
from drill.timeline.gaps import Heard, gaps
from drill.timeline.probed import ReadBack, Record, Stored
from drill.timeline.restored import restored
from drill.timeline.sorted_events import Made, Sorted
from drill.timeline.steps import breaches, steps
from drill.timeline.timeline import Timeline
from drill.timeline.turns import ended_twice, turns
from drill.timeline.values import Anchor, Drawn, Guard, Note, Span, Start

DEFAULT_TURN_SLO_S = 1.5


def turn_slo_s(plan: Plan) -> float:
    """The SLO that breaches are counted with: recovery's, else the calls' limit, else 1.5 s."""
    if plan.objectives.recovery:
        return plan.objectives.recovery.turn_slo_s
    return plan.objectives.calls.turn_p95_s if plan.objectives.calls else DEFAULT_TURN_SLO_S


def fold(events: Sequence[Recorded], plan: Plan) -> Timeline:
    """The run as its events tell it; any prefix of a run gives a timeline as well."""
    all_ = Sorted(events)
    slo_s = turn_slo_s(plan)
    windows, anchors = faults(all_), _anchors(all_)
    evidence = _evidence(all_)
    all_calls = calls(all_, evidence.end_s)
    all_turns = turns(all_, all_calls, evidence.end_s)
    late = breaches(all_turns, all_calls, slo_s)
    waits = away(all_, all_calls, evidence.end_s)
    heard = _heard(all_)
    utc_ns = anchors[0].utc_ns - anchors[0].t_ns + all_.start_ns if anchors else 0
    return Timeline(
        start_ns=all_.start_ns,
        start_utc_ns=utc_ns,
        t0_s=min((w.applied_s for w in windows if w.applied_s is not None), default=0.0),
        end_s=all_.end_s,
        evidence=evidence,
        turn_slo_s=slo_s,
        starts=_starts(all_),
        phases=phases(all_),
        faults=windows,
        calls=all_calls,
        turns=all_turns,
        breaches=late,
        steps=steps(all_calls, late, waits),
        breakers=heard.breakers,
        requests=heard.requests,
        witness=heard.witness,
        health=samples.health(all_),
        load=heard.load,
        records=Made(all_.of(EhrRecord), partial(_record, utc_ns)),
        stored=Made(all_.of(StoredTurn), _stored),
        readbacks=tuple(
            ReadBack(e.source, all_.at(r), e.ok, e.records, e.detail, r.id) for r, e in all_.of(ReadBackEnded)
        ),
        guards=tuple(Guard(all_.at(r), e.guard, e.ok, e.detail, r.id) for r, e in all_.of(GuardChecked)),
        children=children(all_),
        gaps=gaps(plan, evidence, heard),
        anchors=anchors,
        aborts=tuple(Note(all_.at(r), e.reason, r.id) for r, e in all_.of(Aborted)),
        ended=tuple(Note(all_.at(r), e.utc, r.id) for r, e in all_.of(RunEnded)),
        experiments=tuple(
            Note(all_.at(r), f"{e.status}: {e.detail}".rstrip(": "), r.id)
            for r, e in all_.of(ExperimentEnded)
        ),
        away=waits,
        doors=heard.doors,
        edges=heard.edges,
        members=heard.members,
        services=heard.services,
        heard=hearing.heard(all_, all_calls, all_turns),
        restored=restored(all_),
        ended_twice=ended_twice(all_, all_turns),
        drawn=tuple(
            Drawn(e.calls, e.digest, e.seed, e.concurrency, r.id) for r, e in all_.of(ScheduleWritten)
        ),
        leases=tuple(Note(all_.at(r), str(e.holder), r.id) for r, e in all_.of(LeaseOpened)),
        refused=refused(all_),
    )


def _record(start_utc_ns: int, id_: str, event: EhrRecord) -> Record:
    known = bool(start_utc_ns and event.received_utc_ns)
    received_s = (event.received_utc_ns - start_utc_ns) / 1e9 if known else None
    return Record(event.turn_id, event.patient, event.digest, event.resource, id_, received_s)


def _stored(id_: str, event: StoredTurn) -> Stored:
    return Stored(event.turn_id, event.call, event.seq, event.digest, id_, event.position)


def _heard(events: Sorted) -> Heard:
    return Heard(
        breakers(events), requests(events), samples.witness(events), samples.load(events),
        samples.doors(events), samples.edges(events), samples.members(events), samples.services(events),
        tuple(sorted(events.of(CallStarted).last_of_stream())),
    )  # fmt: skip


def _evidence(events: Sorted) -> Span:
    entered = [events.at(r) for r, phase in events.of(PhaseEntered) if phase.phase == "baseline"]
    end_s = evidence_end(events)
    return Span(min(entered[0], end_s) if entered else 0.0, end_s)


def _starts(events: Sorted) -> tuple[Start, ...]:
    return tuple(
        Start(e.run_id, e.drill, e.plan_digest, e.seed, e.sham, e.utc, r.id) for r, e in events.of(RunStarted)
    )


def _anchors(events: Sorted) -> tuple[Anchor, ...]:
    return tuple(Anchor(r.t_ns, e.utc_ns, e.uncertainty_ns, r.id) for r, e in events.of(ClockAnchor))
