"""Questions asked before anything is touched. One that cannot be answered says no.

Each guard is a name and a function that returns (ok, detail). They all run, so that the operator reads every
reason at once; only the rehearsal, which gives orders, waits for all others to say yes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import requests

from drill.conduct.guards import (
    blast,
    calendar,
    consent,
    machine,
    patients,
    platform,
    rehearsal,
    stages,
    zones,
)
from drill.conduct.guards.consent import Consent
from drill.definition.needs import hurts_media, stages_hurt, takes_zones
from drill.faults import Proxies
from drill.model.errors import DrillError
from drill.model.events import GuardChecked
from drill.model.plan import Plan
from drill.model.target import Target
from drill.toolkit.resolve import touches
from drill.traffic.schedule import SPARE_S

__all__ = ["REHEARSED", "Consent", "check", "longest_s", "look"]

Answer = tuple[bool, str]
Guards = dict[str, Callable[[], Answer]]
REHEARSED = "rollback is rehearsed"


def longest_s(plan: Plan) -> float:
    """From the first call to the last at the most: every window, and what the load waits beyond them."""
    phases = plan.phases
    return phases.ramp_s + phases.baseline_s + phases.fault_s + phases.recovery_s + SPARE_S


def check(
    plan: Plan, target: Target, folder: Path, given: Consent | None = None, now: datetime | None = None
) -> list[GuardChecked]:
    """Every guard's answer, in a fixed order; the last is the rehearsal, whose orders have no effect."""
    answers = look(plan, target, folder, given, now)
    if refused := [answer.guard for answer in answers if not answer.ok]:
        return [
            *answers,
            GuardChecked(REHEARSED, ok=False, detail=f"not tried: {len(refused)} others said no"),
        ]
    world = Proxies()
    return [
        *answers,
        _ask(REHEARSED, lambda: rehearsal.rehearsed(touches(plan.experiment, target, world), world)),
    ]


def look(
    plan: Plan, target: Target, folder: Path, given: Consent | None = None, now: datetime | None = None
) -> list[GuardChecked]:
    """The answers of all that only look; `now` is an aware time, the present when not given."""
    begin = now or datetime.now(UTC)
    guards = _promises(plan, target, given or Consent(), begin) | _machine(plan, target, folder)
    guards |= _platform(plan, target)
    if takes_zones(plan.experiment):
        guards |= zones.zone_guards(plan, target)
    elif hurts_media(plan.experiment):
        guards |= zones.media_guards(plan, target)
    elif hurt := stages_hurt(plan.experiment):
        guards |= stages.stage_guards(target, hurt)
    return [_ask(name, guard) for name, guard in guards.items()]


def _promises(plan: Plan, target: Target, given: Consent, begin: datetime) -> Guards:
    end = begin + timedelta(seconds=longest_s(plan))
    limits = target.guards
    return {
        "environment class is known": lambda: consent.environment(target),
        "production is approved by somebody else": lambda: consent.approved(plan, target, given, begin, end),
        "hours are allowed, and nothing is frozen": lambda: calendar.allowed(limits.calendar, begin, end),
        "drill is short enough": lambda: machine.shortest(target, longest_s(plan)),
        "blast radius is within its limits": lambda: blast.within(
            blast.blast(plan, target), limits.blast, target.environment
        ),
        "no more real calls than allowed": lambda: patients.none_hurt(target),
    }


def _machine(plan: Plan, target: Target, folder: Path) -> Guards:
    return {
        "disk has room for the journal": lambda: machine.disk(folder),
        "ports and descriptors suffice": lambda: machine.ports(plan),
        "clock agrees with the platform's": lambda: asyncio.run(machine.clock(target.zones)),
    }


def _platform(plan: Plan, target: Target) -> Guards:
    world = Proxies()
    return {
        "edge accepts connections": lambda: platform.edge(target),
        "every zone is healthy": lambda: asyncio.run(platform.healthy(target)),
        "every breaker is readable and closed": lambda: asyncio.run(platform.breakers(plan, target)),
        "fault proxies carry no foreign fault": lambda: platform.proxies(target),
        "EHR answers through every link": lambda: asyncio.run(platform.links(target)),
        "EHR requests are counted on the wire": lambda: asyncio.run(platform.counted(plan, target)),
        "EHR can be read back": lambda: platform.ehr(plan, target),
        "store can be read back": lambda: platform.store(plan, target),
        "every fault's target is there": lambda: rehearsal.there(
            touches(plan.experiment, target, world), world
        ),
    }


def _ask(name: str, guard: Callable[[], Answer]) -> GuardChecked:
    try:
        ok, detail = guard()
    except (
        DrillError,
        OSError,
        aiohttp.ClientError,
        requests.RequestException,
        ArithmeticError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:
        ok, detail = False, f"{type(error).__name__}: {str(error)[:300]}"
    return GuardChecked(name, ok, detail)
