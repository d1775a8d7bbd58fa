"""One caller against a platform that refuses, drops and answers as each test tells it, in simulated time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drill.load.call import Call
from drill.load.caller import Caller, Exchange
from drill.load.dialect import MarkGrammar
from drill.load.redial import USUAL, pause_s
from drill.load.script import USUAL_MIX
from drill.load.settings import Settings
from drill.load.websocket import Line
from drill.model.errors import WorldError
from drill.model.events import CallEnded, CallerGaveUp, CallStarted, Event, TurnInvoked
from drill.traffic.schedule import Arrival, Demand

S = 1_000_000_000
DEMAND = Demand(1, 1, 60.0, 1.0, 60.0, 9)
SETTINGS = Settings("ws://127.0.0.1:1/media", DEMAND, "run-1", "run-1", None, None, MarkGrammar())
FIRST_NAME = "CA909c29f384a54b582278afec5537c4ca"  # SHA-256 of `run-1|0|10.0|4711`
_E = TypeVar("_E", bound=Event)
ARRIVAL = Arrival(10.0, 60.0, "synthetic-0042", 4711)


@dataclass
class World:
    """What becomes of each call: `refuse` after so many seconds, `drop`, `mute` (for ever), `cut`, or
    `complete`; after the last word, the last again."""

    fates: Sequence[tuple[str, float]]
    now_ns: int = 10 * S
    closed: bool = False
    events: list[tuple[int, Event]] = field(default_factory=list)
    calls: int = 0
    waits: int = 0
    last_wait: int = 99

    def hold(self, arrival: Arrival = ARRIVAL) -> World:
        """The caller's whole time."""
        exchange = Exchange(SETTINGS, 0, self, self.observe, self.connect, lambda: self.now_ns, self.wait)
        for up in Caller(exchange, arrival, USUAL_MIX).life():
            self.live_through(up.call)
        return self

    def observe(self, event: Event, t_ns: int) -> None:
        """Everything that is told."""
        self.events.append((t_ns, event))

    def wait(self, seconds: float) -> None:
        """Time passes; at the last wait the run ends."""
        self.waits += 1
        self.closed = self.closed or self.waits >= self.last_wait
        self.now_ns += 0 if self.closed else round(seconds * S)

    def fate(self) -> tuple[str, float]:
        """Of the current call."""
        return self.fates[min(self.calls, len(self.fates)) - 1]

    def connect(self, url: str, deadline_s: float) -> Line:
        """Dial."""
        assert not self.closed
        self.calls += 1
        what, after_s = self.fate()
        if what == "refuse":
            self.now_ns += round(min(after_s, deadline_s) * S)
            raise WorldError("503")
        return cast("Line", self)

    def live_through(self, call: Call) -> None:
        """A call, at once."""
        call.begin(self, self.now_ns)
        what, after_s = self.fate()
        if what == "mute":
            self._frames(call)
        elif what == "complete":
            self.now_ns = max(self.now_ns, call.ends_ns)
            call.tick(self.now_ns, self.now_ns)
        else:
            self.now_ns += round(after_s * S)
            (call.closed if what == "drop" else call.cut)(self.now_ns, what)

    def _frames(self, call: Call) -> None:
        while not self.of(CallEnded) or self.of(CallEnded)[-1].call != call.identity.call_sid:
            self.now_ns += S // 50
            call.tick(self.now_ns, self.now_ns)
        assert self.now_ns <= call.limit_ns

    def ping(self, payload: bytes) -> None:
        """Nobody answers."""

    def send(self, text: bytes, *, droppable: bool = False) -> None:
        """The call's port: nobody listens."""

    def close(self) -> None:
        """The line is given back."""

    def of(self, kind: type[_E]) -> list[_E]:
        """Events of a kind, in order."""
        return [event for _, event in self.events if isinstance(event, kind)]


def test_who_is_cut_off_dials_again_after_the_seeds_pause() -> None:
    """A new call under new names, that says which one it is for and when it was meant to begin."""
    world = World([("drop", 20.0), ("complete", 0.0)]).hold()
    first, second = world.of(CallStarted)
    pause_ns = round((pause_s(USUAL, ARRIVAL.seed, 1, 0.0) or 0.0) * S)
    assert (first.redial_of, first.attempt, first.intended_ns) == ("", 1, 10 * S)
    assert (second.redial_of, second.attempt) == (first.call, 2)
    assert second.intended_ns == 30 * S + pause_ns
    assert second.call != first.call
    assert second.patient == first.patient
    assert [event.outcome for event in world.of(CallEnded)] == ["dropped", "completed"]
    assert world.events[-1][0] == 70 * S  # when the first was meant to end
    assert not world.of(CallerGaveUp)


def test_a_caller_who_is_refused_gives_up_after_six_calls() -> None:
    """The chain names each call before; the last word is the caller's."""
    world = World([("refuse", 0.001)]).hold()
    started, (gone,) = world.of(CallStarted), world.of(CallerGaveUp)
    assert [event.attempt for event in started] == [1, 2, 3, 4, 5, 6]
    assert [event.redial_of for event in started] == ["", *(event.call for event in started[:-1])]
    assert not any(event.ok for event in started)
    assert (gone.call, gone.attempts) == (started[-1].call, 6)
    assert world.events[-1][1] is gone


