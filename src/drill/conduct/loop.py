"""Phases of a drill, forwards; see the package for the whole."""

from __future__ import annotations

import platform
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

from drill.conduct import guards
from drill.conduct.guards import Consent
from drill.conduct.helpers import Helpers
from drill.conduct.interlock import interlock
from drill.conduct.live import Live
from drill.conduct.readback import read_back
from drill.conduct.signals import Stop, stop_on_signals
from drill.journal import Journal
from drill.model.events import Aborted, PhaseEntered, RunEnded, RunStarted
from drill.model.plan import Plan, RecoveryLimits
from drill.model.target import Target
from drill.probes.watch import clock_anchor

TICK_S = 0.1
APPLY_WITHIN_S = 30.0
REVERT_WITHIN_S = 30.0
READY_WITHIN_S = 20.0
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


@dataclass(slots=True)
class _Run:
    """Everything the phases share."""

    plan: Plan
    target: Target
    folder: Path
    control: Journal
    live: Live
    helpers: Helpers
    show: Show
    consent: Consent
    trip: Callable[[], str]

    @property
    def limits(self) -> RecoveryLimits:
        return self.plan.objectives.recovery or DEFAULT_LIMITS

    def enter(self, phase: str) -> None:
        self.control.append(PhaseEntered(phase), durable=True)

    def wait(self, phase: str, at_most_s: float, done: Callable[[], bool]) -> bool:
        """Until `done` or the time is up; Stop when a helper dies or somebody asks us to."""
        deadline = time.monotonic() + at_most_s
        while True:
            self.live.update()
            self.helpers.check()
            if reason := self.trip():
                raise Stop(reason)
            if done():
                return True
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return False
            self.show(Progress(phase, left_s, self.live))
            time.sleep(min(TICK_S, left_s))


def conduct(
    plan: Plan, target: Target, folder: Path, run_id: str, argv: tuple[str, ...], version: str, show: Show,
    consent: Consent,
) -> Outcome:  # fmt: skip
    """Conduct one drill into `folder/journal`; every stream is sealed when this returns."""
    control = Journal(folder / "journal" / "control.jsonl", run_id)
    limits = plan.objectives.recovery or DEFAULT_LIMITS
    live = Live(folder / "journal", limits.turn_slo_s)
    helpers = Helpers(plan, target, folder, run_id, control)
    run = _Run(plan, target, folder, control, live, helpers, show, consent, lambda: "")
    control.append(_started(plan, run_id, argv, version, consent.operator), durable=True)
    control.append(clock_anchor())
    try:
        return _conduct(run, run_id)
    finally:
        control.append(clock_anchor())
        control.append(RunEnded(_utc()), durable=True)
        control.seal()


def _conduct(run: _Run, run_id: str) -> Outcome:
    run.enter("guards")
    answers = guards.check(run.plan, run.target, run.folder, run.consent)
    for answer in answers:
        run.control.append(answer, durable=True)
    refused = [f"{a.guard}: {a.detail}" for a in answers if not a.ok]
    if refused:
        run.control.append(Aborted("refused: " + "; ".join(refused)), durable=True)
        return Outcome.REFUSED
    outcome = Outcome.CONDUCTED
    try:
        with stop_on_signals():
            _phases(run)
    except Stop as stop:
        run.control.append(Aborted(str(stop)), durable=True)
        outcome = Outcome.ABORTED
    _unwind(run, run_id)
    return outcome


def _phases(run: _Run) -> None:
    phases = run.plan.phases
    run.helpers.start_probes()
    run.trip = interlock(run.target, run.live)
    run.helpers.start_load()
    if not run.wait("starting", READY_WITHIN_S, lambda: bool(run.live.calls and run.live.probed)):
        raise Stop(f"no call was up and no probe had answered within {READY_WITHIN_S:g} s")
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
    run.enter("fault")
    run.helpers.start_toolkit()
    if not run.plan.sham and not run.wait(
        "fault",
        APPLY_WITHIN_S,
        lambda: bool(run.live.applied or run.live.failed or run.helpers.toolkit_ended()),
    ):
        raise Stop(f"the fault was not applied within {APPLY_WITHIN_S:g} s")
    at_most_s = run.plan.phases.fault_s + REVERT_WITHIN_S
    if not run.wait("fault", at_most_s, run.helpers.toolkit_ended):
        raise Stop("the experiment did not end in time")
    run.live.update()
    if run.live.failed or run.live.outstanding() or not (run.live.applied or run.plan.sham):
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


def _unwind(run: _Run, run_id: str) -> None:
    """Backwards: faults first, then load, then the read-back, then the probes."""
    run.enter("unwind")
    run.helpers.end_toolkit()
    run.helpers.end_load()
    run.live.update()
    with Journal(run.folder / "journal" / "readback.jsonl", run_id) as journal:
        read_back(journal, run.plan, run.target, run_id, run.live)
    run.helpers.end_probes()


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
