"""Services that were killed, or hang, run again: in time, and without anybody's help.

The zone control counts what the platform started again by itself (`restarts`) apart from what somebody
told it to (`commanded`). A restart with a hand in it is none; and where the drill itself took and gave
back the zone, nobody can tell whose start it was.
"""

from __future__ import annotations

from dataclasses import dataclass

from drill.model.plan import Plan, RemediationLimits
from drill.model.units import seconds
from drill.model.verdicts import Verdict
from drill.objectives.doors import service_path
from drill.objectives.say import failed, held, passed, unknown
from drill.objectives.zone_loss import spec_of, takes_zone
from drill.timeline import FaultWindow, ServicePoint, Span, Timeline

RESTARTED, UNAIDED = NAMES = ("remediation.restarted", "remediation.unaided")


@dataclass(frozen=True, slots=True)
class Course:
    """One service's course: before the fault, since when it has run again (None: never), and last."""

    name: str
    fault: FaultWindow
    applied_s: float
    before: ServicePoint
    again: ServicePoint | None
    last: ServicePoint


def judge(plan: Plan, timeline: Timeline) -> tuple[Verdict, ...]:
    """See the module."""
    limits = plan.objectives.remediation
    if limits is None:
        return ()
    faults = [f for f in timeline.faults if f.fault.startswith("service-") and f.applied_s is not None]
    if not faults:
        return tuple(unknown(name, "No service was killed or made to hang.") for name in NAMES)
    found = [_judged(timeline, limits, fault) for fault in faults]
    return tuple(max(verdicts, key=lambda v: v.status) for verdicts in zip(*found, strict=True))


def _judged(timeline: Timeline, limits: RemediationLimits, fault: FaultWindow) -> tuple[Verdict, Verdict]:
    course = _course(timeline, fault)
    if course is None:
        name = f"{spec_of(fault, 'service') or 'a service'} in zone {spec_of(fault, 'zone') or '?'}"
        sentence = f"The zone control did not tell of {name} before and after the fault."
        restarted, unaided = (unknown(one, sentence, because=fault.ids) for one in NAMES)
        return restarted, unaided
    return _restarted(timeline, limits, course), _unaided(timeline, course)


def _course(timeline: Timeline, fault: FaultWindow) -> Course | None:
    path = [p for p in service_path(timeline, fault) if p.t_s <= _until(timeline, fault)]
    before = [p for p in path if p.t_s < fault.requested_s]
    after = [p for p in path if p.t_s >= fault.requested_s]
    if not before or not after or fault.applied_s is None or not before[-1].pid:
        return None
    again = _for_good(before[-1], after)
    return Course(spec_of(fault, "service"), fault, fault.applied_s, before[-1], again, after[-1])


def _until(timeline: Timeline, fault: FaultWindow) -> float:
    """When the drill hurt the same zone again, or the evidence ended."""
    zone = spec_of(fault, "zone")
    later = [f.requested_s for f in timeline.faults if f is not fault and spec_of(f, "zone") == zone]
    return min([timeline.evidence.end_s, *(t for t in later if t >= fault.requested_s)])


def _for_good(before: ServicePoint, after: list[ServicePoint]) -> ServicePoint | None:
    """Since when the process that is there at the end has run; of one that is gone, when it first ran."""
    first = since = None
    for point in after:
        if since is not None and point.pid != since.pid:
            since = None
        if since is None and point.state == "up" and point.pid not in (0, before.pid):
            first, since = first or point, point
    return since or first


def _restarted(timeline: Timeline, limits: RemediationLimits, course: Course) -> Verdict:
    limit, end_s = seconds(limits.restarted_within_s), _until(timeline, course.fault)
    again, applied_s = course.again, course.applied_s
    due_s = applied_s + limits.restarted_within_s
    because = [*([again.id] if again else []), course.last.id, *course.fault.ids[1:2]]
    # To the end: what ran again for a moment and was seen no more may be down.
    until_s = end_s if again else min(due_s, end_s)
    blind = timeline.silent("service", spec_of(course.fault, "zone"), Span(applied_s, until_s))
    if again is None:
        sentence = f"{course.name} did not run again; it was {course.last.state!r} at the end; limit {limit}."
        say = unknown if blind or end_s < due_s else failed
        return say(RESTARTED, sentence, measured="never", limit=limit, because=because)
    measured = seconds(max(0.0, again.t_s - applied_s))
    sentence = f"{course.name} ran again, as another process, {measured} after the fault; limit {limit}"
    if blind:
        more = f"{sentence}, but the zone control was silent for a while of the time to the end."
        return unknown(RESTARTED, more, measured=measured, limit=limit, because=because)
    if course.last.state != "up":
        more = f"{sentence}, but at the end it was {course.last.state!r}."
        return failed(RESTARTED, more, measured=measured, limit=limit, because=because)
    return held(
        again.t_s <= due_s, RESTARTED, f"{sentence}.", measured=measured, limit=limit, because=because
    )


def _unaided(timeline: Timeline, course: Course) -> Verdict:
    zone = spec_of(course.fault, "zone")
    because = [course.before.id, course.last.id, *course.fault.ids[1:2]]
    ours = [f for f in timeline.faults if takes_zone(f) and spec_of(f, "zone") == zone]
    if ours:
        sentence = f"The drill itself took zone {zone} and gave it back: nobody can tell whose start it was."
        return unknown(UNAIDED, sentence, because=[id_ for f in ours for id_ in f.ids])
    if timeline.silent("service", zone, Span(course.applied_s, _until(timeline, course.fault))):
        silent = "The zone control was silent for a while after the fault"
        said = f"{silent}: nobody can tell who started {course.name}."
        return unknown(UNAIDED, said, because=because)
    if course.again is None:
        return unknown(UNAIDED, f"{course.name} did not run again, with or without help.", because=because)
    commanded = course.last.commanded - course.before.commanded
    restarts = course.last.restarts - course.before.restarts
    measured = f"{restarts} by itself, {commanded} on request"
    sentence = f"The platform started {course.name} again {measured}"
    if commanded or restarts < 1:
        more = f"{sentence}: somebody had a hand in it."
        return failed(UNAIDED, more, measured=measured, limit="0 on request", because=because)
    more = f"{sentence}; the drill starts nothing."
    return passed(UNAIDED, more, measured=measured, limit="0 on request", because=because)
