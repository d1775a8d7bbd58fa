"""A drill as far as it goes without changing anything: what it would touch, when, and every guard's word."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from drill.conduct.guards import REHEARSED, Consent, longest_s, look
from drill.conduct.guards.blast import Blast, blast, foreign_actions
from drill.faults import Proxies
from drill.model.errors import WorldError
from drill.model.events import GuardChecked
from drill.model.plan import Plan
from drill.model.target import Target
from drill.toolkit.resolve import Touch, touches

NOT_ASKED = "a check gives no orders, not even those without effect; `drill run` rehearses first of all"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What was found. Seconds count from the first call.

    Attributes:
        begin_s, end_s: when the faults would be applied and reverted, if all goes as planned.
        latest_s: when the drill would be over at the latest.
        touched: what the faults would touch; `trouble` says why something could not be found.
        unknown: actions of others, of which drill cannot tell what they touch.
    """

    plan: Plan
    begin_s: float
    end_s: float
    latest_s: float
    reach: Blast
    touched: tuple[Touch, ...]
    trouble: str
    unknown: tuple[str, ...]
    answers: tuple[GuardChecked, ...]

    @property
    def ok(self) -> bool:
        """Whether a run would be let begin, as far as looking can tell."""
        return not self.trouble and all(answer.ok for answer in self.answers)


def rehearse(plan: Plan, target: Target, folder: Path, given: Consent) -> Rehearsal:
    """Look at everything and change nothing."""
    found, trouble = _touched(plan, target)
    begin_s = plan.phases.ramp_s + plan.phases.baseline_s
    return Rehearsal(
        plan, begin_s, begin_s + plan.phases.fault_s, longest_s(plan), blast(plan, target), found, trouble,
        foreign_actions(plan.experiment), tuple(look(plan, target, _there(folder), given)),
    )  # fmt: skip


def _touched(plan: Plan, target: Target) -> tuple[tuple[Touch, ...], str]:
    try:
        return tuple(touches(plan.experiment, target, Proxies())), ""
    except (WorldError, ValueError) as error:
        return (), str(error)


def _there(folder: Path) -> Path:
    """The folder, or the first above it that is there."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())


__all__ = ["NOT_ASKED", "REHEARSED", "Rehearsal", "rehearse"]
