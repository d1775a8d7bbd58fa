"""Two sets of runs of one drill: what became slower, and what the comparison could have seen at all.

A sentence that finds no difference says how large a difference it would have found, and how often. With few
runs that is little, and then it says so: it never says "no change".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drill.model.units import seconds
from drill.model.verdicts import Status, worst
from drill.objectives.say import count
from drill.quarter.measured import LOSS, METRICS, Metric, timed
from drill.quarter.passes import ENOUGH, HALF, Turned, often, turned
from drill.quarter.trial import Time, Trial
from drill.small_samples import (
    ALPHA,
    Slowdown,
    at_least,
    least_seen,
    mean,
    miss_bound,
    more_often,
    slowdown,
)

FACTORS = (1.5, 2.0)


@dataclass(frozen=True, slots=True)
class Words:
    """How a sentence calls what happens in some runs and not in others."""

    was: str
    is_: str
    more: str


LOST = Words("lost something", "loses something", "lose more often")
FELT = Words("were felt by callers", "is felt by callers", "be felt more often")


@dataclass(frozen=True, slots=True)
class Change:
    """One number before and after.

    `status` is FAIL where it is shown to be worse, PASS where the test would have seen that and did not, and
    UNKNOWN where it could not see.
    """

    metric: str
    before: str
    after: str
    status: Status
    sentence: str


@dataclass(frozen=True, slots=True)
class Compared:
    """One drill in both sets."""

    drill: str
    before: int
    after: int
    changes: tuple[Change, ...]
    turned: tuple[Turned, ...]
    warning: str

    @property
    def status(self) -> Status:
        """The worst of all that was compared; a change in passes counts when chance does not explain it."""
        return worst([*(c.status for c in self.changes), *(t.status for t in self.turned)])


def compare(before: Sequence[Trial], after: Sequence[Trial]) -> tuple[Compared, ...]:
    """Every drill that is in both, by name; shams and refusals are left out."""
    names = sorted({t.drill for t in before if t.real} & {t.drill for t in after if t.real})
    return tuple(_compared(name, _of(before, name), _of(after, name)) for name in names)


def _of(trials: Sequence[Trial], drill: str) -> list[Trial]:
    return [t for t in trials if t.drill == drill and t.real]


def _compared(drill: str, before: Sequence[Trial], after: Sequence[Trial]) -> Compared:
    changes = tuple(_change(metric, before, after) for metric in METRICS)
    return Compared(drill, len(before), len(after), changes, tuple(turned(before, after)),
                    _alike(before, after))  # fmt: skip


def _alike(before: Sequence[Trial], after: Sequence[Trial]) -> str:
    """What makes the two sets unlike each other besides time."""
    places = {(t.plan.target, t.plan.environment, t.plan.profile) for t in (*before, *after) if t.plan}
    loads = {t.plan.load for t in (*before, *after) if t.plan}
    told = ["on different targets or profiles"] if len(places) > 1 else []
    told += ["under different loads"] if len(loads) > 1 else []
    return f"These runs were made {' and '.join(told)}: a difference may come from that." if told else ""


def _change(metric: Metric, before: Sequence[Trial], after: Sequence[Trial]) -> Change:
    old, new = ([time for _, time in timed(metric, trials)] for trials in (before, after))
    words = middle(old), middle(new)
    if metric is LOSS:
        return Change(metric.name, *words, *_oftener(old, new, LOST))
    return Change(metric.name, *words, *_slower(old, new))


def middle(times: Sequence[Time]) -> str:
    """The geometric mean of some times with its 95 % interval, or why there is none."""
    closed = [t.value_s for t in times if not t.open_end]
    found = mean(closed)
    if found is None:
        return f"never, in {count(len(times), 'run')}" if times else "not measured"
    never = [f"never in {count(len(times) - len(closed), 'run')}"] * (len(closed) < len(times))
    if not all(closed):
        some = [each for each in closed if each]
        longest = [f"at most {seconds(max(some))}, so that there is no mean"] if some else []
        return "; ".join([f"0 s in {closed.count(0.0)} of {count(len(times), 'run')}", *longest, *never])
    if found.low_s is None or found.high_s is None:
        told = f"{seconds(closed[0])}, one run"
    else:
        told = f"{seconds(found.mean_s)} ({seconds(found.low_s)} to {seconds(found.high_s)})"
    return "; ".join([told, *never])


def _slower(old: Sequence[Time], new: Sequence[Time]) -> tuple[Status, str]:
    if any(t.open_end for t in new) and not any(t.open_end for t in old):
        return (
            Status.FAIL,
            "Some run after did not come to its end within the evidence, and none before was so.",
        )
    if any(t.open_end for t in (*old, *new)):
        return (
            Status.UNKNOWN,
            "Runs that did not come to their end within the evidence have no time to compare.",
        )
    if any(t.value_s == 0 for t in (*old, *new)):
        return _oftener(old, new, FELT)
    found = slowdown([t.value_s for t in old], [t.value_s for t in new], FACTORS)
    if found is None:
        few = f"{count(len(old), 'run')} before and {count(len(new), 'run')} after"
        return Status.UNKNOWN, f"{few}: at least two of each are needed before a test can see anything."
    return _said(found)


def _said(found: Slowdown) -> tuple[Status, str]:
    ratio = f"{found.ratio:.2f} times as long (95 % interval {found.low:.2f} to {found.high:.2f})"
    if found.p_slower <= ALPHA:
        return (
            Status.FAIL,
            f"Slower: {ratio}; chance alone would give this in {often(found.p_slower)} of cases.",
        )
    told = [f"one by {factor:g} in {often(power)} of cases" for factor, power in found.power]
    sees = f"Had there been a slowdown, this test would have seen {', and '.join(told)}"
    if found.p_faster <= ALPHA:
        return (
            Status.PASS,
            f"Faster: {ratio}; chance alone would give this in {often(found.p_faster)} of cases.",
        )
    if found.power[0][1] >= ENOUGH:
        return Status.PASS, f"Not shown to be slower: {ratio}. {sees}, so that a larger one is unlikely."
    return Status.UNKNOWN, f"Not shown to be slower, which says little: {ratio}. {sees}."


def _oftener(old: Sequence[Time], new: Sequence[Time], words: Words) -> tuple[Status, str]:
    """What is mostly nothing has no mean: the runs in which there was something are counted."""
    if not old or not new:
        return Status.UNKNOWN, "It was not measured in both."
    some_old, some_new = (sum(t.value_s > 0 or t.open_end for t in times) for times in (old, new))
    counts = f"{some_old} of {count(len(old), 'run')} {words.was} before, {some_new} of {len(new)} after"
    p, least = more_often(some_old, len(old), some_new, len(new)), least_seen(len(old), len(new))
    if p <= ALPHA:
        return Status.FAIL, f"{counts}; chance alone would give this in {often(p)} of cases."
    seen = 0.0 if least is None else at_least(least, len(new), HALF)
    bound = miss_bound(len(new) - some_new, len(new))
    told = [f"Not shown to {words.more}: {counts}"]
    told += [f"with 95 % confidence a run {words.is_} in fewer than {bound * 100:.0f} % of cases"] * (
        bound < 1
    )
    told.append(
        "with so few runs this test could see no increase at all"
        if least is None
        else f"were it half of the runs, this test would have seen that in {often(seen)} of cases"
    )
    return Status.PASS if seen >= ENOUGH and not some_new else Status.UNKNOWN, "; ".join(told) + "."
