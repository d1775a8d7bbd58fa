"""Who calls when and for how long, drawn and written down before the first call.

Theory: callers do not wait for each other, so calls arrive as a Poisson process whatever the
platform does (an open system; a closed loop slows down with its victim and hides the outage).
The process starts warm: of a stationary M/G/n at a random moment, the calls that are up have
length-biased durations, of which a uniform share is left. By Little's law the rate that keeps
`concurrency` calls up is concurrency / mean duration. A time of day (`drill.traffic`) bends the clock on
which these arrivals are Poisson: where its rate is half, the clock runs at half speed.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from drill.model.chance import seeded
from drill.model.errors import DefinitionError
from drill.model.plan import Plan
from drill.traffic.intent import LOG_SD, SHORTEST_S, Traffic
from drill.traffic.profiles import FLAT, PROFILES

FORMAT = "drill-schedule-v1"
FIRST_PATIENT = 2  # number 1 is the probes'
PATIENTS = 200
# A drill's load ends when it is told to, never by running dry: it is drawn for longer than any wait.
SPARE_S = 180.0


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of the load, and the seed that makes it one schedule.

    `arrivals` names a profile of `drill.traffic`, which runs until `windows_s` (0: until `seconds`).
    """

    seed: int
    concurrency: int
    mean_call_s: float
    ramp_s: float
    seconds: float
    patients: int
    arrivals: str = FLAT.name
    windows_s: float = 0.0

    @property
    def traffic(self) -> Traffic:
        """The same as it is meant, without chance."""
        windows_s = self.windows_s or self.seconds
        return Traffic(self.arrivals, self.concurrency, self.mean_call_s, self.ramp_s, windows_s, self.seed)


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


def of_plan(plan: Plan) -> Demand:
    """What a plan asks of its load: who drives it draws from this, and who judges draws the same again."""
    phases, flat = plan.phases, plan.load.arrivals == FLAT.name
    windows_s = phases.ramp_s + phases.baseline_s + phases.fault_s + phases.recovery_s
    return Demand(
        seed=plan.seed,
        concurrency=plan.load.concurrency,
        mean_call_s=float(plan.load.mean_call_s),
        ramp_s=float(phases.ramp_s),
        seconds=float(windows_s + SPARE_S),
        patients=PATIENTS,
        arrivals=plan.load.arrivals,
        windows_s=0.0 if flat else float(windows_s),  # a flat day has no shape to stretch
    )


def draw(demand: Demand) -> Schedule:
    """The schedule of this demand: the same demand gives the same bytes on every machine."""
    source = seeded(demand.seed)
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
    calls, mu = demand.traffic.warm_calls, _mu(demand)
    gap_s = demand.ramp_s / calls
    for number in range(calls):
        at_s = (number + 0.9 * source.random()) * gap_s  # all are up a moment before the ramp ends
        left_s = source.random() * source.lognormvariate(mu + LOG_SD**2, LOG_SD)
        yield at_s, demand.ramp_s - at_s + left_s


def _open(source: random.Random, demand: Demand) -> Iterator[tuple[float, float]]:
    """Poisson arrivals from the end of the ramp on, at the profile's rate."""
    traffic, mu = demand.traffic, _mu(demand)
    rate = traffic.highest_per_s
    clock_s = demand.ramp_s + source.expovariate(rate)
    while (at_s := traffic.when(clock_s)) < demand.seconds:
        yield at_s, source.lognormvariate(mu, LOG_SD)
        clock_s += source.expovariate(rate)


def _mu(demand: Demand) -> float:
    return math.log(demand.traffic.call_s) - LOG_SD**2 / 2


def to_json(schedule: Schedule) -> str:
    """Canonical text, one arrival per line; put together by hand, for an encoder per line costs more than the
    line."""
    demand = asdict(schedule.demand)
    if (demand["arrivals"], demand["windows_s"]) == (FLAT.name, 0.0):  # as it was before there were others
        del demand["arrivals"], demand["windows_s"]
    head = json.dumps({"format": FORMAT, **demand}, sort_keys=True, separators=(",", ":"))
    calls = ",\n".join(
        f'{{"at_s":{a.at_s!r},"duration_s":{a.duration_s!r},"patient":{json.dumps(a.patient)},"seed":{a.seed!r}}}'
        for a in schedule.arrivals
    )
    return f'{{"demand":{head},"arrivals":[\n{calls}\n]}}\n'


def from_json(text: str, where: str) -> Schedule:
    """A schedule as written by `to_json`; DefinitionError when the text is something else."""
    try:
        data = json.loads(text)
        demand: dict[str, Any] = dict(data["demand"])
        if demand.pop("format") != FORMAT:
            raise ValueError(f"is not a {FORMAT}")
        if demand.get("arrivals", FLAT.name) not in PROFILES:
            raise ValueError(f"knows no arrivals {demand['arrivals']!r}")
        schedule = Schedule(Demand(**demand), tuple(Arrival(**arrival) for arrival in data["arrivals"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DefinitionError(
            f"{where}: is not a schedule of calls ({error}); delete it to draw anew"
        ) from error
    if to_json(schedule) != text:
        raise DefinitionError(f"{where}: the schedule was edited by hand; delete it to draw anew")
    return schedule
