"""The store of the profiles `ha` and `realistic`: a member in every zone, and a primary by agreement.

Theory: etcd's quorum says who leads, Patroni obeys, and PostgreSQL acknowledges a commit when a second
zone has it. Zone a's member begins, so that a fresh platform always looks the same; after that the
primary is wherever the last failover put it.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drill.sandbox import checks, etcd, members, mesh, patroni_config
from drill.sandbox.checks import Check, until
from drill.sandbox.defects import Defect
from drill.sandbox.layout import CARRIED, PAIRS, ZONES, Address, Layout, wire_name
from drill.sandbox.patroni_config import Passwords
from drill.sandbox.postgres import COMMON, answers, create_tables, demoted, own, secret, superuser_connection
from drill.sandbox.spec import Spec
from drill.sandbox.state import State
from drill.sandbox.yard import OUTSIDE, Wire, Yard
from drill.sandbox.zones import NOBODY, Isolation

_POLL_S = 0.05
_WHOLE = """
SELECT count(*) FILTER (WHERE state = 'streaming'), count(*) FILTER (WHERE sync_state = 'sync')
FROM pg_stat_replication"""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The members of one instance."""

    layout: Layout
    state: State
    isolation: Isolation
    binaries: Path
    etcd: Path
    envoy: str
    profile: str
    defects: Collection[str]
    archiving: Mapping[str, str] = field(default_factory=dict)
    zones: tuple[str, ...] = ZONES
    passwords: Passwords = field(
        default_factory=lambda: Passwords(secrets.token_hex(16), secrets.token_hex(16))
    )

    @property
    def dsn(self) -> str:
        """Where the drill reads back: whichever member is primary, past the fault proxies."""
        hosts = ",".join(str(self.layout.store(zone)) for zone in ZONES)
        return f"postgresql://drill@{hosts}/voice?target_session_attrs=primary"

    def for_agent(self, zone: str) -> dict[str, Any]:
        """How a zone's agent finds the members: its own directly, the others by wire."""
        found = [
            {
                "zone": other,
                "dsn": f"postgresql://drill@{self._way('sql', zone, other)}/voice",
                "host": self._way("members", zone, other).host,
                "port": self._way("members", zone, other).port,
            }
            for other in ZONES
        ]
        return {"dsn": "", "members": found}

    def _way(self, carries: str, source: str, zone: str) -> Address:
        if source != zone:
            return self.layout.wire(carries, source, zone)
        return self.layout.store(zone) if carries == "sql" else self.layout.patroni(zone)

    def wires(self) -> list[Wire]:
        """What goes between the zones."""
        ends = {
            "sql": self.layout.store, "wal": self.layout.store,
            "consensus": self.layout.etcd_peer, "members": self.layout.patroni,
        }  # fmt: skip
        return [
            Wire(
                wire_name(carries, source, zone),
                carries,
                source,
                zone,
                self.layout.wire(carries, source, zone),
                ends[carries](zone),
            )
            for carries in CARRIED
            for source, zone in PAIRS
        ]

    def status_addresses(self) -> dict[str, Address]:
        """Where each member tells about itself."""
        return {zone: self.layout.patroni(zone) for zone in ZONES}

    def specs(self) -> list[Spec]:
        """The members, their voices, and what ties those together."""
        layout, voices = self.layout, []
        for zone in ZONES:
            argv = tuple(etcd.arguments(layout, self.etcd, zone, self.state.pg / f"etcd-{zone}"))
            voices.append(Spec(f"etcd-{zone}", zone, argv, Check(layout.etcd(zone), "/health")))
        # One worker and no more: what it carries is a few messages a second.
        envoy = (self.envoy, "-c", str(self.state.configs / "mesh.json"), "--concurrency", "1",
                 "--disable-hot-restart", "--log-level", "warning")  # fmt: skip
        wiring = Spec("mesh", OUTSIDE, envoy, Check(layout.mesh_admin, "/ready"))
        return [*(self._member(zone) for zone in ZONES), *voices, wiring]

    def _member(self, zone: str) -> Spec:
        check = Check(self.layout.patroni(zone), "/health")
        again: tuple[str, ...] = ()
        if Defect.REPLICA_NEVER_RESYNCS in self.defects:
            again = self._patroni(f"{zone}-lost")
        return Spec(f"store-{zone}", zone, self._patroni(zone), check, again)

    def _patroni(self, name: str) -> tuple[str, ...]:
        argv = [sys.executable, "-m", "drill.sandbox.patroni_member", str(self._file(name))]
        return tuple(demoted(argv) if self.isolation.drops_root else argv)

    def _file(self, name: str) -> Path:
        return self.state.pg / f"patroni-{name}.yml"

    def service_configs(self) -> Mapping[str, dict[str, Any]]:
        """Configurations that hold no secret."""
        return {"mesh": mesh.configuration(self.layout)}

    def write_secrets(self) -> None:
        """New passwords for a new cluster, and the members' files, which hold them."""
        owner = NOBODY if self.isolation.drops_root else None
        secret(self.state.pg / "pgpass", f"*:*:*:postgres:{self.passwords.superuser}\n", None)
        secret(self.state.passfile, f"*:*:*:drill:{secrets.token_hex(16)}\n", None)
        for zone in ZONES:
            for name, lost in ((zone, False), (f"{zone}-lost", True)):
                # JSON is YAML.
                text = json.dumps(self._configuration(zone, lost=lost), indent=1)
                secret(self._file(name), text + "\n", owner)
        own(self.state.pg, owner)

    def _configuration(self, zone: str, *, lost: bool) -> dict[str, Any]:
        return patroni_config.configuration(
            self.layout, zone, profile=self.profile, defects=self.defects,
            parameters=COMMON | dict(self.archiving),
            small_segments=bool(self.archiving), passwords=self.passwords,
            folder=self.state.pg, binaries=self.binaries, lost=lost,
        )  # fmt: skip

    def prepare(self, name: str, zone: str) -> None:
        """Before each start: a dead server's pid file names a number that is somebody else's by now."""
        if name.startswith("store-"):
            (self.state.pg / zone / "postmaster.pid").unlink(missing_ok=True)

    async def bring_up(self, yard: Yard) -> None:
        """Quorum, first member, tables, other members; returns when each commit is in two zones."""
        yard.allow("mesh")
        for zone in ZONES:
            yard.allow(f"etcd-{zone}")
        # A Patroni that finds no quorum sits and waits for five seconds.
        await asyncio.gather(*(yard.up(f"etcd-{zone}") for zone in ZONES))
        yard.allow("store-a")
        await asyncio.gather(self._others(yard), self._tables())
        await self._whole()

    async def _others(self, yard: Yard) -> None:
        """Once zone a's member is at work on the cluster, there is no question who begins it."""
        at_work = Check(self.layout.patroni("a"), "/")
        await until(lambda: checks.alive(at_work), _POLL_S)
        for zone in ZONES[1:]:
            yard.allow(f"store-{zone}")

    async def _tables(self) -> None:
        at = await self.primary()
        password = self.state.passfile.read_text(encoding="utf-8").strip().rpartition(":")[2]
        unlogged = Defect.UNLOGGED_TABLE in self.defects
        await create_tables(at, self.state.pg / "pgpass", password, unlogged=unlogged)

    async def primary(self) -> Address:
        """See Store."""
        while (zone := await members.primary(self.status_addresses())) is None:  # noqa: ASYNC110  # Patroni tells nobody whom it chose
            await asyncio.sleep(_POLL_S)
        return self.layout.store(zone)

    async def _whole(self) -> None:
        synchronous = Defect.ASYNCHRONOUS_REPLICATION not in self.defects
        wanted = (len(ZONES) - 1, 1 if synchronous else 0)
        zone = await members.primary(self.status_addresses()) or "a"
        async with await superuser_connection(
            self.layout.store(zone), self.state.pg / "pgpass", "postgres"
        ) as connection:
            await until(lambda: answers(connection, _WHOLE, wanted), _POLL_S)
        # The server knows it first. A primary that dies before the quorum knows it too has no heir.
        if synchronous:
            await until(self._heir, _POLL_S)

    async def _heir(self) -> bool:
        asked = (checks.ready(Check(self.layout.patroni(zone), "/synchronous")) for zone in ZONES)
        return any(await asyncio.gather(*asked))
