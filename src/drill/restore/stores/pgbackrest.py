"""pgBackRest's repository, through its own command: `info`, `restore`, `archive-get`.

Its layout is its own affair (compressed, encrypted, bundled), so nothing of it is read past the command.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from drill.model.errors import WorldError
from drill.restore.proof.objects import Object
from drill.restore.proof.wal.names import parse_lsn, segment_name, segment_number
from drill.restore.stores.port import RecoveryPoint

COMMAND = "pgbackrest"
WITHIN_S = 600
_SEGMENT_BYTES = 16 << 20


class PgBackRest:
    """One stanza; the repository is the one in pgbackrest.conf."""

    def __init__(self, stanza: str, command: str | None = None) -> None:
        found = command or shutil.which(COMMAND)
        if found is None:
            raise WorldError(f"the backups are pgBackRest's, and no {COMMAND} command is on PATH; install it")
        self._command, self._stanza = found, stanza
        self.query = f"{COMMAND} --stanza={stanza} --output=json info"

    def points(self) -> tuple[RecoveryPoint, ...]:
        """See the port."""
        return points(self._info())

    def wal(self) -> tuple[str, ...]:
        """See the port: the range that the repository tells of, which does not say that none is missing."""
        names: list[str] = []
        for archive in self._info().get("archive", ()):
            if archive.get("min") and archive.get("max"):
                names += _between(archive["min"], archive["max"])
        return tuple(sorted(names))

    def fetch_base(self, point: RecoveryPoint, into: Path) -> None:
        """See the port."""
        into.mkdir(parents=True, mode=0o700, exist_ok=True)
        self._run(f"--set={point.name}", f"--pg1-path={into}", "--type=none", "restore")

    def fetch_wal(self, names: Sequence[str], into: Path) -> None:
        """See the port. What the repository has not is left out: the log is proved to be whole later."""
        into.mkdir(parents=True, mode=0o700, exist_ok=True)
        for name in names:
            self._run(f"--pg1-path={into}", "archive-get", name, str(into / name), may_lack=True)

    def keys(self) -> frozenset[str]:
        """WorldError, as `inventory`."""
        return frozenset(self.inventory())

    def inventory(self) -> Mapping[str, Object]:
        """WorldError: a repository of pgBackRest's is not compared object by object."""
        raise WorldError("pgBackRest replicates its repositories itself; run `pgbackrest verify` on each")

    def _info(self) -> dict[str, Any]:
        stanzas = json.loads(self._run("--output=json", "info"))
        return next((it for it in stanzas if it.get("name") == self._stanza), {})

    def _run(self, *words: str, may_lack: bool = False) -> str:
        argv = [self._command, f"--stanza={self._stanza}", "--log-level-console=error", *words]
        try:
            done = subprocess.run(argv, capture_output=True, text=True, timeout=WITHIN_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise WorldError(f"{COMMAND} {words[-1]} did not end: {error}") from error
        if done.returncode and not (may_lack and done.returncode == 1):
            raise WorldError(
                f"{COMMAND} {words[-1]} ended with {done.returncode}: {done.stderr.strip()[-300:]}"
            )
        return done.stdout


def points(info: Mapping[str, Any]) -> tuple[RecoveryPoint, ...]:
    """Recovery points from what `info` says of one stanza."""
    systems = {it["id"]: it for it in info.get("db", ())}
    return tuple(_point(it, systems.get(it["database"]["id"], {})) for it in info.get("backup", ()))


def _point(it: Mapping[str, Any], system: Mapping[str, Any]) -> RecoveryPoint:
    return RecoveryPoint(
        name=it["label"],
        began_s=float(it["timestamp"]["start"]),
        ended_s=float(it["timestamp"]["stop"]),
        size_bytes=int(it["info"]["size"]),
        timeline=int(it["archive"]["start"][:8], 16),
        first_wal=it["archive"]["start"],
        start=parse_lsn(it["lsn"]["start"]),
        end=parse_lsn(it["lsn"]["stop"]),
        system=str(system.get("system-id", "")),
        version=int(str(system.get("version", "0")).partition(".")[0]),
        whole=not it.get("error", False),
    )


def _between(first: str, last: str) -> list[str]:
    """Every name from one log file to another, on the timeline of the last."""
    (_, least), (timeline, most) = segment_number(first, _SEGMENT_BYTES), segment_number(last, _SEGMENT_BYTES)
    return [segment_name(timeline, number, _SEGMENT_BYTES) for number in range(least, most + 1)]
