"""Who calls when and for how long, drawn and written down before the first call.

Theory: callers do not wait for each other, so calls arrive as a Poisson process whatever the
platform does (an open system; a closed loop slows down with its victim and hides the outage).
The process starts warm: of a stationary M/G/n at a random moment, the calls that are up have
length-biased durations, of which a uniform share is left. By Little's law the rate that keeps
`concurrency` calls up is concurrency / mean duration.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from drill.model.errors import DefinitionError

FORMAT = "drill-schedule-v1"
SIGMA = 0.5  # log-sd of call durations: call-centre data lie between 0.4 and 1
SHORTEST_S = 3.0
FIRST_PATIENT = 2  # number 1 is the probes'


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of the load, and the seed that makes it one schedule."""

    seed: int
    concurrency: int
    mean_call_s: float
    ramp_s: float
    seconds: float
    patients: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """One call to come: `at_s` after the start, by whom; `seed` decides what is said in it."""

    at_s: float
    duration_s: float
    patient: str
    seed: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """All calls of a run in order of arrival."""

    demand: Demand
    arrivals: tuple[Arrival, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical text: two runs with the same digest had the same callers."""
        return hashlib.sha256(to_json(self).encode()).hexdigest()


def draw(demand: Demand) -> Schedule:
    """The schedule of this demand: the same demand gives the same bytes on every machine."""
    source = random.Random(demand.seed)  # noqa: S311  # callers, not secrets
    patients = _patients(source, demand.patients)
    times = [*_warm(source, demand), *_open(source, demand)]
    return Schedule(
        demand,
        tuple(
            Arrival(
                round(at_s, 3), round(max(SHORTEST_S, duration_s), 3), next(patients), source.getrandbits(48)
            )
            for at_s, duration_s in times
        ),
    )


def _patients(source: random.Random, count: int) -> Iterator[str]:
    """Everybody in turn, so that calls at the same time are by different patients: a mix-up shows."""
    order = list(range(FIRST_PATIENT, max(count, FIRST_PATIENT) + 1))
    source.shuffle(order)
    while True:
        for number in order:
            yield f"synthetic-{number:04d}"


def _warm(source: random.Random, demand: Demand) -> Iterator[tuple[float, float]]:
    """The calls that are up when the ramp ends, with what is left of them from there on."""
    gap_s = demand.ramp_s / demand.concurrency
    for number in range(demand.concurrency):
        at_s = (number + 0.9 * source.random()) * gap_s  # all are up a moment before the ramp ends
        left_s = source.random() * source.lognormvariate(_mu(demand) + SIGMA**2, SIGMA)
        yield at_s, demand.ramp_s - at_s + left_s


def _open(source: random.Random, demand: Demand) -> Iterator[tuple[float, float]]:
    """Poisson arrivals from the end of the ramp on."""
    rate = demand.concurrency / demand.mean_call_s
    at_s = demand.ramp_s + source.expovariate(rate)
    while at_s < demand.seconds:
        yield at_s, source.lognormvariate(_mu(demand), SIGMA)
        at_s += source.expovariate(rate)


def _mu(demand: Demand) -> float:
    return math.log(demand.mean_call_s) - SIGMA**2 / 2


def to_json(schedule: Schedule) -> str:
    """Canonical text, one arrival per line."""
    head = json.dumps({"format": FORMAT, **asdict(schedule.demand)}, sort_keys=True, separators=(",", ":"))
    calls = ",\n".join(
        json.dumps(asdict(arrival), sort_keys=True, separators=(",", ":")) for arrival in schedule.arrivals
    )
    return f'{{"demand":{head},"arrivals":[\n{calls}\n]}}\n'


def from_json(text: str, where: str) -> Schedule:
    """A schedule as written by `to_json`; DefinitionError when the text is something else."""
    try:
        data = json.loads(text)
        demand: dict[str, Any] = dict(data["demand"])
        if demand.pop("format") != FORMAT:
            raise ValueError(f"is not a {FORMAT}")
        schedule = Schedule(Demand(**demand), tuple(Arrival(**arrival) for arrival in data["arrivals"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DefinitionError(
            f"{where}: is not a schedule of calls ({error}); delete it to draw anew"
        ) from error
    if to_json(schedule) != text:
        raise DefinitionError(f"{where}: the schedule was edited by hand; delete it to draw anew")
    return schedule
