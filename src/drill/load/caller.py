"""One caller of the schedule: dials, talks, and dials again when the platform breaks off.

    dial ──answered──▶ talk ──completed, cut──▶ gone
     ▲  └─refused──┐    └──dropped, abandoned──┐
     └──── pause ──┴───────────────────────────┴──out of patience──▶ CallerGaveUp

Theory: the caller wants back what was cut off. So a call that ends after the caller meant to hang up
anyway is not wanted back, and every pause and connection that the end of the run cuts short is just
that: it says nothing about the platform's callers, and nothing is written of it.

Dialling and pausing wait; while a call is up there is nothing to wait for but its end. A greenlet that waits
keeps 9 KB of stack, of which thousands of calls would need one each, so a caller's life is a generator: it
stops at each call that is up, and whoever drives it lets its greenlet go meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Protocol

from drill.load import redial
from drill.load.call import Call, Identity
from drill.load.dialect import Dialect
from drill.load.owed import Observer
from drill.load.redial import Patience
from drill.load.script import Said
from drill.load.settings import Settings
from drill.load.websocket import Line
from drill.model.errors import WorldError
from drill.model.events import CallEnded, CallerGaveUp, CallStarted, Event
from drill.model.units import NS_PER_S
from drill.traffic.schedule import Arrival

CONNECT_S = 5.0  # a zone that takes the connection and never answers has refused the call by then
_BROKEN = ("dropped", "abandoned")


class Seats(Protocol):
    """The engine, as far as a caller sees it: `closed` once the run is over."""

    closed: bool


@dataclass(frozen=True, slots=True)
class Exchange:
    """What all callers of a run have in common. `wait` lets so many seconds pass, fewer if the run ends."""

    settings: Settings
    t0_ns: int
    seats: Seats
    observe: Observer
    connect: Callable[[str, float], Line]
    clock_ns: Callable[[], int]
    wait: Callable[[float], object]


@dataclass(frozen=True, slots=True)
class Dial:
    """One call to be made. `since_ns`: since when the caller wants it."""

    attempt: int
    redial_of: str
    intended_ns: int
    since_ns: int


@dataclass(frozen=True, slots=True)
class Up:
    """A call that is up, on its line: somebody has to hold it until it is over."""

    call: Call
    line: Line


class Caller:
    """See the module."""

    def __init__(
        self,
        exchange: Exchange,
        arrival: Arrival,
        said: Said,
        patience: Patience = redial.USUAL,
        dialect: Dialect | None = None,
    ) -> None:
        self._exchange, self._arrival, self._said, self._patience = exchange, arrival, said, patience
        self._dialect = dialect or exchange.settings.dialect
        self._first_ns = exchange.t0_ns + round(arrival.at_s * NS_PER_S)
        self._meant_ns = self._first_ns + round(arrival.duration_s * NS_PER_S)
        self._ended: tuple[CallEnded, int] | None = None

    def life(self) -> Iterator[Up]:
        """From the first dialling to the last hanging up; to be taken on when the call that is up is over."""
        dial: Dial | None = Dial(1, "", self._first_ns, self._first_ns)
        while dial is not None:
            if dial.attempt > 1:
                pause_ns = max(0, dial.intended_ns - self._exchange.clock_ns())
                self._exchange.wait(pause_ns / NS_PER_S)
            if self._exchange.seats.closed:
                return
            dial = yield from self._call(dial)

    def _call(self, dial: Dial) -> Generator[Up, None, Dial | None]:
        """Make this call; the next one, if there has to be one."""
        exchange, identity = self._exchange, self._identity(dial.attempt)
        try:
            line = exchange.connect(exchange.settings.edge, CONNECT_S)
        except WorldError as error:
            refused_ns = self._started(dial, identity, str(error))
            return self._again(dial, identity.call_sid, refused_ns, dial.since_ns)
        if exchange.seats.closed:
            line.close()
            return None
        up_ns = self._started(dial, identity, "")
        ends_ns = redial.ends_ns(self._meant_ns, up_ns, dial.attempt)
        turns = self._said.turns(redial.script_seed(self._arrival.seed, dial.attempt))
        self._ended = None
        yield Up(Call(identity, turns, ends_ns, self._see, exchange.settings.grammar, self._dialect), line)
        return self._afterwards(dial, identity.call_sid, ends_ns)

    def _identity(self, attempt: int) -> Identity:
        settings, arrival = self._exchange.settings, self._arrival
        text = f"{settings.run_id}|{self._exchange.t0_ns}|{arrival.at_s}|{arrival.seed}"
        text += f"|{attempt}" if attempt > 1 else ""
        name = hashlib.sha256(text.encode()).hexdigest()[:32]
        return Identity(f"CA{name}", f"MZ{name}", arrival.patient, settings.drill_id)

    def _started(self, dial: Dial, identity: Identity, error: str) -> int:
        now_ns = self._exchange.clock_ns()
        self._exchange.observe(
            CallStarted(
                identity.call_sid, identity.patient, dial.intended_ns, not error, error,
                redial_of=dial.redial_of, attempt=dial.attempt,
            ),
            now_ns,
        )  # fmt: skip
        return now_ns

    def _see(self, event: Event, t_ns: int) -> None:
        if isinstance(event, CallEnded):
            self._ended = event, t_ns
        self._exchange.observe(event, t_ns)

    def _afterwards(self, dial: Dial, call: str, ends_ns: int) -> Dial | None:
        if self._ended is None or self._ended[0].outcome not in _BROKEN:
            return None
        broke_ns = self._ended[1]
        if broke_ns < ends_ns:
            return self._again(dial, call, broke_ns, broke_ns)
        self._give_up(dial, call, broke_ns, "had meant to hang up by then")
        return None

    def _again(self, dial: Dial, call: str, broke_ns: int, since_ns: int) -> Dial | None:
        tried_s = (broke_ns - since_ns) / NS_PER_S
        pause_s = redial.pause_s(self._patience, self._arrival.seed, dial.attempt, tried_s)
        if pause_s is None:
            self._give_up(dial, call, self._exchange.clock_ns(), f"tried for {tried_s:.1f} s")
            return None
        return Dial(dial.attempt + 1, call, broke_ns + round(pause_s * NS_PER_S), since_ns)

    def _give_up(self, dial: Dial, call: str, now_ns: int, why: str) -> None:
        if not self._exchange.seats.closed:  # else the run's end took the call, and nobody lost patience
            self._exchange.observe(CallerGaveUp(call, dial.attempt, why), now_ns)
