"""What backups add to a platform: processes, their files and secrets, the servers' settings, three roles.

The backup role may stream, and read nothing. The auditing role is for whoever checks backups: it may read
everything and name restore points, and write nothing. The erasing role may store persons and delete them.
"""

from __future__ import annotations

import json
import secrets
import shlex
import sys
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from psycopg import sql

from drill.sandbox.backups.settings import Policy
from drill.sandbox.checks import Check
from drill.sandbox.defects import Defect
from drill.sandbox.layout import REGIONS, Address, Layout
from drill.sandbox.postgres import secret, superuser_connection
from drill.sandbox.spec import Spec
from drill.sandbox.state import State

ARCHIVER, REPLICATOR, VAULT = "archiver", "replicator", "vault"
BUCKET, SERVER, LOCKED = "voice-backups", "voice", "voice-vault"
BACKUP, AUDITOR, ERASER = "drill_backup", "drill_auditor", "drill_eraser"
ERASED, HELD = "erased", "held"
_OUTSIDE = "outside"
_LAG_ROOM_S = 20  # beyond the delay that is set: the promise, which a busy machine keeps too
_TOO_SLOW = "45s"  # the defect: meant for a replica that lags on purpose, and restored with all else
_ACCESS_KEY = "sandboxbackups"
_MAY_CALL = ("pg_create_restore_point(text)", "pg_wal_replay_pause()", "pg_wal_replay_resume()")


