"""From plan, timeline, verdicts and streams to everything the report says.

    build_view(plan, timeline, verdicts, streams) -> View

Pure, and it adds nothing: every number is the timeline's or an objective's own, every verdict is
linked to the events that prove it. It reads no clock, no folder and no host, so that the same
journal gives the same bytes a year later on another machine.
"""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Sequence

from drill.journal import Stream
from drill.judge import headline, ranked
from drill.model.plan import Plan
from drill.model.verdicts import Status, Verdict, worst
from drill.objectives.failover import MTTR
from drill.objectives.phases import PhaseMark, phases
from drill.objectives.recovery import measure
from drill.objectives.under_load import stolen
from drill.recovery_estimate import Recovery
from drill.report import (
    callers,
    charts,
    heard,
    ledger,
    platform,
    recovery_phases,
    restored,
    sections,
    subject,
    zone_figures,
)
from drill.report.cited import Index, cited, index, links
from drill.report.scene import picture
from drill.report.values import Cited, FaultStory, Figure, Group, Row, Section, View
from drill.timeline import Timeline

_TITLES = {
    "recovery": "Recovery",
    "breaker": "Circuit breaker",
    "calls": "Calls",
    "voice": "What callers heard",
    "ehr_writes": "EHR writes",
    "turns": "Saved turns",
    "failover": "Failover",
    "in_flight": "Callers in flight",
    "capacity": "Capacity",
    "remediation": "Automatic remediation",
    "restore": "Restore",
    "integrity": "Can this drill be believed?",
}


def build_view(
    plan: Plan, timeline: Timeline, verdicts: Sequence[Verdict], streams: Sequence[Stream], key: str = ""
) -> View:
    """The report as values; see the module. `key` tells this run's pictures from others' on one page."""
    events, limits = index(streams), plan.objectives.recovery
    recovery = measure(timeline, limits) if limits else None
    marks = phases(plan, timeline) if subject.of_zones(plan, timeline) else ()
    rows = tuple(_row(verdict) for verdict in verdicts)
    scene, faults, guards = (
        picture(plan, timeline, recovery, marks),
        platform.stories(timeline, events),
        platform.guards(timeline),
    )
    mttr = [row for row in rows if row.objective == MTTR]
    first = recovery_phases.section(plan, timeline, marks, mttr)
    saved = ledger.saved(plan, timeline, sections.of(rows, "turns"))
    more = sections.sections(plan, timeline, rows, saved)
    status = worst(v.status for v in verdicts)
    run_id = next((start.run_id for start in timeline.starts), "")
    return View(
        title=plan.title,
        drill=plan.drill,
        run_id=run_id,
        status=status,
        sentence=headline(plan, verdicts).removeprefix(f"{plan.title}: {status.name}: "),
        tally=tally(verdicts),
        not_passed=tuple(_row(v) for v in ranked(verdicts) if v.status is not Status.PASS),
        warnings=_warnings(plan, timeline, streams),
        wide=charts.draw(scene, charts.WIDE, "wide", key),
        narrow=charts.draw(scene, charts.NARROW, "narrow", key),
        spoken=scene.text,
        zonal=bool(marks),
        figures=_figures(plan, timeline, recovery, marks, saved, rows),
        phases=first,
        groups=groups(verdicts),
        calls=callers.calls_sentence(timeline),
        turns=callers.turn_rows(plan, timeline),
        sections=more,
        faults=faults,
        guards=guards,
        identity=platform.identity(plan, timeline, streams),
        provenance=platform.provenance(plan),
        streams=platform.stream_facts(streams),
        cited=_cited(verdicts, faults, guards, (*first, *more), events, timeline),
        command=f"drill judge {shlex.quote(f'runs/{plan.drill}/{run_id}')}",
    )


def _figures(
    plan: Plan,
    timeline: Timeline,
    recovery: Recovery | None,
    marks: Sequence[PhaseMark],
    saved: ledger.Saved | None,
    rows: Sequence[Row],
) -> tuple[Figure, ...]:
    """What somebody will quote, by what the drill is about."""
    if subject.of_restore(plan):
        return restored.figures(timeline, rows)
    if marks:
        return zone_figures.figures(plan, timeline, recovery, marks, saved, rows)
    if subject.of_voice(plan):
        return heard.figures(plan, timeline, recovery)
    return callers.figures(plan, timeline, recovery)


def tally(verdicts: Sequence[Verdict]) -> str:
    """`18 objectives: 16 PASS, 1 UNKNOWN, 1 FAIL`: the words, never only the colours."""
    counts = {status: sum(v.status is status for v in verdicts) for status in Status}
    told = ", ".join(f"{number} {status.name}" for status, number in counts.items() if number)
    return f"{len(verdicts)} objectives: {told}" if verdicts else "no objective was judged"


def groups(verdicts: Sequence[Verdict]) -> tuple[Group, ...]:
    """Verdicts by the first word of their objective: known groups in a fixed order, then others by name."""
    by_name: defaultdict[str, list[Row]] = defaultdict(list)
    for verdict in verdicts:
        by_name[verdict.objective.partition(".")[0]].append(_row(verdict))
    order = [name for name in _TITLES if name in by_name] + sorted(set(by_name) - set(_TITLES))
    return tuple(
        Group(_TITLES.get(name, name), worst(r.status for r in by_name[name]), tuple(by_name[name]))
        for name in order
    )


def _row(verdict: Verdict) -> Row:
    group, _, rest = verdict.objective.partition(".")
    name = (rest or group).replace("_", " ")
    return Row(verdict.objective, name, verdict.status, verdict.sentence, verdict.measured, verdict.limit,
               links(verdict.because))  # fmt: skip


def _warnings(plan: Plan, timeline: Timeline, streams: Sequence[Stream]) -> tuple[str, ...]:
    """What a reader must know before believing any number below."""
    found = [f"The run was cut short: {abort.text}" for abort in timeline.aborts]
    if plan.sham:
        found.append("This was a sham run: everything was done but the fault.")
    found += [f"Damaged journal: {stream.fault}" for stream in streams if stream.fault]
    if told := stolen(timeline):
        found.append(f"{told}: what was late on that machine may be late by this.")
    return tuple(found)


def _cited(
    verdicts: Sequence[Verdict],
    faults: Sequence[FaultStory],
    guards: Sequence[Row],
    tables: Sequence[Section],
    events: Index,
    timeline: Timeline,
) -> tuple[Cited, ...]:
    ids = [id_ for verdict in verdicts for id_ in verdict.because]
    ids += [moment.link.id for fault in faults for moment in fault.moments]
    ids += [link.id for guard in guards for link in guard.because]
    ids += [cell.link.id for table in tables for row in table.rows for cell in row if cell.link]
    return cited(ids, events, timeline)
