"""Turns in the store: written before they are acknowledged, with the note they owe the EHR.

Theory: a transactional outbox. The turn and its outbox row are one statement, so there is no
moment at which one exists without the other. A claim is a lease: it expires, so a zone that
dies with claimed rows only delays them.

Statements may be repeated after a lost answer. A repeat that only found the row there would be
acknowledged by a transaction that wrote nothing, and so waits for no standby: the first one, cut off
in its wait, may be known to one zone alone. Therefore a repeat writes again, and its commit cannot be
acknowledged before all that precedes it in the log is in two zones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from drill.sandbox.endpointing import Intent
from drill.sandbox.pool import Pool

_SAVE = """
INSERT INTO turn (turn_id, drill_id, call_sid, seq, patient, intent, outcome, digest)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (turn_id) DO UPDATE SET turn_id = excluded.turn_id"""

_SAVE_OWING = (
    "WITH saved AS ("
    + _SAVE
    + """ RETURNING turn_id, patient, drill_id)
INSERT INTO outbox (turn_id, patient, drill_id, document, claimed_until)
SELECT turn_id, patient, drill_id, %s, now() + %s * interval '1 second' FROM saved
ON CONFLICT (turn_id) DO NOTHING"""
)

_DELIVERED_AT_ONCE = """
WITH sent AS (UPDATE outbox SET delivered_at = now(), attempts = attempts + 1
              WHERE turn_id = %s AND delivered_at IS NULL RETURNING turn_id)
UPDATE turn SET outcome = 'full' FROM sent WHERE turn.turn_id = sent.turn_id"""

_DELIVERED = "UPDATE outbox SET delivered_at = now() WHERE turn_id = %s AND delivered_at IS NULL"

_CLAIM = """
UPDATE outbox SET claimed_until = now() + %s * interval '1 second', attempts = attempts + 1
WHERE turn_id IN (
    SELECT turn_id FROM outbox
    WHERE delivered_at IS NULL AND (claimed_until IS NULL OR claimed_until < now())
    ORDER BY attempts, turn_id LIMIT %s FOR UPDATE SKIP LOCKED)
RETURNING turn_id::text, document"""

_DEFER = """
UPDATE outbox SET claimed_until = now() + %s * interval '1 second'
WHERE turn_id = %s AND delivered_at IS NULL"""

_PENDING = "SELECT count(*) FROM outbox WHERE delivered_at IS NULL"


@dataclass(frozen=True, slots=True)
class Turn:
    """One exchange of one call."""

    turn_id: str
    drill_id: str
    call_sid: str
    seq: int
    patient: str
    intent: Intent

    @property
    def digest(self) -> str:
        """What the caller can compute as well."""
        return hashlib.sha256(f"{self.call_sid}|{self.seq}|{self.intent}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Owed:
    """A claimed note."""

    turn_id: str
    document: Mapping[str, Any]


class Turns:
    """The statements on one pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def save(self, turn: Turn, outcome: str) -> None:
        """Commit a turn that owes nothing."""
        await self._pool.query(_SAVE, _columns(turn, outcome))

    async def save_owing(self, turn: Turn, document: Mapping[str, Any], claim_s: float) -> None:
        """Commit a turn and the note it owes; nobody else delivers it for `claim_s`."""
        await self._pool.query(_SAVE_OWING, (*_columns(turn, "degraded"), Jsonb(document), claim_s))

    async def delivered_at_once(self, turn_id: str) -> None:
        """The note was delivered before the caller was answered."""
        await self._pool.query(_DELIVERED_AT_ONCE, (turn_id,))

    async def delivered(self, turn_id: str) -> None:
        """The note was delivered afterwards; the turn stays what the caller was told."""
        await self._pool.query(_DELIVERED, (turn_id,))

    async def claim(self, most: int, claim_s: float) -> list[Owed]:
        """Take up to `most` notes that nobody is working on."""
        return [Owed(turn_id, note) for turn_id, note in await self._pool.query(_CLAIM, (claim_s, most))]

    async def defer(self, turn_id: str, delay_s: float) -> None:
        """Give a note back, to be claimed again in a while."""
        await self._pool.query(_DEFER, (delay_s, turn_id))

    async def pending(self) -> int:
        """How many notes are owed."""
        return int((await self._pool.query(_PENDING))[0][0])

    async def alive(self) -> None:
        """Returns when the store answers."""
        await self._pool.query("SELECT 1")


def _columns(turn: Turn, outcome: str) -> tuple[object, ...]:
    named = (turn.turn_id, turn.drill_id, turn.call_sid, turn.seq, turn.patient)
    return (*named, str(turn.intent), outcome, turn.digest)
