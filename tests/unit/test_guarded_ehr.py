"""EHR requests through the breaker, and the outbox behind them, with stand-ins for network and store."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from drill.sandbox.breaker import Guard, Kind, NotPermittedError, Policy, State
from drill.sandbox.defects import Defect, Defects
from drill.sandbox.desk import Desk, Told
from drill.sandbox.ehr_client import EhrError, judge
from drill.sandbox.endpointing import Intent
from drill.sandbox.guarded_ehr import GuardedEhr
from drill.sandbox.outbox import Deliverer
from drill.sandbox.turns import Owed, Turn

POLICY = Policy(window=10, minimum=2, wait_s=5.0)


@dataclass
class Ehr:
    """An EHR that works, or works and loses the answer, or does not work at all."""

    mode: str = "up"
    timeout_s: float = 1.5
    requests: int = 0
    records: list[str] = field(default_factory=list)

    async def write_note(self, turn_id: str, _note: Mapping[str, Any], *, once: bool = True) -> None:
        self.requests += 1
        await asyncio.sleep(0)
        if self.mode != "down" and not (once and turn_id in self.records):
            self.records.append(turn_id)
        if self.mode != "up":
            raise EhrError("timeout", "no answer")

    async def patient(self, identifier: str) -> Mapping[str, Any]:
        self.requests += 1
        await asyncio.sleep(0)
        if self.mode != "up":
            raise EhrError("timeout", "no answer")
        return {"id": identifier}

    async def appointments(self, _patient_id: str, _timeout_s: float) -> list[Mapping[str, Any]]:
        self.requests += 1
        return []


@dataclass
class Store:
    """The turn and outbox tables."""

    outcomes: dict[str, str] = field(default_factory=dict)
    owed: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    async def save(self, turn: Turn, outcome: str) -> None:
        self.outcomes[turn.turn_id] = outcome

    async def save_owing(self, turn: Turn, document: Mapping[str, Any], _claim_s: float) -> None:
        self.outcomes[turn.turn_id] = "degraded"
        self.owed[turn.turn_id] = document

    async def delivered_at_once(self, turn_id: str) -> None:
        self.outcomes[turn_id] = "full"
        del self.owed[turn_id]

    async def delivered(self, turn_id: str) -> None:
        del self.owed[turn_id]

    async def claim(self, most: int, _claim_s: float) -> list[Owed]:
        return [Owed(*item) for item in list(self.owed.items())[:most]]

    async def defer(self, turn_id: str, _delay_s: float) -> None:
        assert turn_id in self.owed

    async def pending(self) -> int:
        return len(self.owed)


@dataclass
class Zone:
    """One zone's EHR side, with a clock that the test moves."""

    defects: Defects = frozenset()
    now_s: float = 0.0
    numbered: int = 0

    def __post_init__(self) -> None:
        self.ehr, self.store = Ehr(), Store()
        self.guard = Guard(POLICY, judge=judge, clock=lambda: self.now_s)
        client: Any = self.ehr
        turns: Any = self.store
        self.line = GuardedEhr(client, self.guard, self.defects)
        self.deliverer = Deliverer(turns, self.line, self.defects, 0.5)
        self.desk = Desk(turns, self.line, self.deliverer, self.defects, 0.6)

    async def turn(self, intent: Intent) -> Told:
        self.numbered += 1
        turn = Turn(f"t-{self.numbered}", "run", "CA1", self.numbered, "synthetic-0001", intent)
        return await self.desk.handle(turn)

    async def drain(self) -> None:
        """The deliverer's rounds until nothing is taken any more."""
        for _ in range(20):
            if not await self.deliverer.round():
                return


async def outage(zone: Zone, mode: str) -> None:
    """The EHR fails long enough to open the breaker, notes keep coming, and it heals."""
    zone.ehr.mode = mode
    for _ in range(6):
        await zone.turn(Intent.NOTE)
    zone.now_s += 6.0
    await zone.drain()  # a trial that fails
    zone.ehr.mode = "up"
    zone.now_s += 6.0
    await zone.drain()


