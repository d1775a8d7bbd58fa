"""What has to be so before anything is fetched: programs of the backup's version, and room for the copy."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from drill.model.errors import WorldError
from drill.restore.stores import RecoveryPoint

ROOM = 1.5  # the copy, its log, and what replay writes anew
_VERSION_S = 10


def programs_of(programs: Path | None) -> Path:
    """The folder of PostgreSQL's programs; WorldError when there are none."""
    folder = programs.absolute() if programs else None
    if folder is None and (found := shutil.which("postgres")) is not None:
        folder = Path(found).resolve().parent
    if folder is None or not (folder / "postgres").is_file():
        raise WorldError(f"no PostgreSQL programs in {programs or 'PATH'}; name their folder in `programs`")
    return folder


def check_version(programs: Path, point: RecoveryPoint) -> None:
    """WorldError unless the server is of the backup's major version."""
    done = subprocess.run(
        [str(programs / "postgres"), "--version"],
        capture_output=True,
        text=True,
        timeout=_VERSION_S,
        check=False,
    )
    found = re.search(r"\)\s+(\d+)", done.stdout)
    have = int(found[1]) if found else 0
    if point.version and have != point.version:
        raise WorldError(
            f"backup {point.name} is of PostgreSQL {point.version}, the programs in {programs} are of {have}"
        )


def check_room(folder: Path, point: RecoveryPoint, wal_bytes: int) -> None:
    """WorldError when the copy would not fit."""
    free, need = shutil.disk_usage(folder).free, int((point.size_bytes + wal_bytes) * ROOM)
    if free < need:
        needs = f"the copy needs {need / 1e6:.0f} MB and {folder} has {free / 1e6:.0f} MB"
        raise WorldError(f"{needs}; make room, or restore elsewhere")
