"""judge(plan, streams) -> verdicts, in an order that is the same each time; and what to say of them.

The judge reads nothing but the journal. It is the one place that catches everything: an
objective whose function crashes is UNKNOWN, with the error as its sentence, and the other
objectives are still judged.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from drill.journal import Stream, merge
from drill.model.errors import JournalError
from drill.model.plan import Objectives, Plan
from drill.model.verdicts import Status, Verdict, worst
from drill.objectives import GROUPS, Group
from drill.timeline import Timeline, fold

# What people must hear first: records, then callers, then machines, then our own doubts.
_RECORDS = ("integrity.reverted", "ehr_writes", "calls.right_patient", "turns.lost", "turns.holes", "turns")
_FIRST = (
    *_RECORDS, "remediation", "calls.dropped",
    "calls.no_cascade", "breaker.no_retry_storm", "breaker.opened", "breaker.closed",
    "recovery.time_to_recover", "recovery.breached_call_seconds", "restore.completed", "restore.points",
    "restore", "calls", "voice.drops", "voice.setup",
    "voice.missed", "voice", "breaker", "recovery",
    "integrity.ended", "integrity.children", "integrity.fault", "integrity.baseline", "integrity.witness",
    "integrity",
)  # fmt: skip
# Callers of a lost zone are cut off however good the platform is, and whatever goes wrong then shows in
# their calls too: first what the platform did not do, then what came of it.
_FIRST_OF_LOSS = (
    *_RECORDS, "remediation", "failover.detected", "failover.primary", "failover.zone_back",
    "capacity.blocked", "recovery.time_to_recover", "failover.mttr", "capacity", "in_flight",
    "failover", *_FIRST[len(_RECORDS) + 1 :],
)  # fmt: skip
# What a drill that holds is quoted by.
_PROMISED = ("recovery.time_to_recover", "restore.rto", "voice.turns")


def objective_names(objectives: Objectives) -> tuple[str, ...]:
    """Names of all verdicts that a drill with these objectives gets, in the order of `judge`."""
    return tuple(name for group in GROUPS if group.asked(objectives) for name in group.verdicts)


def judge(plan: Plan, streams: tuple[Stream, ...]) -> tuple[Verdict, ...]:
    """Every verdict of a run; of a damaged stream, what stands before the damage is judged."""
    return judge_folded(plan, streams, folded(plan, streams))


def folded(plan: Plan, streams: tuple[Stream, ...]) -> Timeline | Exception:
    """The run's timeline, or why there is none: then every verdict is UNKNOWN."""
    try:
        return fold(merge(streams), plan)
    except Exception as error:  # noqa: BLE001  # the edge: a run that cannot be folded is UNKNOWN
        return error


def judge_folded(
    plan: Plan, streams: tuple[Stream, ...], timeline: Timeline | Exception
) -> tuple[Verdict, ...]:
    """As `judge`, of streams that were folded already."""
    groups = [group for group in GROUPS if group.asked(plan.objectives)]
    if isinstance(timeline, Exception):
        return tuple(verdict for group in groups for verdict in _crashed(group, timeline))
    return tuple(verdict for group in groups for verdict in _judged(group, plan, timeline, streams))


def _judged(group: Group, plan: Plan, timeline: Timeline, streams: Sequence[Stream]) -> tuple[Verdict, ...]:
    try:
        verdicts = group.judge(plan, timeline, streams)
    except Exception as error:  # noqa: BLE001  # one objective's mistake is UNKNOWN there, not the others' end
        return _crashed(group, error)
    if tuple(v.objective for v in verdicts) != group.verdicts:
        return _crashed(group, LookupError("it did not give the verdicts that it is named for"))
    return verdicts


def _crashed(group: Group, error: Exception) -> tuple[Verdict, ...]:
    sentence = f"The judge itself failed: {type(error).__name__}: {str(error)[:300]}".rstrip(": ") + "."
    return tuple(Verdict(name, Status.UNKNOWN, sentence) for name in group.verdicts)


def overall(verdicts: Sequence[Verdict]) -> Status:
    """The run's own verdict: the worst of all."""
    return worst(verdict.status for verdict in verdicts)


def ranked(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """FAIL before UNKNOWN before PASS; among equals what people must hear first.

    Of what is UNKNOWN that is the drill's own trouble: it is why the rest is not known.
    """
    lost = any(v.objective.startswith("failover.") for v in verdicts)
    first = _FIRST_OF_LOSS if lost else _FIRST
    return tuple(sorted(verdicts, key=lambda v: (-v.status, _consequence(v), _rank(_heard_as(v), first))))


def _heard_as(verdict: Verdict) -> str:
    """That nothing was reverted because nothing was done is no news: why nothing was done is."""
    idle = verdict.objective == "integrity.reverted" and verdict.status is Status.UNKNOWN
    return "integrity" if idle and not verdict.because else verdict.objective


def _consequence(verdict: Verdict) -> bool:
    return verdict.status is Status.UNKNOWN and not verdict.objective.startswith("integrity.")


def _rank(objective: str, first: Sequence[str]) -> int:
    group = objective.partition(".")[0]
    return min((first.index(name) for name in (objective, group) if name in first), default=len(first))


def headline(plan: Plan, verdicts: Sequence[Verdict]) -> str:
    """One sentence: how the drill came out, and what broke first."""
    status = overall(verdicts)
    told = [v for v in ranked(verdicts) if v.status is status]
    if not told:
        return f"{plan.title}: UNKNOWN: nothing was judged."
    if status is Status.PASS:
        promised = next((v.sentence for v in verdicts if v.objective in _PROMISED), None)
        return f"{plan.title}: PASS: {promised or f'all {len(told)} objectives held.'}"
    more = f" Also {status.name}: {', '.join(v.objective for v in told[1:])}." if len(told) > 1 else ""
    return f"{plan.title}: {status.name}: {told[0].objective}: {told[0].sentence}{more}"


def verdicts_to_json(verdicts: Sequence[Verdict]) -> str:
    """Canonical text: the same verdicts give the same bytes."""
    rows = [
        {
            "because": list(v.because), "limit": v.limit, "measured": v.measured, "objective": v.objective,
            "sentence": v.sentence, "status": v.status.name,
        }
        for v in verdicts
    ]  # fmt: skip
    document = {"overall": overall(verdicts).name, "verdicts": rows}
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def verdicts_from_json(text: str) -> tuple[Verdict, ...]:
    """The verdicts of `verdicts_to_json`; JournalError when the text is not one of its."""
    try:
        return tuple(
            Verdict(
                row["objective"], Status[row["status"]], row["sentence"], row["measured"], row["limit"],
                tuple(row["because"]),
            )
            for row in json.loads(text)["verdicts"]
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise JournalError(f"this is no list of verdicts: {type(error).__name__}: {error}") from error
