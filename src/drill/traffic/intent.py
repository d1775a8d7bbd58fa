"""How many calls are meant to be up, at each moment.

Theory: calls that arrive at rate r(u) and last D are up at t in a Poisson number of mean

    m(t) = integral of r(u) P(D > t - u) du                  (M_t/G/infinity: Eick, Massey and Whitt, 1993)

so a rate that rises faster than calls end is felt only after the length of a call. The run starts warm, with
the calls of a day that had gone on at the first rate: their rest has the survival E[(D - x)+] / E[D].
Durations are lognormal: P(D > x) = Phi(d), E[(D - x)+] = E[D] Phi(d + s) - x Phi(d), d = (mu - ln x) / s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from drill.model.plan import LoadPlan, Phases, Plan
from drill.traffic.profiles import FLAT, PROFILES, Profile

LOG_SD = 0.5  # of call durations: call-centre data lie between 0.4 and 1
SHORTEST_S = 3.0
_STEPS = 200
_SPAN_STEPS = 40
_PHI = NormalDist().cdf


@dataclass(frozen=True, slots=True)
class Traffic:
    """What is asked of a load. All times are seconds since the schedule's zero, where the ramp begins;
    the profile called `arrivals` runs from the ramp's end to `windows_s`."""

    arrivals: str
    concurrency: int
    mean_call_s: float
    ramp_s: float
    windows_s: float
    seed: int

    @property
    def profile(self) -> Profile:
        """KeyError for a name that is none."""
        return PROFILES[self.arrivals]

    @property
    def call_s(self) -> float:
        """Mean length of a call, the profile's say included."""
        return self.mean_call_s * self.profile.length

    @property
    def highest_per_s(self) -> float:
        """The rate where the profile's share is 1: by Little's law it would keep `concurrency` calls up on
        the busiest of days."""
        return self.concurrency * self.profile.day(self.seed) / self.call_s

    @property
    def warm_calls(self) -> int:
        """Calls that are up when the ramp ends."""
        return max(1, round(self.concurrency * self.profile.day(self.seed) * self.profile.share(0.0)))

    @property
    def most_per_s(self) -> float:
        """The most calls that are meant to start in a second, whatever the seed: in the ramp or after it."""
        warm = max(1.0, self.concurrency * self.profile.share(0.0))
        return max(warm / self.ramp_s, self.concurrency / self.call_s)

    def rate_per_s(self, t_s: float) -> float:
        """Arrivals per second at a time after the ramp."""
        return self.highest_per_s * self.profile.share((t_s - self.ramp_s) / self._length_s)

    def expected_calls(self, until_s: float) -> float:
        """How many arrive from the ramp's end until then: the integral of the rate."""
        share = self.profile.area((until_s - self.ramp_s) / self._length_s)
        return self.highest_per_s * self._length_s * share

    def when(self, clock_s: float) -> float:
        """The time until which the integral of the rate is what the highest rate alone would have made of
        it in `clock_s`. Arrivals that are Poisson on such a clock are so at the profile's rate (random time
        change); a flat profile's clock is time itself."""
        if self.profile is FLAT:
            return clock_s
        area = (clock_s - self.ramp_s) / self._length_s
        return self.ramp_s + self._length_s * self.profile.fraction(area)

    def expected_up(self, t_s: float) -> float:
        """Calls that are meant to be up at a time: the mean over all schedules of this seed's day."""
        if t_s < self.ramp_s:
            return self.warm_calls * max(0.0, t_s) / self.ramp_s
        if self.profile is FLAT:
            return float(self.concurrency)
        past_s = t_s - self.ramp_s
        step_s = past_s / _STEPS
        ages = [(number + 0.5) * step_s for number in range(_STEPS)]
        arrived = math.fsum(self.rate_per_s(t_s - age_s) * self._lasts(age_s) for age_s in ages) * step_s
        return self.warm_calls * self._rest_lasts(past_s) + arrived

    def expected_mean(self, start_s: float, end_s: float) -> float:
        """`expected_up` averaged over a time; its value at `start_s` where that has no length."""
        if self.profile is FLAT and start_s >= self.ramp_s:
            return float(self.concurrency)
        step_s = (end_s - start_s) / _SPAN_STEPS
        times = [start_s + (number + 0.5) * step_s for number in range(_SPAN_STEPS)]
        return math.fsum(map(self.expected_up, times)) / _SPAN_STEPS

    @property
    def _length_s(self) -> float:
        """Of the windows; at least something, for a schedule that ends with its ramp."""
        return max(1e-3, self.windows_s - self.ramp_s)

    def _deviate(self, age_s: float) -> float:
        mu = math.log(self.call_s) - LOG_SD**2 / 2
        return (mu - math.log(age_s)) / LOG_SD

    def _lasts(self, age_s: float) -> float:
        return 1.0 if age_s < SHORTEST_S else _PHI(self._deviate(age_s))

    def _rest_lasts(self, age_s: float) -> float:
        if age_s <= 0:
            return 1.0
        d = self._deviate(age_s)
        return _PHI(d + LOG_SD) - age_s / self.call_s * _PHI(d)


def traffic(load: LoadPlan, phases: Phases, seed: int) -> Traffic:
    """The traffic of a load whose profile runs over these phases."""
    windows_s = phases.ramp_s + phases.baseline_s + phases.fault_s + phases.recovery_s
    return Traffic(load.arrivals, load.concurrency, load.mean_call_s, phases.ramp_s, windows_s, seed)


def planned(plan: Plan) -> Traffic:
    """The traffic that a plan asks for."""
    return traffic(plan.load, plan.phases, plan.seed)
