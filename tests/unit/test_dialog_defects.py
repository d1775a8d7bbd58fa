"""Defects of the voice: the sandbox's agent has each when told to and not otherwise, and callers notice.

Callers are the load's own, the agent is the sandbox's, and time is simulated: what a drill would be given
to judge is what is looked at. The desk saves everything at once.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import selectors
from collections.abc import Set
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import WSMessage, WSMsgType

from drill.load.call import Call, Identity, Phase
from drill.load.script import HANG_UP, Turn
from drill.model.events import CallEnded, CallHeard, Event, TurnEnded
from drill.sandbox import dialog, line
from drill.sandbox.defects import Defect, Defects
from drill.sandbox.desk import UNSAVED, Told
from drill.sandbox.mind import Mind
from drill.sandbox.settings import Settings
from fakes.stages import Nearby

S = 1_000_000_000
CALLS = 5
TURNS = [
    Turn(1, "dtmf", 50, 0),
    Turn(2, "chat", 60, 40),
    Turn(3, "lookup", 60, 45, barge_frames=15),
    Turn(4, "note", 60, 40),
    Turn(5, "chat", 70, 40),
    Turn(6, HANG_UP, 50, 0),
]
CLEAN: Defects = frozenset()
EVENLY = Settings(sigma=0.0)


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

    def __init__(self, clock: Simulated, number: int) -> None:
        self.clock, self.said, self.events = clock, list[dict[str, Any]](), list[Event]()
        self.inbox: asyncio.Queue[WSMessage] = asyncio.Queue()
        who = Identity(f"CA{number}", f"MZ{number}", "synthetic-0042", "run-1")
        ends_ns = self.now_ns() + 90 * S
        self.call = Call(who, itertools.chain(TURNS), ends_ns, lambda event, _: self.events.append(event))

    def now_ns(self) -> int:
        """The simulated clock."""
        return round(self.clock.now_s * S)

    def ping(self, payload: bytes) -> None:
        """Nobody answers."""

    def send(self, text: bytes, *, droppable: bool = False) -> None:
        """The call's."""
        self.inbox.put_nowait(WSMessage(WSMsgType.TEXT, text.decode(), None))

    async def send_str(self, text: str) -> None:
        """The agent's."""
        self.said.append(json.loads(text))
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

    def kinds(self) -> list[str]:
        """What the agent sent, by event."""
        return [frame["event"] for frame in self.said]

    def turns(self) -> list[TurnEnded]:
        """Turns ended."""
        return [event for event in self.events if isinstance(event, TurnEnded)]

    def latencies_s(self) -> list[float]:
        """Of each turn."""
        return [(turn.first_audio_ns - turn.eos_ns) / S for turn in self.turns()]

    def heard(self) -> CallHeard:
        """The whole call."""
        return next(event for event in self.events if isinstance(event, CallHeard))


def talked(
    *active: Defect,
    calls: int = 1,
    outcome: str = "full",
    fails: Set[str] = frozenset(),
    stalls_after: int | None = None,
) -> list[Wire]:
    """Calls to one agent with these defects, begun together, each to its end."""

    async def handle(*_: object) -> Told:
        return Told(outcome, "ok")

    async def all_of_them() -> list[Wire]:
        desk: Any = SimpleNamespace(handle=handle)
        truth: Any = SimpleNamespace(write=lambda **_: None)
        wires: list[Any] = [Wire(clock, number) for number in range(calls)]
        stages = Nearby(EVENLY)
        stages.fails, stages.stalls_after = set(fails), stalls_after
        mind = Mind(stages, EVENLY, frozenset(active))
        house = dialog.House(desk, mind, truth, frozenset(active), dialog.lane(frozenset(active)))
        agents = [asyncio.create_task(dialog.converse(wire, house)) for wire in wires]
        await asyncio.gather(*(wire.talk() for wire in wires))
        for ended in await asyncio.gather(*agents, return_exceptions=True):
            assert ended is None or isinstance(ended, TimeoutError)  # an answer that never ended
        await mind.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}, "an agent's work outlives its call"
        return wires

    clock = Simulated()
    loop = asyncio.SelectorEventLoop(clock)
    loop.time = lambda: clock.now_s
    try:
        return loop.run_until_complete(all_of_them())
    finally:
        loop.close()


@pytest.fixture(autouse=True)
def _agents_live_in_simulated_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = lambda: asyncio.get_running_loop().time()  # noqa: E731  # handed over as a clock
    simulated = SimpleNamespace(monotonic=now_s, monotonic_ns=lambda: round(now_s() * S))
    for module in (dialog, line):
        monkeypatch.setattr(module, "time", simulated)


def all_answered(wire: Wire) -> bool:
    """Every turn full, and the call at its own end: what is wrong is wrong with the voice alone."""
    ended = wire.events[-1]
    whole = [turn.outcome for turn in wire.turns()] == ["full"] * 5
    return whole and isinstance(ended, CallEnded) and ended.outcome == "completed"


