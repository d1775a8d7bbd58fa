"""A small bounded pool of PostgreSQL connections in which no wait is endless.

Theory: every statement is its own transaction (what belongs together is one statement), so a
connection carries no state and can be thrown away at any doubt. A frozen server still
acknowledges at TCP level and would also block a cancel request: past the deadline the socket
is shut down instead. There is no statement_timeout on purpose: cancelling a commit that waits
for its synchronous standby makes PostgreSQL report it as done.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from typing import Any

import psycopg

Row = tuple[Any, ...]


class StoreError(Exception):
    """The store did not answer, or not in time; what was asked may or may not have happened."""


class Pool:
    """At most `size` connections; idle ones are reused, broken ones replaced."""

    def __init__(self, dsn: str, passfile: str, size: int = 4, deadline_s: float = 2.0) -> None:
        self._dsn = dsn
        self._passfile = passfile
        self._deadline_s = deadline_s
        self._moved = asyncio.Event()
        self._free = asyncio.Semaphore(size)
        self._idle: list[psycopg.AsyncConnection[Row]] = []

    def move(self, dsn: str) -> None:
        """From now on to this server; what is under way at the old one is given up at once."""
        if dsn != self._dsn:
            self._dsn = dsn
            self._moved.set()
            self._moved = asyncio.Event()
            stale, self._idle = self._idle, []
            for connection in stale:
                connection.pgconn.finish()  # at once: a frozen server would not hear a farewell

    async def query(self, sql: str, values: tuple[object, ...] = ()) -> list[Row]:
        """Run one statement and return its rows; a stale connection is replaced once."""
        try:
            await asyncio.wait_for(self._free.acquire(), self._deadline_s)
        except TimeoutError as error:
            raise StoreError("every connection is busy") from error
        try:
            if self._idle:
                with contextlib.suppress(psycopg.Error):
                    return await self._run(self._idle.pop(), sql, values)
                await self.close()
            return await self._run(await self._connect(), sql, values)
        except psycopg.Error as error:
            raise StoreError(str(error)) from error
        finally:
            self._free.release()

    async def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            await self._idle.pop().close()

    async def _connect(self) -> psycopg.AsyncConnection[Row]:
        if not self._dsn:
            raise StoreError("no primary is known yet")
        connecting = psycopg.AsyncConnection.connect(
            self._dsn, passfile=self._passfile, autocommit=True, connect_timeout=2
        )
        task = asyncio.create_task(connecting)
        try:
            if not await self._in_time(task):
                raise StoreError("no connection in time")
        finally:
            if not task.done():
                task.cancel()
        return task.result()

    async def _run(
        self, connection: psycopg.AsyncConnection[Row], sql: str, values: tuple[object, ...]
    ) -> list[Row]:
        moved = self._moved
        task = asyncio.create_task(_execute(connection, sql, values))
        try:
            if not await self._in_time(task):
                raise StoreError(f"no answer in {self._deadline_s} s, or the primary is another by now")
        finally:
            if not task.done():
                _abandon(connection, task)
        try:
            rows = task.result()
        except psycopg.Error:
            await connection.close()
            raise
        if moved.is_set():
            await connection.close()
        else:
            self._idle.append(connection)
        return rows

    async def _in_time(self, task: asyncio.Task[Any]) -> bool:
        """Whether it ended before its deadline, and before the primary became another."""
        moved = asyncio.create_task(self._moved.wait())
        try:
            await asyncio.wait({task, moved}, timeout=self._deadline_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            moved.cancel()
        return task.done()


async def _execute(
    connection: psycopg.AsyncConnection[Row], sql: str, values: tuple[object, ...]
) -> list[Row]:
    cursor = await connection.execute(sql, values)
    return await cursor.fetchall() if cursor.description else []


def _abandon(connection: psycopg.AsyncConnection[Row], task: asyncio.Task[list[Row]]) -> None:
    """Cut the socket: the statement then fails by itself, at once, and its connection is closed."""

    def finish(ended: asyncio.Task[list[Row]]) -> None:
        if not ended.cancelled():
            ended.exception()
        connection.pgconn.finish()

    task.add_done_callback(finish)
    with (
        contextlib.suppress(OSError, psycopg.Error),
        socket.socket(fileno=os.dup(connection.fileno())) as sock,
    ):
        sock.shutdown(socket.SHUT_RDWR)
