"""Phases of a drill, forwards; see the package for the whole."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

from drill.conduct import guards
from drill.conduct.guards import Consent
from drill.conduct.helpers import Helpers
from drill.conduct.interlock import interlock
from drill.conduct.live import Live
from drill.conduct.readback import read_back
from drill.conduct.signals import Asked, Stop, listening
from drill.conduct.tripwires import Tripwire, Wires
from drill.definition.needs import restores
from drill.faults import Proxies
from drill.faults.ledger import outstanding
from drill.journal import Journal, merge, read_run
from drill.model.errors import DrillError, JournalError, WorldError
from drill.model.events import Aborted, Event, GuardChecked, PhaseEntered, RunEnded, RunStarted
from drill.model.plan import Plan, RecoveryLimits
from drill.model.target import Target
from drill.probes.watch import clock_anchor
from drill.reaper.alive import ALIVE, hold
from drill.reaper.heal import restore
from drill.reaper.lease import LEASE_S
from drill.reaper.lock import TargetLock
from drill.restore.exercise import sweep
from drill.target import redactor_of
from drill.toolkit.restore_session import workspace

LOCKED = "target is held by no other drill"
TICK_S = 0.1
APPLY_WITHIN_S = 30.0
REVERT_WITHIN_S = 30.0
READY_WITHIN_S = 20.0
# Half of what an abort may take; a toolkit that has not begun by then hangs.
REVERT_BEGINS_WITHIN_S = 0.4
# Evidence must outlast the good window, or its last instants could hide the next breach.
SUSTAIN_MARGIN_S = 1.5
DEFAULT_LIMITS = RecoveryLimits(1.5, 0.10, 0.05, 10.0, 60.0, 1e9)


class Outcome(Enum):
    """How the conducting went; how the platform did is the judge's to say."""

    CONDUCTED = "conducted"
    REFUSED = "refused"
    ABORTED = "aborted"


@dataclass(frozen=True, slots=True)
class Progress:
    """What the terminal shows: phase, seconds left in it at most, and the live picture."""

    phase: str
    left_s: float
    live: Live


Show = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Crew:
    """Who helps, and for how long the reaper waits for a conductor that gives no sign."""

    helpers: Callable[[Plan, Target, Path, str, Journal], Helpers] = Helpers
    lease_s: float = LEASE_S


@dataclass(slots=True)
class _Run:
    """Everything the phases share. `wires` are armed once the load is up."""

    plan: Plan
    target: Target
    folder: Path
    control: Journal
    live: Live
    helpers: Helpers
    show: Show
    consent: Consent
    asked: Asked
    lock: TargetLock = field(default_factory=TargetLock)
    wires: list[Tripwire] = field(default_factory=list)

    @property
    def limits(self) -> RecoveryLimits:
        return self.plan.objectives.recovery or DEFAULT_LIMITS

    def enter(self, phase: str) -> None:
        self.control.append(PhaseEntered(phase), durable=True)

    def wait(self, phase: str, at_most_s: float, done: Callable[[], bool]) -> bool:
        """Until `done` or the time is up; Stop when a helper dies, a wire is pulled or somebody asks."""
        deadline = time.monotonic() + at_most_s
        while True:
            self.live.update()
            self.helpers.check()
            self.asked.check()
            for wire in self.wires:
                if reason := wire():
                    raise Stop(reason)
            if done():
                return True
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return False
            self.show(Progress(phase, left_s, self.live))
            time.sleep(min(TICK_S, left_s))

    def note(self, event: Event) -> None:
        """Write it down if that is still possible: for the way out, which has to go on in any case."""
        with contextlib.suppress(JournalError):
            self.control.append(event, durable=True)


def conduct(
    plan: Plan, target: Target, folder: Path, run_id: str, argv: tuple[str, ...], version: str, show: Show,
    consent: Consent, crew: Crew = Crew(),
) -> Outcome:  # fmt: skip
    """Conduct one drill into `folder/journal`; every stream is sealed when this returns.

    JournalError when the record could not be written to its end: everything was undone then as far as it
    could be, and what is on disk says so by its missing seal.
    """
    with listening(folder) as asked:
        alive = hold(folder / ALIVE)
        control = Journal(folder / "journal" / "control.jsonl", run_id, redactor=redactor_of(target))
        limits = plan.objectives.recovery or DEFAULT_LIMITS
        helpers = crew.helpers(plan, target, folder, run_id, control)
        run = _Run(
            plan, target, folder, control, Live(folder / "journal", limits.turn_slo_s), helpers, show,
            consent, asked,
        )  # fmt: skip
        control.append(_started(plan, run_id, argv, version, consent.operator), durable=True)
        control.append(clock_anchor())
        try:
            return _conduct(run, run_id, crew)
        finally:
            run.note(clock_anchor())
            run.note(RunEnded(_utc()))
            control.seal()
            run.lock.close()
            if alive is not None:
                os.close(alive)


