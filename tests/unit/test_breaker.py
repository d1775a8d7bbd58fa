"""The breaker's laws, on the pure machine and through the wrapper that knows the time."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.sandbox.breaker import (
    LEGAL,
    Breaker,
    Guard,
    Kind,
    NotPermittedError,
    Policy,
    State,
    Ticket,
    admit,
    move,
    settle,
)

POLICY = Policy(window=10, minimum=5, failure_rate=0.5, wait_s=5.0, trials=1)


def after(outcomes: str, policy: Policy = POLICY, at_s: float = 0.0) -> Breaker:
    """A closed breaker that has seen these outcomes: `+` well, `-` failed, `i` ignored."""
    kinds = {"+": Kind.SUCCESSFUL, "-": Kind.FAILED, "i": Kind.IGNORED}
    breaker = Breaker()
    for outcome in outcomes:
        breaker, ticket = admit(policy, breaker, at_s)
        assert ticket is not None
        breaker = settle(policy, breaker, ticket, kinds[outcome], at_s)
    return breaker


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ("----", State.CLOSED),  # too few to judge
        ("-----", State.OPEN),
        ("+++--", State.CLOSED),  # 40 %
        ("++++----", State.OPEN),  # exactly half
        ("-" + "+" * 10 + "----", State.CLOSED),  # the first failure has left the window
        ("iiiii----", State.CLOSED),  # ignored calls are no evidence
    ],
)
def test_opens_on_the_share_of_failures_in_the_window(outcomes: str, state: State) -> None:
    """Rate and minimum decide, over the last ten calls."""
    assert after(outcomes).state is state


def test_refuses_until_the_wait_is_over_then_admits_one_trial() -> None:
    """Open means refused; after the wait, one ticket and no second."""
    opened = after("-----", at_s=100.0)
    refused, none = admit(POLICY, opened, 104.9)
    half, trial = admit(POLICY, refused, 105.0)
    still, second = admit(POLICY, half, 200.0)
    assert (none, trial, second) == (None, Ticket(half.epoch, trial=True), None)
    assert (refused.state, half.state, still.state) == (State.OPEN, State.HALF_OPEN, State.HALF_OPEN)


@pytest.mark.parametrize(
    ("kind", "state"),
    [(Kind.SUCCESSFUL, State.CLOSED), (Kind.FAILED, State.OPEN), (Kind.IGNORED, State.OPEN)],
)
def test_the_trial_decides(kind: Kind, state: State) -> None:
    """Success closes; failure opens again; a trial without a verdict counts as a failure."""
    half, trial = admit(POLICY, after("-----"), 5.0)
    assert trial is not None
    assert settle(POLICY, half, trial, kind, 6.0).state is state


def test_a_call_from_before_the_outage_has_no_vote() -> None:
    """Its epoch is over, so its late success does not close the breaker."""
    _, slow = admit(POLICY, Breaker(), 0.0)
    half, _ = admit(POLICY, after("-----"), 5.0)
    assert slow is not None
    assert settle(POLICY, half, slow, Kind.SUCCESSFUL, 6.0) == half


@pytest.mark.parametrize("pair", [(a, b) for a in State for b in State if (a, b) not in LEGAL])
def test_illegal_moves_are_refused(pair: tuple[State, State]) -> None:
    """Nothing outside the table can happen."""
    with pytest.raises(ValueError, match="cannot go from"):
        move(Breaker(state=pair[0]), pair[1], 0.0)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["admit", "settle"]),
        st.sampled_from(list(Kind)),
        st.integers(0, 30),
        st.floats(0, 3),
    ),
    max_size=200,
)


@given(STEPS, st.integers(1, 4), st.integers(1, 6))
def test_every_history_is_legal_and_never_over_admits(
    steps: list[tuple[str, Kind, int, float]], trials: int, minimum: int
) -> None:
    """Any interleaving: legal transitions only, at most N trials per half-open spell."""
    policy = Policy(window=6, minimum=minimum, failure_rate=0.5, wait_s=4.0, trials=trials)
    breaker, now_s = Breaker(), 0.0
    flying: list[Ticket] = []
    admitted: dict[int, int] = {}
    for action, kind, which, passed_s in steps:
        before, now_s = breaker, now_s + passed_s
        if action == "admit":
            breaker, ticket = admit(policy, breaker, now_s)
            assert (ticket is None) == (
                breaker.state is State.OPEN
                or (breaker.state is State.HALF_OPEN and before.admitted == trials and before == breaker)
            )
            if ticket is not None:
                flying.append(ticket)
                admitted[ticket.epoch] = admitted.get(ticket.epoch, 0) + ticket.trial
        elif flying:
            breaker = settle(policy, breaker, flying.pop(which % len(flying)), kind, now_s)
        assert before.state is breaker.state or (before.state, breaker.state) in LEGAL
        assert breaker.epoch - before.epoch == (before.state is not breaker.state)
    assert all(count <= trials for count in admitted.values())


@given(st.integers(1, 5))
def test_fifty_concurrent_calls_get_exactly_the_trials(trials: int) -> None:
    """Half-open under load: N calls go out, the others are refused at once."""
    now_s = 0.0
    guard = Guard(Policy(minimum=1, wait_s=5.0, trials=trials), clock=lambda: now_s)
    sent = 0

    async def call() -> None:
        nonlocal sent
        ticket = guard.admit()

        async def attempt() -> None:
            nonlocal sent
            sent += 1
            await asyncio.sleep(0)

        await guard.run(ticket, attempt)

    async def scene() -> list[BaseException | None]:
        with pytest.raises(RuntimeError):
            await guard.run(guard.admit(), _broken)
        nonlocal now_s
        now_s = 5.0
        return await asyncio.gather(*(call() for _ in range(50)), return_exceptions=True)

    results = asyncio.run(scene())
    assert sent == trials
    assert sum(isinstance(it, NotPermittedError) for it in results) == 50 - trials == guard.not_permitted
    assert guard.closed()


async def _broken() -> None:
    raise RuntimeError("down")


def test_a_cancelled_call_says_nothing_about_the_other_side() -> None:
    """Ten callers who hang up in the middle do not open the breaker."""
    guard = Guard(POLICY)

    async def scene() -> None:
        for _ in range(10):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(guard.run(guard.admit(), lambda: asyncio.sleep(60)), 0.001)

    asyncio.run(scene())
    assert guard.closed()
    assert guard.calls == {Kind.IGNORED: 10}
