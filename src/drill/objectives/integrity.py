"""The harness judges itself, always: a drill that cannot vouch for itself cannot vouch for anybody.

Here: the record, the plan, the guards, the helpers, the clocks, the end. `faulted` asks
whether the fault was real, `steady` whether baseline and load were.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from drill.journal import Stream
from drill.model.events import StreamOpened
from drill.model.plan import Plan
from drill.model.verdicts import Verdict
from drill.objectives.say import count, failed, listed, passed, unknown
from drill.timeline import Child, Timeline

STREAMS, PLAN, GUARDS, CHILDREN, CLOCK, ENDED = OWN = (
    "integrity.streams", "integrity.plan", "integrity.guards", "integrity.children", "integrity.clock",
    "integrity.ended",
)  # fmt: skip
NEEDED = ("control", "faults", "load", "probes")
HELPERS = ("reaper", "probes", "load", "toolkit")
DRIFT_MS_MAX = 50.0


def judge(plan: Plan, timeline: Timeline, streams: Sequence[Stream]) -> tuple[Verdict, ...]:
    """See the module."""
    return (
        _streams(plan, streams, timeline),
        _plan(plan, timeline),
        _guards(timeline),
        _children(timeline),
        _clock(timeline),
        _ended(timeline),
    )


def _streams(plan: Plan, streams: Sequence[Stream], timeline: Timeline) -> Verdict:
    """An edited record is a FAIL; one without its end is not."""
    run_ids = {r.event.run_id for s in streams for r in s.events[:1] if isinstance(r.event, StreamOpened)}
    run_ids |= {start.run_id for start in timeline.starts}
    changed = [s.fault for s in streams if s.fault and s.changed]
    if changed:
        return failed(
            STREAMS, f"The record of the run was changed after it was written: {'; '.join(changed)}."
        )
    if len(run_ids) > 1:
        return failed(STREAMS, f"The record is put together from the runs {listed(sorted(run_ids))}.")
    needed = (*NEEDED, "restore") if plan.objectives.restore and not plan.sham else NEEDED
    missing = [n for n in needed if not any(s.name == n or s.name.startswith(f"{n}-") for s in streams)]
    broken = [s.fault for s in streams if s.fault] + [f"there is no stream {name!r}" for name in missing]
    if broken:
        return unknown(STREAMS, f"The record of the run is not whole: {'; '.join(broken)}.")
    if timeline.ended_twice:
        number = count(len(timeline.ended_twice), "turn")
        sentence = f"The record contradicts itself: it ends {number} twice."
        return unknown(STREAMS, sentence, measured=number, because=timeline.ended_twice)
    events = sum(len(s.events) for s in streams)
    sentence = (
        f"All {len(streams)} streams are whole and sealed; {count(events, 'event')} follow from one another."
    )
    return passed(STREAMS, sentence, because=[s.events[-1].id for s in streams])


def _plan(plan: Plan, timeline: Timeline) -> Verdict:
    if not timeline.starts:
        return unknown(PLAN, "Nothing in the record says which plan was run.")
    wrong = [start for start in timeline.starts if start.plan_digest != plan.digest]
    because = [start.id for start in wrong or timeline.starts]
    short = plan.digest[:12]
    if wrong:
        sentence = f"The run began with plan {wrong[0].plan_digest[:12]}, but the plan given here is {short}."
        return failed(PLAN, sentence, measured=short, limit=wrong[0].plan_digest[:12], because=because)
    if len(timeline.starts) > 1:
        return unknown(PLAN, "The record holds the start of more than one run.", because=because)
    return passed(PLAN, f"The plan is the one that the run began with ({short}).", because=because)


def _guards(timeline: Timeline) -> Verdict:
    refused = [g for g in timeline.guards if not g.ok]
    if refused:
        reasons = "; ".join(f"{g.guard}: {g.detail}".rstrip(": ") for g in refused)
        say = failed if timeline.faults else unknown
        more = ", yet a fault was requested" if timeline.faults else ""
        return say(GUARDS, f"Guards said no{more}: {reasons}.", because=[g.id for g in refused])
    if not timeline.guards:
        return unknown(GUARDS, "No guard was asked before the run.")
    touched_s = min((fault.requested_s for fault in timeline.faults), default=math.inf)
    after = [g for g in timeline.guards if g.t_s >= touched_s]
    if after:
        late_s = max(g.t_s for g in after) - touched_s
        sentence = (
            f"{count(len(after), 'guard')} answered up to {late_s:.1f} s after the first fault was asked for."
        )
        return unknown(GUARDS, sentence, because=[g.id for g in after])
    because = [g.id for g in timeline.guards]
    return passed(
        GUARDS, f"All {len(timeline.guards)} guards said yes before anything was touched.", because=because
    )


def _children(timeline: Timeline) -> Verdict:
    if not timeline.children:
        return unknown(
            CHILDREN, "The record names no helper process: nobody made calls or asked the platform."
        )
    died = [c for c in timeline.children if c.ended_s is not None and (c.returncode or not c.expected)]
    vague = [c for c in timeline.children if c.ended_s is None or not c.pid]
    because = [c.id for c in (*died, *vague)] or [c.id for c in timeline.children]
    if died or vague:
        parts = [_death(c) for c in died]
        parts += [f"nothing tells how {c.child} {'ended' if c.pid else 'began'}" for c in vague]
        return unknown(CHILDREN, f"Helper processes did not last: {'; '.join(parts)}.", because=because)
    if lacks := _lacking(timeline):
        return unknown(CHILDREN, f"{'; '.join(lacks)}.", because=because)
    names = listed([c.child for c in timeline.children])
    return passed(CHILDREN, f"The helper processes ({names}) ended when they were asked to.", because=because)


def _death(child: Child) -> str:
    asked = "" if child.expected else " unasked"
    return f"{child.child} ended with code {child.returncode}{asked}: {child.detail}".rstrip(": ")


def _lacking(timeline: Timeline) -> list[str]:
    """Whoever a drill cannot be without; and who undoes its faults if it dies, from before the first."""
    there = {child.child for child in timeline.children}
    absent = [name for name in HELPERS if name not in there]
    found = [f"The record names no {listed(absent)} process"] if absent else []
    asked_s = min((fault.requested_s for fault in timeline.faults), default=None)
    if asked_s is not None and not any(lease.t_s <= asked_s for lease in timeline.leases):
        found.append("A fault was asked for, and nothing tells that a reaper stood by to undo it")
    return found


def _clock(timeline: Timeline) -> Verdict:
    limit = f"below {DRIFT_MS_MAX:.0f} ms"
    because = [a.id for a in timeline.anchors]
    if len(timeline.anchors) < 2:
        return unknown(CLOCK, "Fewer than two clock readings: the clocks cannot be compared.", limit=limit)
    offsets = [a.utc_ns - a.t_ns for a in timeline.anchors]
    drift_ms = (max(offsets) - min(offsets)) / 1e6
    doubt_ms = max(a.uncertainty_ns for a in timeline.anchors) / 1e6
    measured = f"{drift_ms:.1f} ms"
    sentence = (
        f"UTC and the host's steady clock drifted by {measured} over {len(offsets)} readings; limit {limit}."
    )
    if drift_ms + doubt_ms >= DRIFT_MS_MAX:
        more = f"{sentence[:-1]} (each read to {doubt_ms:.1f} ms)."
        return unknown(CLOCK, more, measured=measured, limit=limit, because=because)
    return passed(CLOCK, sentence, measured=measured, limit=limit, because=because)


def _ended(timeline: Timeline) -> Verdict:
    if timeline.aborts:
        reasons = "; ".join(note.text for note in timeline.aborts)
        return unknown(ENDED, f"The run was cut short: {reasons}.", because=[n.id for n in timeline.aborts])
    if not timeline.ended:
        return unknown(ENDED, "Nothing tells that the run came to its end.")
    return passed(ENDED, "The run came to its planned end.", because=[n.id for n in timeline.ended])
