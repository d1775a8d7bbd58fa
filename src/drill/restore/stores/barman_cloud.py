"""Barman cloud's layout in S3: `base/ID/{data.tar,backup.info}` and `wals/LOG/NAME`.

Barman's own catalogue is read, without Barman. A base backup is unpacked as it streams; a member that would
lead out of the folder is refused. `backup_manifest` beside the tar is PostgreSQL's own, where the backup was
made by pg_basebackup; barman-cloud-backup leaves none.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drill.model.errors import WorldError
from drill.model.target import Region
from drill.restore.proof.objects import Object
from drill.restore.proof.wal.names import HISTORY, SEGMENT, parse_lsn
from drill.restore.stores.port import RecoveryPoint, TornError
from drill.restore.stores.s3 import S3, GoneError

INFO, MANIFEST = "backup.info", "backup_manifest"
_NOTES = "/annotations/"  # what Barman keeps of a backup's own, such as that it is on hold
_COMPRESSED = {"data.tar": "r|", "data.tar.gz": "r|gz", "data.tar.bz2": "r|bz2"}
_WORKERS = 4
_VERSION_UNIT = 10_000
_EPOCH = datetime.fromtimestamp(0, UTC)


class BarmanCloud:
    """One server's backups in one bucket."""

    def __init__(self, region: Region) -> None:
        self._s3 = S3(region)
        self.query = f"list {region.location}/base/*/{INFO} at {region.endpoint}"

    def points(self) -> tuple[RecoveryPoint, ...]:
        """See the port. A folder without a readable backup.info is no point."""
        keys = [it["Key"] for it in self._s3.items("base/") if it["Key"].endswith(f"/{INFO}")]
        found = []
        for key in keys:
            with suppress(GoneError):  # let go since it was listed
                found.append(point(key.split("/")[-2], self._s3.read(key).decode()))
        return tuple(found)

    def wal(self) -> tuple[str, ...]:
        """See the port."""
        names = (it["Key"].rpartition("/")[2] for it in self._s3.items("wals/"))
        return tuple(sorted(n for n in names if SEGMENT.fullmatch(n) or HISTORY.fullmatch(n)))

    def fetch_base(self, point: RecoveryPoint, into: Path) -> None:
        """See the port."""
        items = [it for it in self._s3.items(f"base/{point.name}/") if _NOTES not in it["Key"]]
        parts = {it["Key"].rpartition("/")[2]: it for it in items}
        if not parts:
            raise GoneError(f"backup {point.name} was let go between being listed and being fetched")
        tars = [name for name in parts if name in _COMPRESSED]
        if not tars:
            raise TornError(f"backup {point.name} has no data.tar: it is not whole")
        if more := sorted(set(parts) - {*tars, INFO, MANIFEST}):
            raise WorldError(f"backup {point.name} holds {', '.join(more)}: tablespaces are not supported")
        into.mkdir(parents=True, mode=0o700, exist_ok=True)
        self._unpack(parts[tars[0]]["Key"], _COMPRESSED[tars[0]], point, into)
        if MANIFEST in parts:
            (into / MANIFEST).write_bytes(self._s3.read(parts[MANIFEST]["Key"]))

    def _unpack(self, key: str, mode: Any, point: RecoveryPoint, into: Path) -> None:
        try:
            with self._s3.body(key) as body, tarfile.open(fileobj=body, mode=mode) as tar:
                tar.extractall(into, filter=_safe)  # noqa: S202  # `_safe` refuses whatever would leave the folder
        except (tarfile.TarError, EOFError, OSError) as error:
            raise TornError(f"backup {point.name} cannot be unpacked: {error or 'it ends early'}") from error

    def fetch_wal(self, names: Sequence[str], into: Path) -> None:
        """See the port."""
        into.mkdir(parents=True, mode=0o700, exist_ok=True)
        with ThreadPoolExecutor(_WORKERS) as pool:
            list(pool.map(lambda name: self._fetch(name, into / name), names))

    def _fetch(self, name: str, to: Path) -> None:
        folder = "" if HISTORY.fullmatch(name) else f"{name[:16]}/"
        to.write_bytes(self._s3.read(f"{self._s3.prefix}/wals/{folder}{name}"))

    def keys(self) -> frozenset[str]:
        """See the port."""
        return frozenset(self._name(it["Key"]) for it in self._s3.items(""))

    def _name(self, key: str) -> str:
        """Without the place, which is another one in another region."""
        return key.removeprefix(f"{self._s3.prefix}/")

    def inventory(self) -> Mapping[str, Object]:
        """See the port."""
        items = self._s3.items("")
        with ThreadPoolExecutor(_WORKERS) as pool:
            digests = pool.map(self._digest, (it["Key"] for it in items))
            return {
                self._name(it["Key"]): Object(it["Size"], digest, written_s=it["LastModified"].timestamp())
                for it, digest in zip(items, digests, strict=True)
                if digest
            }

    def _digest(self, key: str) -> str:
        """Of its content; "" for what was let go between being listed and being read."""
        digest = hashlib.sha256()
        try:
            for chunk in self._s3.chunks(key):
                digest.update(chunk)
        except GoneError:
            return ""
        return digest.hexdigest()


def _safe(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo | None:
    """Python's own guard against members that lead elsewhere; a server wants its files for itself alone."""
    found = tarfile.data_filter(member, path)
    if found is not None:
        found = found.replace(mode=0o700 if member.isdir() else 0o600, deep=False)
    return found


def point(name: str, info: str) -> RecoveryPoint:
    """A recovery point from its backup.info; WorldError when that is none."""
    facts = dict(line.partition("=")[::2] for line in info.splitlines() if "=" in line)
    try:
        return RecoveryPoint(
            name=name,
            began_s=_epoch_s(facts["begin_time"]),
            ended_s=_epoch_s(facts["end_time"]),
            size_bytes=int(facts.get("size") or 0) if facts.get("size", "None") != "None" else 0,
            timeline=int(facts["timeline"]),
            first_wal=facts["begin_wal"],
            start=parse_lsn(facts["begin_xlog"]),
            end=parse_lsn(facts["end_xlog"]),
            system=facts.get("systemid", "").replace("None", ""),
            version=int(facts.get("version", "0")) // _VERSION_UNIT,
            whole=facts.get("status") == "DONE",
        )
    except (KeyError, ValueError) as error:
        if facts.get("status") in ("FAILED", "STARTED", "EMPTY"):
            return RecoveryPoint(name, 0.0, 0.0, 0, 0, "", 0, 0, "", 0, whole=False)
        raise WorldError(
            f"backup {name}: its {INFO} cannot be read: {type(error).__name__}: {error}"
        ) from error


def _epoch_s(text: str) -> float:
    """ISO 8601, or Barman's other way of writing a time (`Wed Nov 25 07:12:54 2026`, in UTC)."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.strptime(text, "%a %b %d %H:%M:%S %Y")  # noqa: DTZ007  # made aware below
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return (found - _EPOCH).total_seconds()
