"""Callers who speak into answers, against two agents that know nothing of them, in simulated time: the
stand-in written from the dialect alone, and the sandbox's own."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import selectors
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import WSMessage, WSMsgType

from drill.load.call import Call, Identity, Phase
from drill.load.script import HANG_UP, Turn
from drill.model.events import CallEnded, CallHeard, Event, TurnEnded, TurnInvoked
from drill.sandbox import dialog, line
from drill.sandbox.desk import Told
from drill.sandbox.mind import Mind
from drill.sandbox.settings import Settings
from fakes.stages import Nearby
from fakes.voice_agent import Conversation

S = 1_000_000_000
ME = Identity("CA1", "MZ1", "synthetic-0042", "run-1")
RUDE = [
    Turn(1, "dtmf", 20, 0),
    Turn(2, "lookup", 40, 40),
    Turn(3, "note", 40, 45, barge_frames=10),
    Turn(4, "chat", 40, 45, barge_frames=12),
    Turn(5, "lookup", 40, 40),
    Turn(6, HANG_UP, 40, 0),
]
Agent = Callable[["Wire"], Coroutine[Any, Any, None]]


class Simulated(selectors.SelectSelector):
    """An event loop's selector in which time passes when nobody has anything to do."""

    now_s = 1000.0

    def select(self, timeout: float | None = None) -> list[Any]:
        """Sleep, at no cost."""
        assert timeout is not None, "everybody waits for ever"
        self.now_s += max(0.0, timeout)
        return super().select(0)


class Wire:
    """The call's port and the agent's socket."""

    def __init__(self, clock: Simulated) -> None:
        self.clock, self.sent, self.events = clock, list[dict[str, Any]](), list[Event]()
        self.inbox: asyncio.Queue[WSMessage] = asyncio.Queue()
        self.call = Call(
            ME, itertools.chain(RUDE), self.now_ns() + 60 * S, lambda event, _: self.events.append(event)
        )

    def now_ns(self) -> int:
        """The simulated clock."""
        return round(self.clock.now_s * S)

    def ping(self, payload: bytes) -> None:
        """Nobody answers."""

    def send(self, text: bytes, *, droppable: bool = False) -> None:
        """The call's."""
        self.sent.append(json.loads(text))
        self.inbox.put_nowait(WSMessage(WSMsgType.TEXT, text.decode(), None))

    async def send_str(self, text: str) -> None:
        """The agent's."""
        self.call.message(text.encode(), self.now_ns())

    async def receive(self, timeout: float | None = None) -> WSMessage:  # noqa: ASYNC109  # as aiohttp has it
        """The agent listens."""
        async with asyncio.timeout(timeout):
            return await self.inbox.get()

    async def close(self, **_: object) -> None:
        """The agent hangs up."""

    async def talk(self) -> None:
        """The caller's side, to its end."""
        self.call.begin(self, self.now_ns())
        while self.call.phase is not Phase.OVER:
            await asyncio.sleep(0.02)
            self.call.tick(self.now_ns(), self.now_ns())

    def ended(self) -> list[TurnEnded]:
        """Turns ended."""
        return [event for event in self.events if isinstance(event, TurnEnded)]


async def stand_in(wire: Wire, *, talk_on: bool = False) -> None:
    """tests/fakes/voice_agent.py without its process: half a second of voice an answer."""
    options = argparse.Namespace(
        reply_after=0.4, hang_up_at=0, mute_at=0, mix_up_at=0, hang_up_calls=0, talk_on=talk_on
    )
    conversation = Conversation(wire, options, 1)
    while True:
        await conversation.take(json.loads((await wire.receive()).data))


async def deaf(wire: Wire) -> None:
    """The same, but it speaks on."""
    await stand_in(wire, talk_on=True)


async def sandbox(wire: Wire) -> None:
    """The sandbox's agent with a desk that saves everything: two seconds of voice an answer."""

    async def handle(*_: object) -> Told:
        return Told("full", "ok")

    desk, truth = SimpleNamespace(handle=handle), SimpleNamespace(write=lambda **_: None)
    settings = Settings(reply_ms=2000)
    house = dialog.House(desk, Mind(Nearby(settings), settings, frozenset()), truth, frozenset())
    await dialog.converse(wire, house)


def talked(agent: Agent) -> Wire:
    """A whole call."""

    async def both() -> Wire:
        wire = Wire(clock)
        listening = asyncio.create_task(agent(wire))
        await wire.talk()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        return wire

    clock = Simulated()
    loop = asyncio.SelectorEventLoop(clock)
    loop.time = lambda: clock.now_s
    try:
        return loop.run_until_complete(both())
    finally:
        loop.close()


@pytest.fixture(autouse=True)
def _agents_live_in_simulated_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = lambda: asyncio.get_running_loop().time()  # noqa: E731  # handed over as a clock
    simulated = SimpleNamespace(monotonic=now_s, monotonic_ns=lambda: round(now_s() * S))
    for module in (dialog, line):
        monkeypatch.setattr(module, "time", simulated)


@pytest.mark.parametrize("agent", [stand_in, sandbox])
def test_who_speaks_into_an_answer_is_heard_and_counted(agent: Agent) -> None:
    """Every turn full and in order, those spoken into answers too; the agent falls silent in a moment."""
    wire = talked(agent)
    assert [(turn.seq, turn.outcome, turn.ledger) for turn in wire.ended()] == [
        (seq, "full", "ok") for seq in range(1, 6)
    ]
    stops_ms = [turn.barge_stop_ms for turn in wire.ended()]
    assert [stop_ms >= 0 for stop_ms in stops_ms] == [False, False, True, True, False]
    assert all(80 <= stop_ms <= 140 for stop_ms in stops_ms if stop_ms >= 0)
    assert isinstance(wire.events[-1], CallEnded)
    assert wire.events[-1].outcome == "completed"


@pytest.mark.parametrize("agent", [stand_in, sandbox])
def test_every_mark_goes_back_once_also_of_answers_cut_short(agent: Agent) -> None:
    """The greeting's, and one for each turn that was answered."""
    wire = talked(agent)
    marks = [frame["mark"]["name"] for frame in wire.sent if frame["event"] == "mark"]
    assert [mark.split(":")[:2] for mark in marks] == [
        ["greeting"],
        *(["turn", str(seq)] for seq in range(1, 6)),
    ]
    invoked = [event.seq for event in wire.events if isinstance(event, TurnInvoked)]
    assert invoked == [1, 2, 3, 4, 5]


def test_who_is_not_listened_to_is_talked_over() -> None:
    """The agent speaks on to its end: no clear, more talk-over than with one that listens."""
    deaf_heard, polite_heard = (
        next(event for event in talked(agent).events if isinstance(event, CallHeard))
        for agent in (deaf, stand_in)
    )
    assert deaf_heard.talk_over_ms >= 2 * 280
    assert polite_heard.talk_over_ms <= 2 * 140
    stops_ms = [turn.barge_stop_ms for turn in talked(deaf).ended() if turn.barge_stop_ms >= 0]
    assert len(stops_ms) == 2
    assert min(stops_ms) >= 280


@pytest.mark.parametrize("agent", [stand_in, sandbox])
def test_a_healthy_agent_leaves_no_gaps(agent: Agent) -> None:
    """Sent ahead of its time, its audio is never late."""
    (heard,) = [event for event in talked(agent).events if isinstance(event, CallHeard)]
    assert (heard.underruns, heard.silence_ms, heard.late_share, heard.jitter_ms) == (0, 0.0, 0.0, 0.0)
    assert 0 <= heard.greeting_ms < 500
