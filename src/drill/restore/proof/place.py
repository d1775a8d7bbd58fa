"""Where a database answers, and sessions that read it and cannot write.

Read-only is asked for by the session *and* should be all that its role may do: the role is what a test of
the drill proves, the session is what protects a source when somebody hands us a superuser.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import psycopg

from drill.model.errors import WorldError

Session: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"
CONNECT_S = 5
STATEMENT_TIMEOUT_MS = 600_000
# One session is one core: our own sessions share the work, so that the number of cores used is known.
_SETTINGS = {
    "statement_timeout": str(STATEMENT_TIMEOUT_MS),
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "timezone": "UTC",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    # Rows that a policy hides would be left out on both sides, and both would agree.
    "row_security": "off",
    "search_path": "pg_catalog",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A database at an address. The password is in `passfile`, never here."""

    host: str
    port: int
    user: str
    database: str
    passfile: Path | None = None

    def of(self, database: str) -> Place:
        """Another database of the same server."""
        return replace(self, database=database)

    @contextmanager
    def session(self, settings: Mapping[str, str] | None = None, *, write: bool = False) -> Iterator[Session]:
        """A session, closed whatever happens; WorldError when there is none to be had, or when a statement
        fails that nobody expects to."""
        every = {**_SETTINGS, "default_transaction_read_only": "off" if write else "on", **(settings or {})}
        extra = {"passfile": str(self.passfile)} if self.passfile else {}
        try:
            session = psycopg.connect(
                host=self.host, port=self.port, user=self.user, dbname=self.database, autocommit=True,
                connect_timeout=CONNECT_S, application_name="drill", **extra,
            )  # fmt: skip
        except psycopg.Error as error:
            raise WorldError(f"{self} cannot be reached: {_first_line(error)}") from error
        with session:
            for name, value in every.items():
                session.execute("SELECT set_config(%s, %s, false)", (name, value))
            try:
                yield session
            except psycopg.Error as error:
                raise WorldError(f"{self} did not answer: {why(error)}") from error

    def __str__(self) -> str:
        return f"{self.database} at {self.host}:{self.port}"


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def why(error: psycopg.Error) -> str:
    """What PostgreSQL says of it, in one line and without values of rows."""
    return error.diag.message_primary or _first_line(error)
