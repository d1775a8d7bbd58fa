"""Do the backups bring back what was promised, how soon, and can the proofs of it be believed?

    restore.points      the newest backup is young enough, the oldest old enough
    restore.retention   what the policy keeps is kept, and nothing else
    restore.completed   a real backup was restored, and the copy served a call
    restore.rto         how long that took, from beginning to call
    restore.rpo         which acknowledged turns are not in the copy
    restore.<proof>     what each proof of the copy said
    restore.controls    whether the proofs can go red at all

A copy that was damaged is the platform's failure; a restore that we could not try is not known. A planted
damage that no check saw leaves everything that the checks said without worth: UNKNOWN.
"""

from __future__ import annotations

from drill.model.damages import chosen
from drill.model.plan import Objectives, Plan, RestoreLimits
from drill.model.units import seconds
from drill.model.verdicts import Status, Verdict
from drill.objectives import restore_points, restore_rpo
from drill.objectives.say import count, failed, held, listed, passed, unknown
from drill.timeline import Restored, Timeline
from drill.timeline.restored import PHASES

POINTS, RETENTION, COMPLETED = "restore.points", "restore.retention", "restore.completed"
RTO, RPO, CONTROLS = "restore.rto", "restore.rpo", "restore.controls"
PROOFS = (
    "files.manifest", "wal.continuity", "wal.target", "data.checksums", "data.indexes", "schema.equal",
    "keys.foreign", "keys.sequences", "rows.unlogged", "copy.destroyed",
)  # fmt: skip
ROWS, REGIONS, ERASURES = "rows.equal", "replica.equal", "erasure.replayed"
HELD, GONE, PROTECTED = "points.held", "points.gone", "points.protected"
NAMES = (POINTS, RETENTION, COMPLETED, RTO, RPO, *(f"restore.{name}" for name in PROOFS))
SERVED = PHASES[-1]


def asks(objectives: Objectives) -> bool:
    """Whether a drill judges a restore."""
    return objectives.restore is not None


def asks_rows(objectives: Objectives) -> bool:
    """Whether it compares rows."""
    return objectives.restore is not None and objectives.restore.rows


def asks_regions(objectives: Objectives) -> bool:
    """Whether it compares regions."""
    return objectives.restore is not None and objectives.restore.regions


def asks_erasures(objectives: Objectives) -> bool:
    """Whether it looks for who was erased."""
    return objectives.restore is not None and objectives.restore.erasures


def asks_holds(objectives: Objectives) -> bool:
    """Whether it looks for points on hold, and for what expired."""
    return objectives.restore is not None and objectives.restore.holds


def asks_protected(objectives: Objectives) -> bool:
    """Whether it tries to delete a canary."""
    return objectives.restore is not None and objectives.restore.protected


def asks_controls(objectives: Objectives) -> bool:
    """Whether it plants damages."""
    return objectives.restore is not None and objectives.restore.controls != "none"


def judge(plan: Plan, timeline: Timeline) -> tuple[Verdict, ...]:
    """See the module."""
    limits, found = plan.objectives.restore, timeline.restored
    if limits is None:
        return ()
    if found is None:
        why = "this was a sham run" if plan.sham else "nothing in the record begins one"
        return tuple(unknown(name, f"No backup was restored: {why}.") for name in NAMES)
    return (
        restore_points.points(POINTS, limits, found),
        restore_points.retention(RETENTION, limits, found),
        _completed(found),
        _rto(limits, found),
        restore_rpo.judge(RPO, limits, found, timeline),
        *(_proof(name, found) for name in PROOFS),
    )


def judge_rows(_plan: Plan, timeline: Timeline) -> tuple[Verdict, ...]:
    """The comparison with a replica."""
    return (_proof(ROWS, timeline.restored),)


def judge_regions(_plan: Plan, timeline: Timeline) -> tuple[Verdict, ...]:
    """The comparison of the regions."""
    return (_proof(REGIONS, timeline.restored),)


def judge_erasures(_plan: Plan, timeline: Timeline) -> tuple[Verdict, ...]:
    """Whether who was erased stays erased."""
    return (_proof(ERASURES, timeline.restored),)


def judge_holds(_plan: Plan, timeline: Timeline) -> tuple[Verdict, ...]:
    """What has to be there, and what has to be gone."""
    return tuple(_proof(name, timeline.restored) for name in (HELD, GONE))


def judge_protected(_plan: Plan, timeline: Timeline) -> tuple[Verdict, ...]:
    """Whether what is put beside the backups refuses to be deleted."""
    return (_proof(PROTECTED, timeline.restored),)


