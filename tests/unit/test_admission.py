"""How many calls an agent takes, how long it waits for its store, and what it calls illness."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from drill.sandbox import service
from drill.sandbox.agent import Door
from drill.sandbox.defects import Defect
from drill.sandbox.desk import FULL, UNSAVED, Desk, Told
from drill.sandbox.endpointing import Intent
from drill.sandbox.pool import StoreError
from drill.sandbox.settings import Settings
from drill.sandbox.turns import Turn
from drill.sandbox.vitals import Vitals

HOST, PORT = "127.101.0.1", 17001
TURN = Turn("t-1", "run", "CA1", 1, "synthetic-0001", Intent.CHAT)


def played(scene: Callable[[Door, aiohttp.ClientSession], Awaitable[None]], capacity: int) -> None:
    """A scene with a door of this capacity; nobody behind it ever needs to answer."""

    async def whole() -> None:
        house: Any = None
        door = Door("a", house, Vitals(_silent, 15.0), capacity)
        figures: Any = None
        async with service.listening(door.app(figures), HOST, PORT), aiohttp.ClientSession() as session:
            await scene(door, session)

    asyncio.run(whole())


async def _silent() -> None:
    raise StoreError("away")


async def status_of_a_call(session: aiohttp.ClientSession) -> int:
    """What the upgrade of one more call is answered with."""
    try:
        async with session.ws_connect(f"http://{HOST}:{PORT}/media"):
            return 101
    except aiohttp.WSServerHandshakeError as error:
        return error.status


def test_a_full_agent_refuses_before_the_call_begins_and_counts_it() -> None:
    """Two have room, the third is told so at once; a place that is given back is taken again."""

    async def scene(door: Door, session: aiohttp.ClientSession) -> None:
        url = f"http://{HOST}:{PORT}/media"
        async with session.ws_connect(url), session.ws_connect(url):
            assert await status_of_a_call(session) == 503
            assert (door.active_calls(), door.rejected) == (2, 1)
        async with asyncio.timeout(5):
            while door.active_calls():  # noqa: ASYNC110  # the door under test has no event to wait for
                await asyncio.sleep(0.01)
        assert await status_of_a_call(session) == 101
        assert door.rejected == 1

    played(scene, 2)


def test_calls_that_come_together_get_no_more_than_the_places() -> None:
    """The place is taken before the upgrade is answered, not after."""

    async def scene(door: Door, session: aiohttp.ClientSession) -> None:
        sockets = [session.ws_connect(f"http://{HOST}:{PORT}/media") for _ in range(8)]
        results = await asyncio.gather(*(_held(it) for it in sockets))
        assert sorted(results) == [101] * 3 + [503] * 5

    async def _held(connecting: Any) -> int:
        try:
            socket = await connecting
        except aiohttp.WSServerHandshakeError as error:
            return error.status
        await asyncio.sleep(0.3)
        await socket.close()
        return 101

    played(scene, 3)


def test_without_capacity_two_zones_are_not_enough_for_forty() -> None:
    """The defect: three zones hold forty callers with room, two do not."""
    share = Settings().admits(frozenset({Defect.NO_CAPACITY}))
    assert 2 * share < 40 < 3 * share
    assert Settings().admits(frozenset()) == 40
    assert Settings(capacity=25).admits(frozenset({Defect.NO_CAPACITY})) == 10


@dataclass
class Store:
    """Takes a turn at the n-th offer."""

    refusals: float
    offers: int = 0
    saved: list[str] = field(default_factory=list)

    async def save(self, turn: Turn, outcome: str) -> None:
        self.offers += 1
        if self.offers <= self.refusals:
            raise StoreError("failing over")
        self.saved.append(outcome)


def told(store: Store, patience_s: float, wanted: Callable[[], bool] = lambda: True) -> Told:
    """What a caller is told about one chat turn."""
    nothing: Any = None
    turns: Any = store
    desk = Desk(turns, nothing, nothing, frozenset(), patience_s)
    return asyncio.run(desk.handle(TURN, wanted))


def test_a_turn_is_offered_until_the_store_takes_it() -> None:
    """A store that fails over costs the caller time, not the turn."""
    store = Store(2)
    assert told(store, 5.0) == Told(FULL, "none")
    assert (store.offers, store.saved) == (3, ["full"])


def test_patience_ends_and_then_nothing_is_acknowledged() -> None:
    """What was never saved is never said to be."""
    store = Store(float("inf"))
    assert told(store, 0.6).outcome == UNSAVED
    assert 2 <= store.offers <= 4
    assert not store.saved


def test_a_turn_that_nobody_waits_for_is_offered_once() -> None:
    """The caller is gone: the place is wanted by others."""
    store = Store(float("inf"))
    assert told(store, 5.0, lambda: False).outcome == UNSAVED
    assert store.offers == 1


@pytest.mark.parametrize(("silence_s", "ill"), [(15.0, False), (0.1, True)])
def test_a_store_that_is_away_for_a_moment_is_no_illness(silence_s: float, ill: bool) -> None:
    """All zones share it: they must not all be ill at once whenever it fails over."""

    async def scene() -> list[str]:
        answers = iter([True])

        async def alive() -> None:
            if not next(answers, False):
                raise StoreError("failing over")

        vitals = Vitals(alive, silence_s)
        watching = asyncio.create_task(vitals.watch_store())
        await asyncio.sleep(0.8)
        watching.cancel()
        return vitals.ailments()

    assert bool(asyncio.run(scene())) is ill
