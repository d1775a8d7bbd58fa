"""What was done to the platform and how it was undone, and which run on which platform this was."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from drill.journal import Stream
from drill.model.events import (
    Event,
    FaultApplied,
    FaultFailed,
    FaultRequested,
    FaultReverted,
    FaultRevertFailed,
    Recorded,
    RunStarted,
)
from drill.model.plan import Plan
from drill.model.units import seconds
from drill.model.verdicts import Status
from drill.report.cited import Index, link, links
from drill.report.values import Fact, FaultStory, Moment, Row, StreamFact
from drill.report.words import pretty, short_path, when
from drill.timeline import FaultWindow, Timeline
from drill.traffic import FLAT, planned

SANDBOX = "A sandbox time is not a production time."
REACH = "blast radius is within its limits"  # the guard that reckons how far the drill would reach


def stories(timeline: Timeline, events: Index) -> tuple[FaultStory, ...]:
    """Each fault from the request to the revert, in the order of the requests."""
    return tuple(_story(fault, timeline, events) for fault in timeline.faults)


def _story(fault: FaultWindow, timeline: Timeline, events: Index) -> FaultStory:
    own = [events[id_] for id_ in fault.ids if id_ in events]
    prior = next((r.event.prior for r in own if isinstance(r.event, FaultRequested)), "")
    own.sort(key=lambda r: (r.t_ns, r.stream, r.seq))
    return FaultStory(
        fault.fault, fault.fault_id, fault.witness, pretty(fault.spec), pretty(prior),
        tuple(_moment(r, timeline) for r in own),
        undone=fault.applied_s is not None and fault.reverted_s is not None,
        ending=_ending(fault),
    )  # fmt: skip


def _ending(fault: FaultWindow) -> str:
    if fault.applied_s is None:
        return f"It was never seen to be applied{': ' + fault.failed if fault.failed else ''}."
    if fault.reverted_s is None:
        return "Nothing says that it was reverted: run `drill heal` on this run."
    held = seconds(fault.reverted_s - fault.applied_s)
    return f"It held for {held} and was reverted by {fault.reverted_by or 'nobody named'}."


def _moment(recorded: Recorded, timeline: Timeline) -> Moment:
    what, detail = _told(recorded.event)
    return Moment(what, when(timeline, (recorded.t_ns - timeline.start_ns) / 1e9), detail, link(recorded.id))


def _told(event: Event) -> tuple[str, str]:
    match event:
        case FaultRequested():
            return "requested", "written down before anything was touched"
        case FaultApplied():
            return "applied", pretty(event.read_back)
        case FaultFailed():
            return "failed", event.error
        case FaultReverted():
            return f"reverted by {event.by}", pretty(event.read_back)
        case FaultRevertFailed():
            return f"revert by {event.by} failed", event.error
        case _:
            return event.kind, ""


def guards(timeline: Timeline) -> tuple[Row, ...]:
    """What was asked before anything was touched; a guard that said no is not a pass."""
    return tuple(
        Row(
            g.guard,
            g.guard.replace("_", " "),
            Status.PASS if g.ok else Status.FAIL,
            g.detail,
            "",
            "",
            links([g.id]),
        )
        for g in timeline.guards
    )


def provenance(plan: Plan) -> str:
    """Where the times on this page hold."""
    where = f"Target {plan.target}, environment {plan.environment}, profile {plan.profile}."
    if plan.environment == "production":
        return where
    if plan.environment == "sandbox":
        return f"{where} {SANDBOX}"
    return f"{where} Times of this environment are not production times."


def identity(plan: Plan, timeline: Timeline, streams: Sequence[Stream]) -> tuple[Fact, ...]:
    """Everything needed to know which run this is, and to make one like it."""
    return tuple(
        fact
        for fact in (*_run(plan, timeline, streams), *_planned(plan), *_reach(timeline), *_who(plan))
        if fact.value
    )


def _run(plan: Plan, timeline: Timeline, streams: Sequence[Stream]) -> tuple[Fact, ...]:
    started = next((r.event for s in streams for r in s.events if isinstance(r.event, RunStarted)), None)
    ended = timeline.ended[-1].text if timeline.ended else "not written down"
    facts = (
        Fact("Ended", ended),
        Fact("Plan digest", plan.digest, code=True),
        Fact("Seed", str(plan.seed), code=True),
    )
    if started is None:
        return (Fact("Run", "not written down"), *facts)
    same = started.plan_digest == plan.digest
    return (
        Fact("Run", started.run_id, code=True), Fact("Started", started.utc),
        Fact("Operator", started.operator), *facts,
        Fact("Plan digest in the journal", "" if same else started.plan_digest, code=True),
        Fact("Commit", started.commit, code=True),
        Fact("Versions", f"drill {started.version}, Python {started.python}"),
        Fact("Command", shlex.join(started.argv), code=True),
    )  # fmt: skip


def _planned(plan: Plan) -> tuple[Fact, ...]:
    load, phases = plan.load, plan.phases
    calls = f"{load.concurrency} at once, {seconds(planned(plan).call_s)} each on average"
    calls += "" if load.arrivals == FLAT.name else f", at the peak of {load.arrivals}"
    lengths = (phases.ramp_s, phases.baseline_s, phases.fault_s, phases.recovery_s)
    names = ("ramp", "baseline", "fault", "recovery up to")
    return (
        Fact(
            "Target",
            f"{plan.target} ({plan.environment}, profile {plan.profile}), zones {', '.join(plan.zones)}",
        ),
        Fact("Target digest", plan.target_digest, code=True),
        Fact("Experiment", short_path(plan.experiment_file), code=True),
        Fact("Load profile", short_path(load.profile), code=True),
        Fact("Load profile digest", load.profile_digest, code=True),
        Fact("Calls planned", calls),
        Fact("Phases planned", ", ".join(f"{n} {seconds(s)}" for n, s in zip(names, lengths, strict=True))),
        Fact("Sham", "yes: everything was done but the fault" if plan.sham else ""),
    )


def _reach(timeline: Timeline) -> tuple[Fact, ...]:
    return tuple(Fact("Reach", guard.detail) for guard in timeline.guards if guard.guard == REACH)


def _who(plan: Plan) -> tuple[Fact, ...]:
    return (
        Fact("Owner", plan.owner), Fact("Severity drilled", plan.severity), Fact("Risk", plan.risk),
        Fact("Controls", ", ".join(plan.controls)), Fact("Runbook", plan.runbook, code=True),
        Fact("Schedule", plan.schedule),
    )  # fmt: skip


def stream_facts(streams: Sequence[Stream]) -> tuple[StreamFact, ...]:
    """Every stream by name."""
    return tuple(
        StreamFact(s.name, len(s.events), s.head, s.fault) for s in sorted(streams, key=lambda s: s.name)
    )
