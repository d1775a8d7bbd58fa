"""Persons who ask to be forgotten: stored, kept for a while, erased, and written down outside of the store.

The register is written first. Whoever is in it and still in the store is erased again in the next round; the
other way round somebody could be erased whom no register knows, and whom every backup would bring back.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections import deque
from pathlib import Path

import psycopg

STAY = 3  # rounds that a person stays: long enough to be in a base backup
AGAIN_S = 0.5
_CONNECT_S = 2
_STORE = """
WITH one AS (INSERT INTO turn (turn_id, call_sid, seq, patient, intent, outcome, digest)
             VALUES (gen_random_uuid(), %(name)s, 1, %(name)s, 'note', 'full', '') RETURNING turn_id)
INSERT INTO outbox (turn_id, patient, attempts, delivered_at) SELECT turn_id, %(name)s, 1, now() FROM one"""
_ERASE = ("DELETE FROM outbox WHERE patient = ANY(%s)", "DELETE FROM turn WHERE patient = ANY(%s)")


class Erasures:
    """One store's; `dsn` is for a role that may write and delete there."""

    def __init__(self, dsn: str, passfile: str, register: Path, every_s: float) -> None:
        self._dsn, self._passfile, self._every_s = dsn, passfile, every_s
        self._register = register
        self._here: deque[str] = deque()
        self._gone = register.read_text(encoding="utf-8").split() if register.exists() else []

    async def run(self) -> None:
        """For ever: one more person, and one fewer."""
        while True:
            with contextlib.suppress(psycopg.Error):
                async with await psycopg.AsyncConnection.connect(
                    self._dsn, passfile=self._passfile, dbname="voice", autocommit=True,
                    connect_timeout=_CONNECT_S,
                ) as connection:  # fmt: skip
                    while True:
                        await self._round(connection)
                        await asyncio.sleep(self._every_s)
            await asyncio.sleep(AGAIN_S)

    async def _round(self, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        name = f"synthetic-forgotten-{secrets.token_hex(6)}"
        await connection.execute(_STORE, {"name": name})
        self._here.append(name)
        if len(self._here) > STAY:
            self._write_down(self._here.popleft())
        async with connection.transaction():
            for statement in _ERASE:
                await connection.execute(statement, (self._gone,))

    def _write_down(self, name: str) -> None:
        """On disk before anything is deleted."""
        descriptor = os.open(self._register, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            file.write(f"{name}\n")
            file.flush()
            os.fsync(file.fileno())
        self._gone.append(name)
