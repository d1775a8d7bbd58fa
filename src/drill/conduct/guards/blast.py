"""How far a drill would reach, from its plan alone: the worst case where a zone is chosen by its role.

zones     that are taken, hurt, or lose their way to the EHR, to speech or to the model
capacity  share of what all zones admit that is taken or hurt; a zone that only lost such a way keeps its own
calls     that are expected in these zones: the drill's own, and as many real ones as the interlock lets be
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass

from drill.definition.media import EVERY
from drill.definition.needs import ACTIONS, RESTORES, STAGE_FAULTS, Injection, injections
from drill.model.guards import BlastLimits
from drill.model.plan import Plan
from drill.model.target import Target
from drill.objectives.say import count


@dataclass(frozen=True, slots=True)
class Blast:
    """`unknown` are actions of others, of which nobody here can tell what they reach."""

    zones: tuple[str, ...]
    capacity: float
    calls: int
    unknown: tuple[str, ...]

    def __str__(self) -> str:
        where = f"{count(len(self.zones), 'zone')} ({', '.join(self.zones)})" if self.zones else "no zone"
        return f"{where}, {self.capacity:.0%} of capacity, {count(self.calls, 'call')}"


def blast(plan: Plan, target: Target) -> Blast:
    """See the module."""
    shares = _shares(plan)
    done = injections(plan.experiment)
    taken = _zones((each for each in done if each.func not in ("ehr_fault", RESTORES, *STAGE_FAULTS)), shares)
    linked = {link.zone for link in target.ehr.links} if target.ehr is not None else set()
    cut = linked if any(each.func == "ehr_fault" for each in done) else set()
    stages = {stage for each in done if each.stage for stage in each.stage.stages}
    cut |= {way.zone for way in target.stages if way.stage in stages}
    hurt = tuple(zone for zone in shares if zone in {*taken, *cut})
    real = target.guards.real_calls.most if target.guards.real_calls else 0
    calls = (plan.load.concurrency + real) * sum(shares[zone] for zone in hurt)
    # Shares are fractions of floats: a hair above a whole number is that number.
    return Blast(
        hurt, sum(shares[z] for z in taken), math.ceil(round(calls, 6)), foreign_actions(plan.experiment)
    )


def within(found: Blast, limits: BlastLimits | None, environment: str) -> tuple[bool, str]:
    """The answer; without limits only a production target says no."""
    if limits is None:
        return environment != "production", f"{found}; the target sets no limit"
    over = []
    if found.unknown:
        over.append(f"nobody can tell what {', '.join(found.unknown)} would reach")
    if len(found.zones) > limits.zones:
        over.append(f"{len(found.zones)} zones, limit {limits.zones}")
    if found.capacity > limits.capacity + 1e-9:
        over.append(f"{found.capacity:.0%} of capacity, limit {limits.capacity:.0%}")
    if found.calls > limits.calls:
        over.append(f"{found.calls} calls, limit {limits.calls}")
    return not over, f"the drill would reach too far: {'; '.join(over)}" if over else str(found)


def foreign_actions(experiment: str) -> tuple[str, ...]:
    """Actions of an experiment's method (JSON) that are none of ours, by name."""
    steps = json.loads(experiment).get("method", [])
    acts = [step for step in steps if step.get("type") == "action" or "ref" in step]
    return tuple(
        str(step.get("name") or step.get("ref", "?"))
        for step in acts
        if step.get("provider", {}).get("type") != "python" or step["provider"].get("module") != ACTIONS
    )


def _shares(plan: Plan) -> dict[str, float]:
    """Each zone's share of capacity; equal ones where not every zone tells."""
    told = dict(zip(plan.zones, plan.capacities, strict=True))
    whole = sum(told.values())
    if not all(told.values()):
        return dict.fromkeys(plan.zones, 1 / len(plan.zones))
    return {zone: capacity / whole for zone, capacity in told.items()}


def _zones(done: Iterable[Injection], shares: dict[str, float]) -> set[str]:
    """Zones that are hit; a role may be any zone, so that it counts as the largest not hit otherwise."""
    wanted = {each.zone for each in done}
    if EVERY in wanted:
        return set(shares)
    named = wanted & set(shares)
    left = sorted(set(shares) - named, key=lambda zone: (-shares[zone], zone))
    return named | set(left[: len(wanted - named)])