def _completed(found: Restored) -> Verdict:
    served = found.mark(SERVED)
    for failure, id_ in found.failures:
        say = unknown if failure.fault == "drill" else failed
        sentence = f"The restore ended in its phase {failure.phase!r}: {failure.reason.rstrip('.')}."
        return say(COMPLETED, sentence, measured=failure.phase, because=[id_, found.id])
    if served is None or not found.ended:
        return unknown(COMPLETED, "Nothing tells that the restore came to its end.", because=[found.id])
    point = found.chosen[0] if found.chosen else None
    which = (
        f"Backup {point.name}, the {point.rule} of {point.eligible} that would do," if point else "A backup"
    )
    sentence = f"{which} came back to {found.begun.goal} ({found.begun.apart}); {served.detail}."
    because = [found.id, *([found.chosen[1]] if found.chosen else []), served.id, found.ended]
    return passed(COMPLETED, sentence, because=because)


def phases(found: Restored) -> tuple[tuple[str, float, float, str], ...]:
    """(phase, took, since the beginning, id) of each that was over, in order."""
    rows, last_s = [], found.begun_s
    for name in PHASES:
        if (mark := found.mark(name)) is not None:
            rows.append((name, mark.t_s - last_s, mark.t_s - found.begun_s, mark.id))
            last_s = mark.t_s
    return tuple(rows)


def _rto(limits: RestoreLimits, found: Restored) -> Verdict:
    limit, served = seconds(limits.rto_s), found.mark(SERVED)
    because = [found.id, *(id_ for _, _, _, id_ in phases(found))]
    if served is None:
        ours = not found.failures or any(failure.fault == "drill" for failure, _ in found.failures)
        say = unknown if ours else failed
        because += [id_ for _, id_ in found.failures]
        return say(
            RTO, "The copy never served a call, so the restore never ended.", limit=limit, because=because
        )
    took_s = served.t_s - found.begun_s
    parts = listed([f"{name} in {seconds(lasted)}" for name, lasted, _, _ in phases(found)])
    took = seconds(took_s)
    sentence = f"The copy served its first call {took} after the restore began: {parts}; limit {limit}."
    return held(took_s <= limits.rto_s, RTO, sentence, measured=took, limit=limit, because=because)


def _proof(name: str, found: Restored | None) -> Verdict:
    """A proof as it was said; what was never made is not known."""
    verdict, check = f"restore.{name}", found.check(name) if found else None
    if found is None or check is None:
        ended = f" It ended before: {found.failures[0][0].reason}." if found and found.failures else ""
        return unknown(verdict, f"This proof of the restored copy was not made.{ended}".replace("..", "."))
    said, id_ = check
    share = f"{said.covered / said.total:.0%}" if said.total else "0%"
    way = f" Way: {said.way}." if said.way else ""
    sentence = f"{said.detail.rstrip()}{way} Covered: {share} of {said.total} {said.unit}."
    if said.findings and said.findings[0] not in said.detail:
        sentence = f"{sentence[:-1]}; first: {said.findings[0]}."
    status = Status[said.status]
    if status is Status.PASS and (said.covered <= 0 or said.covered < said.total):
        status = Status.UNKNOWN
    return Verdict(verdict, status, sentence, said.measured, said.limit, (id_,))


def _not_planted(plan: Plan, found: Restored) -> list[str]:
    """Which damages the plan's choice and its seed have, and the record has not."""
    limits, persons = plan.objectives.restore, found.check(ERASURES)
    erased = persons is not None and persons[0].total > 0
    due = chosen(limits.controls, plan.seed, erased=erased) if limits else ()
    planted = {control.damage for control, _ in found.controls}
    return [damage.name for damage in due if damage.name not in planted]


def judge_controls(plan: Plan, timeline: Timeline) -> tuple[Verdict, ...]:
    """Whether every damage that was due was planted, and seen by the check that has to see it."""
    found = timeline.restored
    runs = found.controls if found else ()
    if not runs:
        return (unknown(CONTROLS, "No damage was planted, so nobody knows that the proofs can go red."),)
    bad = [(control, id_) for control, id_ in runs if control.outcome != "caught"]
    caught, limit = len(runs) - len(bad), "all caught"
    measured = f"{caught} of {len(runs)}"
    if bad:
        told = "; ".join(f"{c.damage} was {c.outcome} ({c.expects}: {c.detail})"[:300] for c, _ in bad[:3])
        sentence = f"{count(len(bad), 'planted damage')} of {len(runs)} did not turn its check red: {told}."
        return (unknown(CONTROLS, sentence, measured=measured, limit=limit, because=[i for _, i in bad]),)
    if found and (absent := _not_planted(plan, found)):
        due = len(absent) + len(runs)
        sentence = f"{count(len(absent), 'damage')} of {due} that were due left no word: {listed(absent)}."
        found_ids = [i for _, i in runs]
        return (unknown(CONTROLS, sentence, measured=measured, limit=limit, because=found_ids),)
    names = listed([control.damage for control, _ in runs])
    sentence = f"Each of {count(len(runs), 'planted damage')} turned its check red: {names}."
    return (passed(CONTROLS, sentence, measured=measured, limit=limit, because=[i for _, i in runs]),)
