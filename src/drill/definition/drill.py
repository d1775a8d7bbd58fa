"""A drill as its file says it: frozen, with its experiment read, and not yet bound to a platform."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from drill.model.plan import AbortLimits, LoadPlan, Objectives, Phases


@dataclass(frozen=True, slots=True)
class Drill:
    """What to do, under which load, and what it has to show.

    Attributes:
        drill: the name.
        experiment_file: where the experiment was read.
        experiment: the experiment as JSON, its `hold_s` already that of the fault phase.
        objectives: the limits; `half_open_calls` and `wait_s` of a breaker are 0 until a plan takes them
            from the target, which is where they are known.
        file: where the drill was read.
    """

    drill: str
    title: str
    owner: str
    severity: str
    risk: str
    runbook: str
    schedule: str
    controls: tuple[str, ...]
    experiment_file: str
    experiment: str
    load: LoadPlan
    phases: Phases
    objectives: Objectives
    abort_when: AbortLimits | None
    file: Path
