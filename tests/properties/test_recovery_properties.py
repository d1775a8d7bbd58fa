"""Laws of the recovery estimate that hold for every outage, not only for those we thought of."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from drill.model.plan import RecoveryLimits
from drill.objectives.recovery import measure
from drill.recovery_estimate import Recovery
from drill.timeline import Step, Timeline
from histories import Entries, applied, call, invoked, plan, requested, reverted, timeline, turn

LIMITS = RecoveryLimits(1.5, 0.10, 0.05, 10.0, 20.0, 200.0)
PLAN = plan(recovery=LIMITS)
CALLS = 12
END_S = 80.0

turns = st.lists(
    st.tuples(
        st.integers(0, CALLS - 1),
        st.integers(50, 700).map(lambda n: n / 10),
        st.one_of(st.none(), st.integers(1, 200).map(lambda n: n / 10)),
    ),
    max_size=40,
)


def history(said: list[tuple[int, float, float | None]]) -> Entries:
    """Twelve calls from second 0 to 80, a fault from 10 to 30, and these turns."""
    entries: Entries = [requested(at_s=9.9), applied(at_s=10.0), reverted(at_s=30.0)]
    for number in range(CALLS):
        entries += call(f"c{number}", 0.0, END_S)
    for seq, (number, eos_s, waited_s) in enumerate(said):
        never = waited_s is None or eos_s + waited_s > END_S - 1
        entries += turn(
            f"c{number}", seq, eos_s, None if never else waited_s, ended_s=END_S if never else None
        )
    return entries


def found(entries: Entries, shift_ns: int = 0) -> tuple[Timeline, Recovery]:
    """The timeline and what callers felt."""
    seen = timeline(entries, PLAN, shift_ns)
    recovery = measure(seen, LIMITS)
    assert recovery is not None
    return seen, recovery


@settings(max_examples=60, deadline=None)
@given(turns, st.integers(-(10**12), 10**15))
def test_recovery_does_not_know_what_time_it_is(
    said: list[tuple[int, float, float | None]], shift_ns: int
) -> None:
    """The same run at another time: the same estimate, to the last bit."""
    assert found(history(said))[1] == found(history(said), shift_ns)[1]


@settings(max_examples=60, deadline=None)
@given(turns, turns)
def test_more_breach_is_never_an_earlier_recovery(
    said: list[tuple[int, float, float | None]], more: list[tuple[int, float, float | None]]
) -> None:
    """Turns added to the same calls can only add breach."""
    before, after = found(history(said))[1], found(history([*said, *more]))[1]
    assert after.recovered_s >= before.recovered_s
    assert after.breached_call_s >= before.breached_call_s - 1e-6


@settings(max_examples=60, deadline=None)
@given(turns)
def test_recovery_is_never_before_the_last_suffering_ends(
    said: list[tuple[int, float, float | None]],
) -> None:
    """Whatever was good in between."""
    seen, recovery = found(history(said))
    assert seen.applied_s is not None
    last_s = max(_suffering(seen.steps, seen.applied_s), default=-math.inf) - seen.applied_s
    assert recovery.recovered_s >= min(last_s, recovery.evidence_s) - 1e-6


def _suffering(steps: tuple[Step, ...], from_s: float) -> list[float]:
    """Ends of all stretches with more than the breach share, after a moment."""
    ends = [step.t_s for step in steps[1:]]
    return [
        end_s for step, end_s in zip(steps, ends, strict=False)
        if step.share > LIMITS.breach_share + 1e-9 and end_s > from_s
    ]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(turns, st.integers(0, CALLS - 1), st.integers(100, 700).map(lambda n: n / 10))
def test_a_censored_turn_never_shortens_recovery(
    said: list[tuple[int, float, float | None]], number: int, eos_s: float
) -> None:
    """A turn whose end nobody wrote down counts as waiting, not as answered."""
    before = found(history(said))[1]
    after = found([*history(said), invoked(f"c{number}", 999, eos_s)])[1]
    assert after.recovered_s >= before.recovered_s
    assert not (after.sustained and not before.sustained)


@settings(max_examples=60, deadline=None)
@given(turns)
def test_the_interval_holds_the_estimate(said: list[tuple[int, float, float | None]]) -> None:
    """Low, estimate, high; all within the evidence."""
    recovery = found(history(said))[1]
    if recovery.low_s is not None and recovery.high_s is not None:
        assert 0 <= recovery.low_s <= recovery.recovered_s <= recovery.high_s <= recovery.evidence_s + 1e-6
