"""The store of the profile `lite`: a PostgreSQL pair, the primary in zone a, a synchronous standby in b.

Theory: a commit is acknowledged when both have it, so what a caller was told survives either
zone. Both start from one template made by initdb: the standby then only has to stream, which takes
a fraction of a base backup. There is no failover here: that is what makes it light.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drill.sandbox.checks import Check, until
from drill.sandbox.defects import Defect
from drill.sandbox.layout import Address, Layout
from drill.sandbox.postgres import COMMON, answers, create_tables, demoted, own, secret, superuser_connection
from drill.sandbox.spec import Spec
from drill.sandbox.state import State
from drill.sandbox.yard import Wire, Yard
from drill.sandbox.zones import NOBODY, Isolation

STORES = ("a", "b")
_STANDBY = "standby_b"
# The kernel's source address towards any loopback address is 127.0.0.1, so zones cannot be told apart.
_HBA = "host all all 127.0.0.0/8 scram-sha-256\nhost replication all 127.0.0.0/8 scram-sha-256\n"
_POLL_S = 0.03


@dataclass(frozen=True, slots=True)
class Pair:
    """The pair of one instance."""

    layout: Layout
    state: State
    isolation: Isolation
    binaries: Path
    defects: Collection[str] = ()
    archiving: Mapping[str, str] = field(default_factory=dict)

    @property
    def _user(self) -> int | None:
        """Who runs the servers: nobody when this is root without namespaces, else whoever runs this."""
        return NOBODY if self.isolation.drops_root else None

    def _run(self, program: str, *arguments: str) -> list[str]:
        argv = [str(self.binaries / program), *arguments]
        return argv if self._user is None else demoted(argv)

    @property
    def dsn(self) -> str:
        """Where everybody connects; the password is in the passfile."""
        return f"postgresql://drill@{self.layout.store('a')}/voice"

    def for_agent(self, zone: str) -> dict[str, Any]:  # noqa: ARG002  # a Store is asked per zone; this one has one door for all
        """See Store."""
        return {"dsn": self.dsn, "members": []}

    def wires(self) -> list[Wire]:
        """None: this store cannot lose a zone and go on."""
        return []

    def status_addresses(self) -> dict[str, Address]:
        """None."""
        return {}

    def service_configs(self) -> Mapping[str, dict[str, Any]]:
        """None."""
        return {}

    def specs(self) -> list[Spec]:
        """Both servers."""
        return [
            Spec(f"store-{zone}", zone, tuple(self.server(zone)), Check(self.layout.store(zone)))
            for zone in STORES
        ]

    def data(self, zone: str) -> Path:
        """A zone's cluster."""
        return self.state.pg / zone

    def initdb(self) -> list[str]:
        """The command that makes the template, as zone a's cluster."""
        small = ["--wal-segsize=1"] if self.archiving else []
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
            *small,
        )

    def server(self, zone: str) -> list[str]:
        """The command of a zone's server."""
        return self._run("postgres", "-D", str(self.data(zone)))

    def write_secrets(self) -> None:
        """New passwords for a new pair."""
        superuser, drill = secrets.token_hex(16), secrets.token_hex(16)
        at = self.layout.store("a")
        secret(self.state.pg / "superuser", superuser + "\n", self._user)
        secret(self.state.pg / "pgpass", f"{at.host}:{at.port}:*:postgres:{superuser}\n", self._user)
        secret(self.state.passfile, f"{at.host}:{at.port}:*:drill:{drill}\n", None)
        own(self.state.pg, self._user)

    def prepare(self, name: str, zone: str) -> None:
        """Remove a dead server's pid file.

        Pids are few in a zone: after a restart of the zone the number may well be somebody
        else's, and the server would refuse to start. Only called when the zone says it is dead.
        """
        if name.startswith("store-"):
            (self.data(zone) / "postmaster.pid").unlink(missing_ok=True)

    async def bring_up(self, yard: Yard) -> None:
        """Template, pair, tables; returns when commits are synchronous: before that they would wait."""
        await yard.once("a", "initdb", self.initdb())
        self.configure()
        for zone in STORES:
            yard.allow(f"store-{zone}")
        password = self.state.passfile.read_text(encoding="utf-8").strip().rpartition(":")[2]
        unlogged = Defect.UNLOGGED_TABLE in self.defects
        await create_tables(self.layout.store("a"), self.state.pg / "pgpass", password, unlogged=unlogged)
        await self._wait_for_standby()

    async def primary(self) -> Address:
        """See Store."""
        return self.layout.store("a")

    def configure(self) -> None:
        """Zone a's cluster becomes the primary; its copy in zone b the standby."""
        at = {"port": str(self.layout.store("a").port), "unix_socket_directories": ""}
        common = COMMON | dict(self.archiving) | at
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
        for path in (self.data("b"), *self.data("b").rglob("*")):
            own(path, self._user)

    async def _wait_for_standby(self) -> None:
        query = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        async with await superuser_connection(
            self.layout.store("a"), self.state.pg / "pgpass", "postgres"
        ) as connection:
            await until(lambda: answers(connection, query, (1,)), _POLL_S)

    def _upstream(self) -> str:
        at = self.layout.store("a")
        return (
            f"host={at.host} port={at.port} user=postgres application_name={_STANDBY} "
            f"passfile={self.state.pg / 'pgpass'} connect_timeout=2"
        )


def _lines(settings: dict[str, str]) -> str:
    quoted = {name: value.replace("'", "''") for name, value in settings.items()}
    return "".join(f"{name} = '{value}'\n" for name, value in quoted.items())


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)
