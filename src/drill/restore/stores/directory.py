"""Backups in folders, as pg_basebackup writes them: `base/NAME/` (plain, with its manifest) and `wal/NAME`.

An incremental backup names in its backup_label the position it grew from; its chain is found by that, and
pg_combinebackup makes one full backup of it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from drill.model.errors import WorldError
from drill.restore.proof.objects import Object
from drill.restore.proof.objects import inventory as read_all
from drill.restore.proof.wal.names import HISTORY, SEGMENT, parse_lsn
from drill.restore.stores.port import RecoveryPoint

COMBINE_WITHIN_S = 600
_START = re.compile(r"^START WAL LOCATION: (\S+) \(file (\w+)\)", re.MULTILINE)
_GREW_FROM = re.compile(r"^INCREMENTAL FROM LSN: (\S+)", re.MULTILINE)


class Directory:
    """A folder of backups; `programs` is where pg_combinebackup is."""

    def __init__(self, root: Path, programs: Path | None) -> None:
        self._root, self._programs = root, programs
        self.query = f"list {root}/base/*/backup_manifest"
        if not root.is_dir():
            raise WorldError(f"{root} is no folder: there are no backups in it")

    def points(self) -> tuple[RecoveryPoint, ...]:
        """See the port. A backup without its manifest was never finished."""
        return tuple(_point(path) for path in sorted((self._root / "base").glob("*")) if path.is_dir())

    def wal(self) -> tuple[str, ...]:
        """See the port."""
        names = [path.name for path in (self._root / "wal").glob("*")]
        return tuple(sorted(n for n in names if SEGMENT.fullmatch(n) or HISTORY.fullmatch(n)))

    def fetch_base(self, point: RecoveryPoint, into: Path) -> None:
        """See the port."""
        chain = self._chain(point.name)
        into.parent.mkdir(parents=True, exist_ok=True)
        if len(chain) == 1:
            shutil.copytree(chain[0], into, symlinks=True, dirs_exist_ok=True)
        else:
            self._combine(chain, into)
        into.chmod(0o700)

    def _chain(self, name: str) -> list[Path]:
        """From the full backup to this one."""
        known = {_started(path): path for path in (self._root / "base").glob("*") if path.is_dir()}
        chain = [self._root / "base" / name]
        while (grew := _GREW_FROM.search(_label(chain[0]))) is not None:
            parent = known.get(parse_lsn(grew[1]))
            if parent is None or parent in chain:
                raise WorldError(f"backup {name} grew from one at {grew[1]}, which is not there")
            chain.insert(0, parent)
        return chain

    def _combine(self, chain: Sequence[Path], into: Path) -> None:
        program = "pg_combinebackup" if self._programs is None else str(self._programs / "pg_combinebackup")
        argv = [program, *map(str, chain), "--output", str(into), "--manifest-checksums=SHA256", "--no-sync"]
        try:
            done = subprocess.run(
                argv, capture_output=True, text=True, timeout=COMBINE_WITHIN_S, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise WorldError(f"{program} did not do its work: {error}") from error
        if done.returncode != 0:
            raise WorldError(
                f"the chain of {chain[-1].name} cannot be combined: {done.stderr.strip()[-300:]}"
            )

    def fetch_wal(self, names: Sequence[str], into: Path) -> None:
        """See the port."""
        into.mkdir(parents=True, mode=0o700, exist_ok=True)
        for name in names:
            shutil.copyfile(self._root / "wal" / name, into / name)

    def keys(self) -> frozenset[str]:
        """See the port."""
        files = (path for path in self._root.rglob("*") if path.is_file())
        return frozenset(path.relative_to(self._root).as_posix() for path in files)

    def inventory(self) -> Mapping[str, Object]:
        """See the port."""
        return read_all(self._root)


def _label(path: Path) -> str:
    try:
        return (path / "backup_label").read_text(encoding="utf-8")
    except OSError as error:
        raise WorldError(f"backup {path.name} has no backup_label: it is not whole") from error


def _started(path: Path) -> int:
    found = _START.search(_label(path))
    return parse_lsn(found[1]) if found else -1


def _point(path: Path) -> RecoveryPoint:
    manifest = path / "backup_manifest"
    if not manifest.is_file() or not (path / "backup_label").is_file():
        return RecoveryPoint(path.name, 0.0, 0.0, 0, 0, "", 0, 0, "", 0, whole=False)
    try:
        found = json.loads(manifest.read_bytes())
        span, start = found["WAL-Ranges"][-1], _START.search(_label(path))
        times = [_modified_s(file["Last-Modified"]) for file in found["Files"]]
        return RecoveryPoint(
            name=path.name,
            began_s=min(times, default=0.0),
            ended_s=manifest.stat().st_mtime,
            size_bytes=sum(int(file["Size"]) for file in found["Files"]),
            timeline=int(span["Timeline"]),
            first_wal=start[2] if start else "",
            start=parse_lsn(span["Start-LSN"]),
            end=parse_lsn(span["End-LSN"]),
            system=str(found.get("System-Identifier", "")),
            version=int((path / "PG_VERSION").read_text(encoding="ascii")),
            whole=True,
        )
    except (KeyError, IndexError, TypeError, ValueError, OSError) as error:
        raise WorldError(f"backup {path.name}: its manifest cannot be read: {error}") from error


def _modified_s(text: str) -> float:
    return datetime.strptime(text.removesuffix(" GMT"), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