def _conduct(run: _Run, run_id: str, crew: Crew) -> Outcome:
    run.enter("guards")
    answers = _guards(run)
    for answer in answers:
        run.control.append(answer, durable=True)
    refused = [f"{a.guard}: {a.detail}" for a in answers if not a.ok]
    if refused:
        run.control.append(Aborted("refused: " + "; ".join(refused)), durable=True)
        return Outcome.REFUSED
    outcome, reason = Outcome.ABORTED, "the conductor failed"
    try:
        _phases(run, crew)
        outcome = Outcome.CONDUCTED
    except (Stop, DrillError) as stop:
        reason = str(stop)
    finally:
        if outcome is Outcome.ABORTED:
            run.note(Aborted(reason))
        _unwind(run, run_id, aborted=outcome is Outcome.ABORTED)
    return outcome


def _guards(run: _Run) -> list[GuardChecked]:
    """The target's lock first: whoever holds it would make every other answer worthless."""
    try:
        run.lock.acquire(run.target, run.folder, run.plan.drill)
    except WorldError as error:
        return [GuardChecked(LOCKED, ok=False, detail=str(error))]
    return [
        GuardChecked(LOCKED, ok=True, detail=""),
        *guards.check(run.plan, run.target, run.folder, run.consent),
    ]


def _phases(run: _Run, crew: Crew) -> None:
    phases = run.plan.phases
    run.asked.check()
    run.helpers.start_reaper(run.lock.fds, crew.lease_s)
    run.helpers.start_probes()
    run.wires.append(interlock(run.target, run.live))
    run.helpers.start_load()
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


def _fault(run: _Run) -> None:
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


def _sustained(run: _Run) -> Callable[[], bool]:
    """True once the live picture has been good for the sustained window: callers well, breakers closed,
    and a platform that can lose zones whole again, so that the judge has evidence of its redundancy."""
    target, good_since = run.target, time.monotonic()
    members = [member.zone for member in target.store.members] if target.store else []
    zones = [zone.name for zone in target.zones] if target.edge_admin and (target.control or members) else []

    def done() -> bool:
        nonlocal good_since
        live = run.live
        well = live.breach_share() <= run.limits.back_share and live.breakers_closed()
        if not (well and live.whole(zones, members)):
            good_since = time.monotonic()
        return time.monotonic() - good_since >= run.limits.sustained_s + SUSTAIN_MARGIN_S

    return done


def _unwind(run: _Run, run_id: str, *, aborted: bool) -> None:
    """Backwards: faults first, then load, then the read-back, then the probes.

    Faults are undone by the toolkit, or else by the reaper, or else here, from the journal.
    """
    run.helpers.end_toolkit(_hung(run) if aborted else lambda: False)
    sweep(workspace(run.folder), run.target.backups)
    if not run.helpers.release_reaper() and (run.folder / "journal" / "faults.jsonl").exists():
        _undo(run)
    run.note(PhaseEntered("unwind"))
    if not outstanding(merge(read_run(run.folder / "journal"))):
        run.lock.clear()
    run.helpers.end_load(haste=run.asked.haste)
    try:
        run.live.update()
        if not run.asked.haste:
            with Journal(run.folder / "journal" / "readback.jsonl", run_id) as journal:
                read_back(journal, run.plan, run.target, run_id, run.live)
    except JournalError as error:
        run.note(Aborted(f"nothing could be read back: {error}"))
    finally:
        run.helpers.end_probes(haste=run.asked.haste)


def _hung(run: _Run) -> Callable[[], bool]:
    """True once the toolkit has had its moment and a fault is still there: somebody else has to undo it."""
    began_s = time.monotonic()

    def hung() -> bool:
        if time.monotonic() - began_s < REVERT_BEGINS_WITHIN_S:
            return False
        with contextlib.suppress(JournalError):
            run.live.update()
        return bool(run.live.outstanding())

    return hung


def _undo(run: _Run) -> None:
    try:
        healed = restore(run.folder, Proxies(), f"conductor pid {os.getpid()}")
    except (DrillError, OSError) as error:
        run.note(Aborted(f"what is outstanding could not be undone: {error}"))
        return
    if healed.failed:
        run.note(Aborted("could not restore: " + "; ".join(healed.failed)))


def _started(plan: Plan, run_id: str, argv: tuple[str, ...], version: str, operator: str) -> RunStarted:
    return RunStarted(
        run_id, plan.drill, plan.digest, plan.seed, plan.sham, argv, version,
        platform.python_version(), _commit(), _utc(), operator,
    )  # fmt: skip


def _utc() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _commit() -> str:
    """The checkout's commit, `+dirty` when files differ from it; "" outside a checkout."""
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty=+dirty", "--abbrev=40", "--exclude=*"],
            capture_output=True, text=True, timeout=5, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip()