def test_a_clean_agent_has_none_of_them() -> None:
    """Also when several call at once."""
    for wire in talked(calls=CALLS):
        assert all_answered(wire)
        assert max(wire.latencies_s()) < 0.7
        assert [turn.barge_stop_ms >= 0 for turn in wire.turns()] == [False, False, True, False, False]
        assert max(turn.barge_stop_ms for turn in wire.turns()) <= 140
        assert 0 <= wire.heard().greeting_ms <= 140
        assert wire.heard().talk_over_ms <= 140
        assert wire.kinds().count("clear") == 1
        assert wire.kinds().count("mark") == 6


def test_no_barge_in_is_an_agent_that_talks_on() -> None:
    """No clear; whoever speaks into an answer hears it to its end."""
    (wire,) = talked(Defect.NO_BARGE_IN)
    assert all_answered(wire)
    assert "clear" not in wire.kinds()
    assert max(turn.barge_stop_ms for turn in wire.turns()) >= 280
    assert wire.heard().talk_over_ms >= 280


def test_late_audio_is_spoken_over_the_callers_next_sentence() -> None:
    """More comes a fixed time after the answer; only talk-over tells, since every answer was in time."""
    (wire,) = talked(Defect.LATE_AUDIO)
    assert all_answered(wire)
    assert max(wire.latencies_s()) < 0.7
    assert wire.heard().talk_over_ms >= 3 * 280


def test_late_audio_vouches_for_nothing_that_was_not_saved() -> None:
    """The defect is one of the voice: no mark comes with it that the answer itself did not have."""
    (wire,) = talked(Defect.LATE_AUDIO, outcome=UNSAVED)
    assert [frame["mark"]["name"] for frame in wire.said if frame["event"] == "mark"] == ["greeting"]


def test_no_endpointing_notices_the_end_of_speech_late() -> None:
    """Three seconds of quiet instead of 200 ms; a key has no end to be noticed."""
    (wire,) = talked(Defect.NO_ENDPOINTING)
    assert all_answered(wire)
    key_s, *spoken_s = wire.latencies_s()
    assert key_s < 0.5
    assert all(3.2 <= latency_s <= 3.5 for latency_s in spoken_s)


def test_media_head_of_line_makes_calls_wait_for_each_other() -> None:
    """Alone a caller notices nothing; of several at once the last waits for all before it."""
    (alone,) = talked(Defect.MEDIA_HEAD_OF_LINE)
    assert max(alone.latencies_s()) < 0.7
    together = talked(Defect.MEDIA_HEAD_OF_LINE, calls=CALLS)
    assert all(all_answered(wire) for wire in together)
    assert max(max(wire.latencies_s()) for wire in together) >= 1.0
    assert max(wire.heard().greeting_ms for wire in together) >= CALLS * EVENLY.tts_ms


def test_greeting_lost_leaves_its_mark_only() -> None:
    """The caller goes on, and hears the agent for the first time with the first answer."""
    (wire,) = talked(Defect.GREETING_LOST)
    assert all_answered(wire)
    assert wire.kinds()[0] == "mark"
    assert wire.heard().greeting_ms >= 1000


def test_speech_and_model_that_fail_are_heard_as_degraded_never_as_silence() -> None:
    """Each for itself and all together: every turn answered, in time, and honestly told."""
    for fails in ({"recognition"}, {"model"}, {"synthesis"}, {"recognition", "model", "synthesis"}):
        (wire,) = talked(fails=fails)
        expected = ["full" if fails == {"recognition"} else "degraded", *["degraded"] * 4]  # a key is plain
        assert [turn.outcome for turn in wire.turns()] == expected
        assert max(wire.latencies_s()) < 0.7
        assert wire.heard().greeting_ms >= 0


def test_speech_that_stalls_is_finished_by_a_recording() -> None:
    """The hole is as long as the next piece is waited for, and no longer."""
    (wire,) = talked(stalls_after=3)
    assert [turn.outcome for turn in wire.turns()] == ["degraded"] * 5
    assert 100 < max(turn.longest_gap_ms for turn in wire.turns()) <= EVENLY.tts_timeout_ms


def test_silent_fallback_is_dead_air_when_the_model_fails() -> None:
    """With a model that answers there is nothing to notice; without one the caller gives up."""
    (well,) = talked(Defect.SILENT_FALLBACK)
    assert all_answered(well)
    (wire,) = talked(Defect.SILENT_FALLBACK, fails={"model"})
    assert [turn.outcome for turn in wire.turns()] == ["unanswered"]
    ended = wire.events[-1]
    assert isinstance(ended, CallEnded)
    assert ended.outcome == "abandoned"


def test_tts_stall_is_an_agent_that_waits_for_its_own_voice() -> None:
    """With speech that comes there is nothing to notice; without it half a greeting is all there is."""
    (well,) = talked(Defect.TTS_STALL)
    assert all_answered(well)
    (wire,) = talked(Defect.TTS_STALL, stalls_after=3)
    assert wire.heard().greeting_ms >= 0
    ended = wire.events[-1]
    assert isinstance(ended, CallEnded)
    assert ended.outcome == "abandoned"
