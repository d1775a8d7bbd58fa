"""From runs, drill files and people's notes to everything the report of a quarter says.

Pure: no clock, no folder, no host. `as_of` is the day that the report speaks of; what was due after it is
not missed yet. Every number is a run's own or follows from several of them by `small_samples`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from drill.model.controls import Control
from drill.model.verdicts import Status, worst
from drill.objectives.say import count
from drill.quarter.calendar import Quarter, due
from drill.quarter.compare import Compared, compare, middle
from drill.quarter.conclusions import Concluded, Conclusion, Piece, conclude, few, some, standing
from drill.quarter.deviations import deviations
from drill.quarter.findings import Finding, Standing, findings
from drill.quarter.measured import METRICS, interval_told, time_told, timed
from drill.quarter.notes import Notes
from drill.quarter.people import approvals, participants
from drill.quarter.population import tally, within
from drill.quarter.trend_picture import draw_trend
from drill.quarter.trial import Trial
from drill.quarter.values import DrillPart, Planned, Promise, QuarterView, Seen, TrendRow
from drill.report.platform import provenance
from drill.report.values import Figure, anchor
from drill.report.words import NOTHING

COLUMNS_MAX = 6


def build_quarter(
    quarter: Quarter, as_of: date, every: Sequence[Trial], planned: Sequence[Planned], notes: Notes,
    catalogue: Mapping[str, Control], command: str,
) -> QuarterView:  # fmt: skip
    """The report as values; see the module. `every` holds runs of other quarters too."""
    trials = tuple(t for t in within(every, quarter) if t.day is None or t.day <= as_of)
    until = tuple(t for t in every if t.day is None or t.day <= as_of)
    named = {p.drill: p.controls for p in planned}
    found = findings(trials, until, notes, as_of)
    compared = compare(within([t for t in every if t.day], quarter.before), trials)
    drills = tuple(
        _part(p, quarter, as_of, until, trials, found, compared) for p in _all_planned(planned, trials)
    )
    controls = tuple(conclude(control, named, trials) for control in catalogue.values())
    return QuarterView(
        quarter=quarter, as_of=as_of, status=_overall(drills), sentence=_sentence(drills),
        figures=_figures(trials, controls, found, drills), provenance=_provenance(trials),
        population=tally(trials), drills=drills, controls=controls, findings=found,
        deviations=deviations(trials, notes), trials=trials, compared=compared,
        approvals=approvals(trials, notes), participants=participants(trials, notes), notes=notes,
        command=command,
    )  # fmt: skip


def _all_planned(planned: Sequence[Planned], trials: Sequence[Trial]) -> tuple[Planned, ...]:
    """Every drill that has a file, and every other that was run, by name."""
    known = {p.drill: p for p in planned}
    for each in trials:
        if each.drill not in known:
            known[each.drill] = _from_run(each)
    return tuple(known[name] for name in sorted(known))


def _from_run(each: Trial) -> Planned:
    plan = each.plan
    if plan is None:
        return Planned(each.drill, each.drill, "", "", "", "", "", ())
    return Planned(plan.drill, plan.title, plan.owner, plan.severity, plan.risk, plan.runbook, plan.schedule,
                   plan.controls)  # fmt: skip


def _part(
    planned: Planned, quarter: Quarter, as_of: date, until: Sequence[Trial], trials: Sequence[Trial],
    found: Sequence[Finding], compared: Sequence[Compared],
) -> DrillPart:  # fmt: skip
    own = tuple(t for t in trials if t.drill == planned.drill)
    decisive = standing([Piece(t, t.status, ()) for t in own if t.real])
    answered = [t.day for t in until if t.drill == planned.drill and t.answered and t.day]
    shown = tuple(t for t in own if t.verdicts)[-COLUMNS_MAX:]
    return DrillPart(
        planned=planned,
        status=decisive.status if decisive else None,
        sentence=_stand(own, decisive),
        decisive=decisive.trial if decisive else None,
        due=due(planned.schedule, answered, quarter, as_of),
        trials=own,
        shown=shown,
        promises=_promises(shown),
        trend=draw_trend(own, f"trend-{anchor(planned.drill)}-"),
        trend_rows=_trend_rows(own, next((c for c in compared if c.drill == planned.drill), None)),
        open_findings=sum(f.is_open and f.trial.drill == planned.drill for f in found),
    )


def _stand(own: Sequence[Trial], decisive: Piece | None) -> str:
    real = [t for t in own if t.real]
    if decisive is None:
        tried = f"; {count(len(own), 'run')} did not try the platform" if own else ""
        return f"Not tested in this quarter{tried}."
    told = few([t.status for t in real])
    return f"{told[:1].upper()}{told[1:]}."


def _promises(shown: Sequence[Trial]) -> tuple[Promise, ...]:
    """Each objective once, in the order in which the runs judged them."""
    names = dict.fromkeys(v.objective for t in reversed(shown) for v in t.verdicts)
    return tuple(_promise(name, shown) for name in names)


def _promise(name: str, shown: Sequence[Trial]) -> Promise:
    group, _, rest = name.partition(".")
    seen = []
    for each in shown:
        verdict = next((v for v in each.verdicts if v.objective == name), None)
        own = each.key + anchor("objective", name)
        seen.append(None if verdict is None else Seen(each, verdict.status, verdict.measured, own))
    limits = [v.limit for t in shown for v in t.verdicts if v.objective == name and v.limit]
    limit, words = limits[-1] if limits else "", (rest or group).replace("_", " ")
    return Promise(name, _title(group, shown), words, limit, tuple(seen))


def _title(group: str, shown: Sequence[Trial]) -> str:
    """What the runs' own reports call a group of objectives."""
    titles = (
        g.title for t in shown if t.view for g in t.view.groups if g.rows[0].objective.startswith(group)
    )
    return next(titles, group)


