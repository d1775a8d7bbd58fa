"""What the phases of a drill share: its parts, its waits, and what is written down on the way."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from drill.conduct.guards import Consent
from drill.conduct.helpers import Helpers
from drill.conduct.live import Live
from drill.conduct.signals import Asked, Stop
from drill.conduct.tripwires import Tripwire
from drill.journal import Journal
from drill.model.errors import JournalError
from drill.model.events import Event, PhaseEntered
from drill.model.plan import Plan, RecoveryLimits
from drill.model.target import Target
from drill.reaper.lease import LEASE_S
from drill.reaper.lock import TargetLock

TICK_S = 0.1
DEFAULT_LIMITS = RecoveryLimits(1.5, 0.10, 0.05, 10.0, 60.0, 1e9)


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


CREW = Crew()


@dataclass(slots=True)
class Run:
    """Everything the phases share. `wires` are armed once the load is up."""

    plan: Plan
    target: Target
    folder: Path
    run_id: str
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
        """When callers count as hurt, also where the drill does not ask."""
        return self.plan.objectives.recovery or DEFAULT_LIMITS

    def enter(self, phase: str) -> None:
        """The next phase begins."""
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
