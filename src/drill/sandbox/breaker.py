"""A circuit breaker: a pure state machine, and a thin wrapper that knows the time.

Theory: a caller should not wait for something that is known to be down. Outcomes of the
last `window` calls are kept while CLOSED; too many failures OPEN the breaker and calls are
refused at once. After `wait_s` it is HALF_OPEN: exactly `trials` calls may try, every other
call is still refused; their outcome decides between CLOSED and OPEN.

Every admitted call carries the epoch it was admitted in. Each transition starts a new
epoch, so a slow call from before the outage cannot vote on the recovery. Permits are handed
out by `admit`, in one step without awaiting: fifty concurrent calls get `trials` permits.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")


class State(StrEnum):
    """The names are resilience4j's label values."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Kind(StrEnum):
    """What became of an admitted call; `ignored` says nothing about the health of the other side."""

    SUCCESSFUL = "successful"
    FAILED = "failed"
    IGNORED = "ignored"


LEGAL = frozenset(
    {
        (State.CLOSED, State.OPEN),
        (State.OPEN, State.HALF_OPEN),
        (State.HALF_OPEN, State.CLOSED),
        (State.HALF_OPEN, State.OPEN),
    }
)


@dataclass(frozen=True, slots=True)
class Policy:
    """When to open, how long to stay open, how many trials decide."""

    window: int = 10
    minimum: int = 5
    failure_rate: float = 0.5
    wait_s: float = 5.0
    trials: int = 1


@dataclass(frozen=True, slots=True)
class Breaker:
    """One moment of the state machine."""

    state: State = State.CLOSED
    epoch: int = 0
    since_s: float = 0.0
    results: tuple[bool, ...] = ()
    admitted: int = 0


@dataclass(frozen=True, slots=True)
class Ticket:
    """Leave to make one call; hand it back to `settle`."""

    epoch: int
    trial: bool


def failure_rate(results: tuple[bool, ...]) -> float:
    """Share of failures; nothing tried, nothing failed."""
    return results.count(False) / len(results) if results else 0.0


def move(breaker: Breaker, to: State, now_s: float) -> Breaker:
    """Enter another state with a clean slate."""
    if (breaker.state, to) not in LEGAL:
        raise ValueError(f"a breaker cannot go from {breaker.state} to {to}")
    return Breaker(state=to, epoch=breaker.epoch + 1, since_s=now_s)


def admit(policy: Policy, breaker: Breaker, now_s: float) -> tuple[Breaker, Ticket | None]:
    """May one more call be made now? None means: refuse it at once."""
    if breaker.state is State.OPEN and now_s - breaker.since_s >= policy.wait_s:
        breaker = move(breaker, State.HALF_OPEN, now_s)
    if breaker.state is State.CLOSED:
        return breaker, Ticket(breaker.epoch, trial=False)
    if breaker.state is State.HALF_OPEN and breaker.admitted < policy.trials:
        return replace(breaker, admitted=breaker.admitted + 1), Ticket(breaker.epoch, trial=True)
    return breaker, None


def settle(policy: Policy, breaker: Breaker, ticket: Ticket, kind: Kind, now_s: float) -> Breaker:
    """Count the outcome of an admitted call.

    An ignored trial still decides, as a failure: its permit is used up, and giving it back
    would admit more than `trials` calls into one half-open spell.
    """
    if ticket.epoch != breaker.epoch:
        return breaker
    if breaker.state is State.CLOSED:
        return breaker if kind is Kind.IGNORED else _settle_closed(policy, breaker, kind, now_s)
    breaker = replace(breaker, results=(*breaker.results, kind is Kind.SUCCESSFUL))
    return _decide(policy, breaker, now_s)


def _settle_closed(policy: Policy, breaker: Breaker, kind: Kind, now_s: float) -> Breaker:
    results = (*breaker.results, kind is Kind.SUCCESSFUL)[-policy.window :]
    if len(results) >= policy.minimum and failure_rate(results) >= policy.failure_rate:
        return move(breaker, State.OPEN, now_s)
    return replace(breaker, results=results)


def _decide(policy: Policy, breaker: Breaker, now_s: float) -> Breaker:
    if len(breaker.results) < policy.trials:
        return breaker
    failed = failure_rate(breaker.results) >= policy.failure_rate
    return move(breaker, State.OPEN if failed else State.CLOSED, now_s)


class NotPermittedError(Exception):
    """The breaker refused the call; nothing was sent."""


@dataclass(slots=True)
class Guard:
    """The breaker in time: admits, counts, tells about transitions.

    `judge` maps an exception of the guarded call to what it says about the other side.
    """

    policy: Policy
    judge: Callable[[Exception], Kind] = lambda _: Kind.FAILED
    on_transition: Callable[[State, State], None] = lambda _from, _to: None
    clock: Callable[[], float] = time.monotonic
    breaker: Breaker = field(default_factory=Breaker)
    calls: Counter[Kind] = field(default_factory=Counter)
    spent_s: defaultdict[Kind, float] = field(default_factory=lambda: defaultdict(float))
    transitions: Counter[tuple[State, State]] = field(default_factory=Counter)
    not_permitted: int = 0

    def closed(self) -> bool:
        """Calls pass freely."""
        return self.breaker.state is State.CLOSED

    def would_admit(self) -> bool:
        """Whether a call made now would be admitted; asks without using a permit or counting a refusal."""
        return admit(self.policy, self.breaker, self.clock())[1] is not None

    def admit(self) -> Ticket:
        """Leave for one call, or NotPermittedError."""
        after, ticket = admit(self.policy, self.breaker, self.clock())
        self._become(after)
        if ticket is None:
            raise self.refuse()
        return ticket

    def refuse(self) -> NotPermittedError:
        """Count one refusal."""
        self.not_permitted += 1
        return NotPermittedError(f"breaker is {self.breaker.state}")

    async def run(self, ticket: Ticket, attempt: Callable[[], Awaitable[T]]) -> T:
        """Make the admitted call and count its outcome, whatever it is."""
        begun_s = self.clock()
        kind = Kind.FAILED
        try:
            answer = await attempt()
            kind = Kind.SUCCESSFUL
            return answer
        except asyncio.CancelledError:
            kind = Kind.IGNORED  # our side gave up (a caller hung up): no verdict on the other side
            raise
        except Exception as error:
            kind = self.judge(error)
            raise
        finally:
            self._settle(ticket, kind, begun_s)

    def _settle(self, ticket: Ticket, kind: Kind, begun_s: float) -> None:
        now_s = self.clock()
        self.calls[kind] += 1
        self.spent_s[kind] += now_s - begun_s
        self._become(settle(self.policy, self.breaker, ticket, kind, now_s))

    def _become(self, after: Breaker) -> None:
        before, self.breaker = self.breaker.state, after
        if before is not after.state:
            self.transitions[before, after.state] += 1
            self.on_transition(before, after.state)
