"""Phases of a drill, forwards; see the package for the whole."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from drill.conduct import guards
from drill.conduct.guards import Consent
from drill.conduct.interlock import interlock
from drill.conduct.live import Live
from drill.conduct.origin import started, utc_now
from drill.conduct.run import CREW, DEFAULT_LIMITS, Crew, Run, Show
from drill.conduct.signals import Stop, listening
from drill.conduct.tripwires import Wires
from drill.conduct.unwind import unwind
from drill.definition.needs import restores
from drill.journal import Journal
from drill.model.errors import DrillError, WorldError
from drill.model.events import Aborted, GuardChecked, RunEnded
from drill.model.plan import Plan
from drill.model.target import Target
from drill.probes.watch import clock_anchor
from drill.reaper.alive import ALIVE, hold
from drill.target import redactor_of

LOCKED = "target is held by no other drill"
APPLY_WITHIN_S = 30.0
REVERT_WITHIN_S = 30.0
READY_WITHIN_S = 20.0
# Evidence must outlast the good window, or its last instants could hide the next breach.
SUSTAIN_MARGIN_S = 1.5


class Outcome(Enum):
    """How the conducting went; how the platform did is the judge's to say."""

    CONDUCTED = "conducted"
    REFUSED = "refused"
    ABORTED = "aborted"
    STOPPED = "stopped"  # aborted because somebody asked for it


def conduct(
    plan: Plan, target: Target, folder: Path, run_id: str, argv: tuple[str, ...], version: str, show: Show,
    consent: Consent, crew: Crew = CREW,
) -> Outcome:  # fmt: skip
    """Conduct one drill into `folder/journal`; every stream is sealed when this returns.

    JournalError when the record could not be written to its end: everything was undone then as far as it
    could be, and what is on disk says so by its missing seal.
    """
    with listening(folder) as asked:
        alive = hold(folder / ALIVE)
        control = Journal(folder / "journal" / "control.jsonl", run_id, redactor=redactor_of(target))
        live = Live(folder / "journal", (plan.objectives.recovery or DEFAULT_LIMITS).turn_slo_s)
        helpers = crew.helpers(plan, target, folder, run_id, control)
        run = Run(plan, target, folder, run_id, control, live, helpers, show, consent, asked)
        control.append(started(plan, run_id, argv, version, consent.operator), durable=True)
        control.append(clock_anchor())
        try:
            return _conduct(run, crew.lease_s, [] if alive is None else [alive])
        finally:
            run.note(clock_anchor())
            run.note(RunEnded(utc_now()))
            control.seal()
            run.lock.close()
            if alive is not None:
                os.close(alive)


def _conduct(run: Run, lease_s: float, alive: list[int]) -> Outcome:
    run.enter("guards")
    answers = _guards(run)
    for answer in answers:
        run.control.append(answer, durable=True)
    refused = [f"{a.guard}: {a.detail}" for a in answers if not a.ok]
    if refused:
        run.control.append(Aborted("refused: " + "; ".join(refused)), durable=True)
        run.lock.clear()  # nothing was touched, and nobody has to keep the folder that says so
        return Outcome.REFUSED
    outcome, reason = Outcome.ABORTED, "the conductor failed"
    try:
        run.asked.check()
        run.helpers.start_reaper(run.lock.fds, alive, lease_s)
        _phases(run)
        outcome = Outcome.CONDUCTED
    except (Stop, DrillError, OSError) as stop:
        reason = str(stop)
    finally:
        if outcome is Outcome.ABORTED:
            run.note(Aborted(reason))
        unwind(run, aborted=outcome is Outcome.ABORTED)
    return Outcome.STOPPED if outcome is Outcome.ABORTED and run.asked.reason else outcome


def _guards(run: Run) -> list[GuardChecked]:
    """The target's lock first: whoever holds it would make every other answer worthless."""
    try:
        run.lock.acquire(run.target, run.folder, run.plan.drill)
    except WorldError as error:
        return [GuardChecked(LOCKED, ok=False, detail=str(error))]
    return [
        GuardChecked(LOCKED, ok=True, detail=""),
        *guards.check(run.plan, run.target, run.folder, run.consent),
    ]


def _phases(run: Run) -> None:
    phases = run.plan.phases
    run.wires.append(interlock(run.target, run.live))
    run.helpers.start_load()
    # The load is the slowest to be there: on two processors it is not made to share one with both the others.
    run.wait("starting", READY_WITHIN_S, lambda: run.helpers.guarded)
    run.helpers.start_probes()
    if not run.wait(
        "starting",
        READY_WITHIN_S,
        lambda: bool(run.live.calls and run.live.probed and run.helpers.guarded),
    ):
        raise Stop(f"no call was up, no probe had answered or no reaper stood by within {READY_WITHIN_S:g} s")
    if run.plan.abort_when is not None:
        run.wires.append(Wires(run.plan.abort_when, run.live, time.monotonic))
    run.enter("ramp")
    run.wait("ramp", phases.ramp_s, lambda: False)
    run.enter("baseline")
    run.wait("baseline", phases.baseline_s, lambda: False)
    if run.live.breach_share() > run.limits.back_share or run.live.dropped:
        raise Stop("the baseline was not met, so nothing was injected")
    _fault(run)
    run.enter("recovery")
    run.wait("recovery", phases.recovery_s, _sustained(run))


def _fault(run: Run) -> None:
    """The experiment. One that restores and hurts nothing has its own record; the judge reads it there."""
    run.enter("fault")
    run.helpers.start_toolkit()
    quiet = run.plan.sham or restores(run.plan.experiment)
    if not quiet and not run.wait(
        "fault",
        APPLY_WITHIN_S,
        lambda: bool(run.live.applied or run.live.failed or run.helpers.toolkit_ended()),
    ):
        raise Stop(f"the fault was not applied within {APPLY_WITHIN_S:g} s")
    at_most_s = run.plan.phases.fault_s + REVERT_WITHIN_S
    if not run.wait("fault", at_most_s, run.helpers.toolkit_ended):
        raise Stop("the experiment did not end in time")
    run.live.update()
    if run.live.failed or run.live.outstanding() or not (run.live.applied or quiet):
        raise Stop(
            "the fault was not applied and reverted as planned: "
            + "; ".join(run.live.failed or ["see faults"])
        )


def good_for_s(plan: Plan) -> float:
    """How long callers have to be well until the recovery is over. What they hear then is held against the
    baseline's limits: that takes as many samples, so it takes as long."""
    limits = plan.objectives.recovery or DEFAULT_LIMITS
    heard_s = plan.phases.baseline_s if plan.objectives.voice is not None else 0.0
    return max(limits.sustained_s + SUSTAIN_MARGIN_S, heard_s)


def _sustained(run: Run) -> Callable[[], bool]:
    """True once the live picture has been good for the sustained window: callers well, breakers closed,
    and a platform that can lose zones whole again, so that the judge has evidence of its redundancy."""
    target, good_since, wanted_s = run.target, time.monotonic(), good_for_s(run.plan)
    members = [member.zone for member in target.store.members] if target.store else []
    zones = [zone.name for zone in target.zones] if target.edge_admin and (target.control or members) else []

    def done() -> bool:
        nonlocal good_since
        live = run.live
        well = live.breach_share() <= run.limits.back_share and live.breakers_closed()
        if not (well and live.whole(zones, members)):
            good_since = time.monotonic()
        return time.monotonic() - good_since >= wanted_s

    return done
