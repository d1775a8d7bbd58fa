"""Taking one base backup: PostgreSQL streams it, with a manifest that it makes itself as it reads.

The manifest is made by the server before anything leaves it, so whatever happens to the files afterwards,
in transit or in a year of storage, shows against it.
"""

from __future__ import annotations

import asyncio
import shutil
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from drill.sandbox.backups import catalog
from drill.sandbox.backups.bucket import Bucket
from drill.sandbox.backups.catalog import DATA, INFO, MANIFEST, Taken

DEADLINE_S = 60.0
VERSION = 180000


class BackupError(Exception):
    """A base backup did not come about; the text says why."""


async def take(program: Path, dsn: str, passfile: str, server: str, work: Path) -> Taken:
    """Stream a backup into the folder `work`, which is emptied first; BackupError when it fails."""
    _empty(work)
    began = datetime.now(UTC).replace(microsecond=0)
    await _stream(program, f"{dsn} passfile={passfile}", work)
    manifest = (work / MANIFEST).read_text(encoding="utf-8")
    with tarfile.open(work / "base.tar") as tar:
        label = tar.extractfile("backup_label")
        text = label.read().decode() if label else ""
    ended = datetime.now(UTC).replace(microsecond=0)
    return catalog.taken(server, began, ended, manifest, text, (work / "base.tar").stat().st_size)


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


async def _stream(program: Path, dsn: str, work: Path) -> None:
    argv = [str(program), "--dbname", dsn, "--pgdata", str(work), "--format=tar", "--wal-method=none",
            "--checkpoint=fast", "--manifest-checksums=SHA256", "--no-sync", "--no-password"]  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(DEADLINE_S):
            _, said = await process.communicate()
    except TimeoutError as error:
        raise BackupError(f"pg_basebackup was not done after {DEADLINE_S:.0f} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise BackupError(said.decode(errors="replace").strip()[-300:])


def store(bucket: Bucket, taken: Taken, work: Path, spoil: Callable[[bytes], bytes] = bytes) -> None:
    """Send a taken backup away; backup.info last, which is what makes it one."""
    parts = {DATA: spoil((work / "base.tar").read_bytes()), MANIFEST: (work / MANIFEST).read_bytes()}
    parts[INFO] = catalog.info(taken, VERSION).encode()
    for name, data in parts.items():
        bucket.put(catalog.base_key(taken.server, taken.backup_id, name), data)
    shutil.rmtree(work, ignore_errors=True)