def test_thirty_seconds_of_trying_are_enough() -> None:
    """A zone that answers nothing costs the connect's five seconds each time."""
    world = World([("drop", 20.0), ("refuse", 99.0)]).hold()
    (gone,) = world.of(CallerGaveUp)
    assert gone.attempts <= 6
    assert max(event.intended_ns for event in world.of(CallStarted)) <= (30 + 30) * S
    assert world.now_ns <= (30 + 30 + 5) * S


def test_patience_begins_anew_with_each_call_that_gets_through() -> None:
    """The number of calls does not."""
    world = World([("drop", 9.0)]).hold(Arrival(10.0, 600.0, "synthetic-0042", 4711))
    assert len(world.of(CallStarted)) == 6
    assert world.now_ns > (10 + 6 * 9) * S


@pytest.mark.parametrize("fate", ["complete", "cut"])
def test_a_call_that_ended_in_order_is_not_redialled(fate: str) -> None:
    """Nor is one that the end of the run took."""
    world = World([(fate, 5.0)]).hold()
    assert (world.calls, len(world.of(CallerGaveUp))) == (1, 0)


def test_dead_air_is_hung_up_on_and_redialled() -> None:
    """No greeting within fifteen seconds, then one more call."""
    world = World([("mute", 0.0), ("complete", 0.0)]).hold()
    abandoned, completed = world.of(CallEnded)
    assert (abandoned.outcome, completed.outcome) == ("abandoned", "completed")
    assert "15 s" in abandoned.detail
    assert world.of(CallStarted)[1].redial_of == abandoned.call
    assert not world.of(TurnInvoked)


def test_a_call_cut_off_just_before_its_end_is_redialled_for_eight_seconds() -> None:
    """The caller was in the middle of something."""
    world = World([("drop", 59.9), ("complete", 0.0)]).hold()
    second = world.of(CallStarted)[1]
    assert second.intended_ns > 70 * S
    assert world.now_ns == second.intended_ns + 8 * S


def test_a_call_cut_off_in_its_overtime_is_not_wanted_back() -> None:
    """And nobody is left waiting: the caller's last word stands at the very instant of the break."""
    world = World([("drop", 62.0)]).hold()
    (gone,) = world.of(CallerGaveUp)
    assert (world.calls, gone.attempts) == (1, 1)
    assert world.events[-1] == (72 * S, gone)


@pytest.mark.parametrize("last_wait", [1, 2, 3])
def test_the_end_of_the_run_ends_a_pause_without_a_word(last_wait: int) -> None:
    """Nothing is dialled after it, and nobody lost patience."""
    world = World([("drop", 1.0), ("refuse", 0.1)], last_wait=last_wait).hold()
    assert world.calls == last_wait
    assert not world.of(CallerGaveUp)


def test_a_refusal_that_the_end_of_the_run_overtakes_is_no_loss_of_patience() -> None:
    """The refusal is told; that the caller would have given up, nobody knows."""
    world = World([("refuse", 0.1)])
    refuse = world.connect

    def connect(url: str, deadline_s: float) -> Line:
        try:
            return refuse(url, deadline_s)
        finally:
            world.closed = world.calls == 6

    world.connect = connect
    world.hold()
    assert len(world.of(CallStarted)) == 6
    assert not world.of(CallerGaveUp)


fates = st.tuples(st.sampled_from(["refuse", "drop", "mute", "complete"]), st.floats(0.0, 70.0))


@settings(deadline=None)
@given(st.lists(fates, min_size=1, max_size=7), st.integers(0, 2**48 - 1))
def test_whatever_the_platform_does_a_caller_is_one_chain(what: list[tuple[str, float]], seed: int) -> None:
    """Each call names the one before; every one that was up ends; the last is good, or given up; the
    same platform and seed give the same caller, to the nanosecond."""
    world = World(what).hold(Arrival(10.0, 60.0, "synthetic-0042", seed))
    started, ended = world.of(CallStarted), {event.call: event.outcome for event in world.of(CallEnded)}
    assert [event.redial_of for event in started] == ["", *(event.call for event in started[:-1])]
    assert [event.attempt for event in started] == list(range(1, len(started) + 1))
    assert len({event.call for event in started}) == len(started) <= USUAL.calls_max
    assert set(ended) == {event.call for event in started if event.ok}
    assert (ended.get(started[-1].call) != "completed") == bool(world.of(CallerGaveUp))
    assert "completed" not in [ended.get(event.call) for event in started[:-1]]
    assert World(what).hold(Arrival(10.0, 60.0, "synthetic-0042", seed)).events == world.events


def test_names_of_first_calls_are_as_they_were() -> None:
    """An arrival's first call has the name it always had; only redials add their number to it."""
    assert World([("complete", 0.0)]).hold().of(CallStarted)[0].call == FIRST_NAME