def _trend_rows(own: Sequence[Trial], before: Compared | None) -> tuple[TrendRow, ...]:
    rows = []
    for metric in METRICS:
        times = timed(metric, own)
        limits = [metric.limit_s(t.plan) for t in own if t.plan and t.real]
        limit = next((each for each in reversed(limits) if each is not None), None)
        change = next((c for c in before.changes if c.metric == metric.name), None) if before else None
        told = ", ".join(f"{time_told(t)}{f' [{i}]' if (i := interval_told(t)) else ''}" for _, t in times)
        held = NOTHING if limit is None else f"{limit:g} s"
        rows.append(TrendRow(metric.name, held, told or NOTHING, middle([t for _, t in times]), change))
    return tuple(rows) if own else ()


def _overall(drills: Sequence[DrillPart]) -> Status:
    """The worst of all drills. One that is due and never ran, or missed a period, leaves the quarter without
    an answer; one that is not due by the calendar does not have to run."""
    stands = [d.status for d in drills if d.status is not None]
    owed = [Status.UNKNOWN for d in drills if d.due.missed or (d.status is None and d.due.pending)]
    return worst([*stands, *owed])


def _sentence(drills: Sequence[DrillPart]) -> str:
    by = {
        word: [d.planned.drill for d in drills if d.word == word]
        for word in ("PASS", "FAIL", "UNKNOWN", "NOT TESTED")
    }
    if not drills:
        return "There is no drill and no run."
    passing = len(by["PASS"])
    told = [f"{passing} of {count(len(drills), 'drill')} stand{'s' if passing == 1 else ''} at PASS"]
    told += [f"at FAIL: {some(by['FAIL'])}"] if by["FAIL"] else []
    told += [f"without an answer: {some(by['UNKNOWN'])}"] if by["UNKNOWN"] else []
    told += [f"never tested: {some(by['NOT TESTED'])}"] if by["NOT TESTED"] else []
    late = [d.planned.drill for d in drills if d.due.missed and d.status is not None]
    told += [f"not as often as scheduled: {some(late)}"] if late else []
    return "; ".join(told) + "."


def _figures(
    trials: Sequence[Trial],
    controls: Sequence[Concluded],
    found: Sequence[Finding],
    drills: Sequence[DrillPart],
) -> tuple[Figure, ...]:
    answered = [t for t in trials if t.answered]
    passed = sum(t.status is Status.PASS for t in answered)
    named = [c for c in controls if c.drills]
    satisfied = sum(c.conclusion is Conclusion.SATISFIED for c in named)
    open_ = [f for f in found if f.is_open]
    late = sum(f.standing in (Standing.OVERDUE, Standing.UNTAKEN) for f in open_)
    missed = sum(len(d.due.missed) for d in drills)
    runs = f"that gave an answer; {count(len(trials), 'run')} in all"
    asked = f"that a drill names; {len(controls)} in the catalogue"
    return (
        Figure("Runs that passed", f"{passed} of {len(answered)}", runs),
        Figure("Controls satisfied", f"{satisfied} of {len(named)}", asked),
        Figure("Findings open", str(len(open_)), f"{late} of them overdue or taken on by nobody"),
        Figure("Tests missed", str(missed), "periods of a schedule without an answer"),
    )  # fmt: skip


def _provenance(trials: Sequence[Trial]) -> tuple[str, ...]:
    """On which platforms the runs were made, each once."""
    return tuple(dict.fromkeys(provenance(t.plan) for t in trials if t.plan))