@dataclass(frozen=True, slots=True)
class Backups:
    """The backups of one instance. `hosts` are the servers that may be the primary."""

    layout: Layout
    state: State
    policy: Policy
    defects: Collection[str]
    programs: Path
    hosts: tuple[Address, ...]
    passwords: Mapping[str, str] = field(
        default_factory=lambda: {role: secrets.token_hex(16) for role in (BACKUP, AUDITOR, ERASER)}
    )
    secret_key: str = field(default_factory=lambda: secrets.token_hex(20))

    @property
    def folder(self) -> Path:
        """Everything of backups in the instance's folder."""
        return self.state.backups

    def parameters(self) -> dict[str, str]:
        """What the servers are told. A log file is small, so that the little that happens here fills some."""
        client = Path(__file__).with_name("archive_client.py")
        at = self.layout.archiver
        words = [sys.executable, "-I", "-S", str(client), at.host, str(at.port)]
        command = " ".join(shlex.quote(word).replace("%", "%%") for word in words)
        return {
            "archive_mode": "on",
            "archive_command": f"{command} %p %f",
            "archive_timeout": f"{max(1, round(self.policy.segment_s))}s",
            **({"recovery_min_apply_delay": _TOO_SLOW} if Defect.RESTORE_TOO_SLOW in self.defects else {}),
        }

    def specs(self) -> list[Spec]:
        """Two regions, archiver, replicator, vault; all of them outside the zones."""
        layout = self.layout
        regions = [
            self._spec(f"objects-{region}", "objects", Check(layout.objects(region))) for region in REGIONS
        ]
        return [
            *regions,
            self._spec(ARCHIVER, ARCHIVER, Check(layout.archiver, "/health")),
            self._spec(REPLICATOR, REPLICATOR, Check(layout.replicator, "/health")),
            self._spec(VAULT, VAULT, Check(layout.vault, f"/{LOCKED}")),
        ]

    def _spec(self, name: str, module: str, check: Check) -> Spec:
        config = str(self.folder / f"{name}.json")
        argv = (sys.executable, "-m", f"drill.sandbox.backups.{module}", "--config", config)
        return Spec(name, _OUTSIDE, argv, check)

    def write_secrets(self) -> None:
        """Keys, passwords, and the configurations that hold them: for their owner only."""
        self.folder.mkdir(exist_ok=True)
        keys = f"[default]\naws_access_key_id = {_ACCESS_KEY}\naws_secret_access_key = {self.secret_key}\n"
        secret(self.folder / "credentials", keys, None)
        for name, roles in (("pgpass", (BACKUP, ERASER)), ("pgpass-auditor", (AUDITOR,))):
            lines = [f"*:*:*:{role}:{self.passwords[role]}\n" for role in roles]
            secret(self.folder / name, "".join(lines), None)
        passphrase = secrets.token_hex(20)
        for region in REGIONS:
            self._write(f"objects-{region}", self._objects(region, passphrase))
        for name, at in ((ARCHIVER, self.layout.archiver), (REPLICATOR, self.layout.replicator)):
            self._write(name, self._service(name, at))
        self._write(VAULT, self._vault())

    def _write(self, name: str, data: dict[str, Any]) -> None:
        secret(self.folder / f"{name}.json", json.dumps(data, indent=1) + "\n", None)

    def _objects(self, region: str, passphrase: str) -> dict[str, Any]:
        at = self.layout.objects(region)
        return {
            "host": at.host,
            "port": at.port,
            "folder": str(self.folder / region),
            "access_key": _ACCESS_KEY,
            "secret_key": self.secret_key,
            "passphrase": passphrase,
        }

    def _vault(self) -> dict[str, Any]:
        at = self.layout.vault
        return {
            "host": at.host,
            "port": at.port,
            "credentials": str(self.folder / "credentials"),
            "bucket": LOCKED,
            "defects": list(self.defects),
        }

    def _service(self, name: str, at: Address) -> dict[str, Any]:
        return {
            "host": at.host,
            "port": at.port,
            "regions": [f"http://{self.layout.objects(region)}" for region in REGIONS],
            "credentials": str(self.folder / "credentials"),
            "bucket": BUCKET,
            "server": SERVER,
            "dsn": self._conninfo(BACKUP),
            "eraser": self._conninfo(ERASER),
            "passfile": str(self.folder / "pgpass"),
            "erased": str(self.folder / ERASED),
            "held": str(self.folder / HELD),
            "programs": str(self.programs),
            "work": str(self.folder / "work"),
            "truth": str(self.state.truth / f"{name}.jsonl"),
            "policy": asdict(self.policy),
            "defects": list(self.defects),
        }

    def _conninfo(self, role: str) -> str:
        hosts, ports = (",".join(str(at[n]) for at in self.hosts) for n in (0, 1))
        return f"host={hosts} port={ports} user={role} target_session_attrs=primary"

    async def create_roles(self, at: Address, passfile: Path) -> None:
        """All roles, on the primary."""
        async with await superuser_connection(at, passfile, "voice") as connection:
            rights = {BACKUP: "REPLICATION", AUDITOR: "IN ROLE pg_read_all_data, pg_monitor", ERASER: ""}
            for role, may in rights.items():
                await connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} " + may).format(
                        sql.Identifier(role), sql.Literal(self.passwords[role])
                    )
                )
            await connection.execute(f"ALTER ROLE {AUDITOR} SET default_transaction_read_only = on")
            await connection.execute(f"GRANT SELECT, INSERT, DELETE ON turn, outbox TO {ERASER}")
            await connection.execute("REVOKE TEMPORARY ON DATABASE voice FROM PUBLIC")
            for function in _MAY_CALL:
                await connection.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {AUDITOR}")

    def target(self, name: str) -> str:
        """The target file's part: what a drill needs to know about these backups."""
        hosts = ",".join(str(at) for at in self.hosts)
        more = "?target_session_attrs=primary" if len(self.hosts) > 1 else ""
        # Patroni lets a replica whose replay was paused go on within a second: none can be compared there.
        at = f"postgresql://{AUDITOR}@{self.layout.store('b')}/voice"
        standby = "" if more else f'standby = "{at}"\n'
        words = [sys.executable, "-m", "drill.sandbox.first_call", "--dsn", "{dsn}"]
        here, there = (f"http://{self.layout.objects(region)}" for region in REGIONS)
        shared = f'location = "s3://{BUCKET}/{SERVER}"\ncredentials = "{self.folder.name}/credentials"\n'
        return f"""
[target.{name}.backups]
kind = "barman-cloud"
endpoint = "{here}"
{shared}programs = "{self.programs}"
source = "postgresql://{AUDITOR}@{hosts}/voice{more}"
{standby}passfile = "{self.folder.name}/pgpass-auditor"
every = "{self.policy.every_s:g}s"
keep = {self.policy.keep}
lag = "{self.policy.lag_s + _LAG_ROOM_S:g}s"
held = "{self.folder.name}/{HELD}"
first_call = {json.dumps(words)}

[target.{name}.backups.replica]
endpoint = "{there}"
{shared}
[target.{name}.backups.erasures]
register = "{self.folder.name}/{ERASED}"
columns = ["outbox.patient", "turn.patient"]

[target.{name}.backups.protected]
location = "s3://{LOCKED}/canaries"
endpoint = "http://{self.layout.vault}"
credentials = "{self.folder.name}/credentials"
"""