@pytest.mark.parametrize("mode", ["down", "answers-lost"])
def test_every_note_of_an_outage_is_delivered_exactly_once(mode: str) -> None:
    """Whether the requests or only their answers were lost."""
    zone = Zone()
    asyncio.run(outage(zone, mode))
    assert sorted(zone.ehr.records) == [f"t-{number}" for number in range(1, 7)]
    assert not zone.store.owed
    assert zone.guard.closed()


def test_the_defect_doubles_what_was_answered_into_the_void() -> None:
    """Without If-None-Exist a lost answer is a second record."""
    zone = Zone(frozenset({Defect.EHR_WRITE_DOUBLED}))
    asyncio.run(outage(zone, "answers-lost"))
    assert len(zone.ehr.records) > len(set(zone.ehr.records)) == 6


def test_the_defect_loses_what_callers_were_told_is_queued() -> None:
    """Degraded, nothing owed, nothing there."""
    zone = Zone(frozenset({Defect.EHR_WRITE_LOST}))
    asyncio.run(outage(zone, "down"))
    assert (zone.ehr.records, zone.store.owed) == ([], {})
    assert set(zone.store.outcomes.values()) == {"degraded"}


def test_an_open_breaker_sends_nothing_and_answers_at_once() -> None:
    """Turns during the outage cost the EHR nothing; chat does not notice."""

    async def scene(zone: Zone) -> list[str]:
        zone.ehr.mode = "down"
        await asyncio.gather(*(zone.turn(Intent.LOOKUP) for _ in range(2)))
        sent = zone.ehr.requests
        told = [await zone.turn(intent) for intent in (Intent.LOOKUP, Intent.NOTE, Intent.CHAT)]
        assert zone.ehr.requests == sent
        return [f"{it.outcome} {it.ehr_result}" for it in told]

    assert asyncio.run(scene(Zone())) == ["degraded not-permitted", "degraded not-permitted", "full none"]


def test_the_trial_runs_beside_the_caller() -> None:
    """The caller whose turn wakes the breaker is answered degraded; the next one full."""

    async def scene(zone: Zone) -> list[str]:
        zone.ehr.mode = "down"
        for _ in range(2):
            await zone.turn(Intent.LOOKUP)
        zone.ehr.mode, zone.now_s = "up", 6.0
        first = await zone.turn(Intent.LOOKUP)
        await asyncio.sleep(0.01)
        return [first.outcome, (await zone.turn(Intent.LOOKUP)).outcome]

    assert asyncio.run(scene(Zone())) == ["degraded", "full"]


def test_the_storm_goes_past_the_breaker() -> None:
    """The defect sends although the breaker is open."""

    async def scene(zone: Zone) -> int:
        zone.ehr.mode = "down"
        for _ in range(3):
            await zone.turn(Intent.LOOKUP)
        await asyncio.sleep(0.05)
        return zone.ehr.requests

    assert asyncio.run(scene(Zone())) == 2
    assert asyncio.run(scene(Zone(frozenset({Defect.RETRY_STORM})))) > 20


def test_a_rejected_request_does_not_open_the_breaker() -> None:
    """Our mistake is not the EHR's illness."""

    async def scene() -> Guard:
        zone = Zone()

        async def rejected() -> None:
            raise EhrError("rejected", "422")

        for _ in range(20):
            with pytest.raises(EhrError):
                await zone.line.for_caller(rejected)
        return zone.guard

    guard = asyncio.run(scene())
    assert (guard.breaker.state, guard.calls) == (State.CLOSED, {Kind.IGNORED: 20})


def test_fifty_lookups_at_once_make_one_trial() -> None:
    """Half-open, every caller asking at the same moment."""

    async def scene(zone: Zone) -> int:
        zone.ehr.mode = "down"
        for _ in range(2):
            await zone.turn(Intent.LOOKUP)
        zone.now_s, sent = 6.0, zone.ehr.requests
        await asyncio.gather(*(zone.turn(Intent.LOOKUP) for _ in range(50)))
        await asyncio.sleep(0.01)
        with pytest.raises(NotPermittedError):
            zone.guard.admit()
        return zone.ehr.requests - sent

    assert asyncio.run(scene(Zone())) == 1
