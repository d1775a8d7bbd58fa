"""`files.manifest`: every file that a backup's manifest lists is there, of that size and that content.

Two manifests are read: PostgreSQL's `backup_manifest` (versions 1 and 2) and our own of the same shape, which
is written where a tool leaves none (barman-cloud). Both end with a SHA-256 of themselves. That says that the
manifest is whole, not who wrote it: whoever edits it can reckon it anew. Against that stands `known`, the
manifest's digest as it was written down elsewhere when the backup was made.

SHA-2 runs at the speed of the disk. CRC-32C, PostgreSQL's default, does not in Python, so of such files only
CRC_BYTES_MAX are looked into: take backups with `--manifest-checksums=SHA256`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drill.model.restore import Check, Coverage, concluded, undecided
from drill.restore.proof.clock import timed
from drill.restore.proof.crc32c import crc32c

NAME = "files.manifest"
OURS = "drill_manifest"
CRC_BYTES_MAX = 16 << 20
_SHA = {"SHA224": "sha224", "SHA256": "sha256", "SHA384": "sha384", "SHA512": "sha512"}
# What a server or a restore may put into a data folder, or write anew there, as pg_verifybackup has it.
_NOT_LISTED = (
    "backup_manifest", OURS, "pg_wal", "postgresql.auto.conf", "standby.signal", "recovery.signal",
)  # fmt: skip
_CLOSING = b'"Manifest-Checksum"'


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as the manifest has it. `algorithm` is "" when it has no checksum."""

    path: str
    size_bytes: int
    algorithm: str
    checksum: str


def read_manifest(data: bytes) -> tuple[list[Entry], str]:
    """Entries, and what is wrong with the manifest itself ("" when nothing); ValueError when it is none."""
    try:
        parsed: dict[str, Any] = json.loads(data)
        files = parsed["Files"]
        stated = str(parsed["Manifest-Checksum"])
        entries = [
            Entry(
                _path(file), int(file["Size"]), str(file.get("Checksum-Algorithm", "")),
                str(file.get("Checksum", "")).lower(),
            )
            for file in files
        ]  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"it is no backup manifest ({type(error).__name__}: {error})") from error
    real = hashlib.sha256(data[: data.rindex(_CLOSING)]).hexdigest()
    return entries, "" if real == stated.lower() else "the manifest's own checksum does not match it"


def _path(file: dict[str, Any]) -> str:
    if "Encoded-Path" in file:
        return bytes.fromhex(file["Encoded-Path"]).decode(errors="surrogateescape")
    return str(file["Path"])


def write_manifest(folder: Path, workers: int = 2) -> tuple[Path, str]:
    """Our own manifest of a folder, written into it; its path and its digest, to be kept elsewhere."""
    names = sorted(_files(folder))
    with ThreadPoolExecutor(max(1, workers)) as pool:
        digests = pool.map(lambda name: _digest(folder / name, "sha256"), names)
        files = [
            {"Path": name, "Size": (folder / name).stat().st_size, "Checksum-Algorithm": "SHA256",
             "Checksum": digest}
            for name, digest in zip(names, digests, strict=True)
        ]  # fmt: skip
    body = json.dumps({"Drill-Manifest-Version": 1, "Files": files}, indent=0)[:-2] + ",\n"
    own = hashlib.sha256(body.encode()).hexdigest()
    text = f'{body}"Manifest-Checksum": "{own}"}}\n'
    (folder / OURS).write_text(text, encoding="utf-8")
    return folder / OURS, hashlib.sha256(text.encode()).hexdigest()


def _files(folder: Path) -> Iterator[str]:
    """Every file that a manifest should list, with `/` between the parts."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name.split("/")[0] not in _NOT_LISTED:
            yield name


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def check_manifest(
    folder: Path, manifest: Path | None = None, *, known: str | None = None, workers: int = 2
) -> Check:
    """`folder` against its manifest (`backup_manifest` in it, else ours), before any server touched it.

    Args:
        known: SHA-256 of the manifest as it was kept elsewhere when the backup was made.
    """
    found = manifest or next((p for p in (folder / "backup_manifest", folder / OURS) if p.is_file()), None)
    if found is None or not found.is_file():
        return undecided(NAME, "files", f"There is no manifest in {folder.name}.")
    with timed() as clock:
        return clock.stamp(_check(folder, found.read_bytes(), known, workers))


def _check(folder: Path, data: bytes, known: str | None, workers: int) -> Check:
    if known is not None and hashlib.sha256(data).hexdigest() != known:
        return _refused("The manifest is not the one that was written with the backup")
    try:
        entries, fault = read_manifest(data)
    except ValueError as error:
        return _refused(f"The manifest cannot be read: {error}")
    if fault:
        return _refused(f"The manifest cannot be trusted: {fault}")
    entries = [entry for entry in entries if entry.path.split("/")[0] not in _NOT_LISTED]
    allowance = _within_allowance(entries)
    with ThreadPoolExecutor(max(1, workers)) as pool:
        said = list(
            pool.map(lambda entry: _fault_of(folder, entry, looked_into=entry.path in allowance), entries)
        )
    wrong = [fault for fault in said if fault]
    listed = {entry.path for entry in entries}
    # A backup is taken from a folder that a server uses: what is in none of its lists may be replayed too.
    wrong += [f"{name} is not in the manifest" for name in sorted(_files(folder)) if name not in listed]
    return _concluded(entries, allowance, wrong)


def _refused(why: str) -> Check:
    return concluded(NAME, Coverage(0, 1, "files"), f"{why}.", [why])


def _within_allowance(entries: Sequence[Entry]) -> frozenset[str]:
    """Files whose content is looked into: all with SHA-2, of the others as many as Python may chew."""
    chosen, room = set(), CRC_BYTES_MAX
    for entry in sorted(entries, key=lambda e: e.size_bytes):
        if entry.algorithm in _SHA:
            chosen.add(entry.path)
        elif entry.algorithm == "CRC32C" and entry.size_bytes <= room:
            room -= entry.size_bytes
            chosen.add(entry.path)
    return frozenset(chosen)


def _fault_of(folder: Path, entry: Entry, *, looked_into: bool) -> str:
    path = folder / entry.path
    if not path.resolve().is_relative_to(folder.resolve()) and not (folder / "pg_tblspc").exists():
        return f"{entry.path} leads out of the backup"
    if not path.is_file():
        return f"{entry.path} is missing"
    if (size := path.stat().st_size) != entry.size_bytes:
        return f"{entry.path} has {size} of {entry.size_bytes} bytes"
    if not looked_into:
        return ""
    real = _digest(path, _SHA[entry.algorithm]) if entry.algorithm in _SHA else _crc(path)
    return "" if real == entry.checksum else f"{entry.path} is not what the manifest says"


def _crc(path: Path) -> str:
    """The way PostgreSQL writes it: the four bytes as they lie in memory, lowest first."""
    return crc32c(path.read_bytes()).to_bytes(4, "little").hex()


def _concluded(entries: Sequence[Entry], allowance: frozenset[str], wrong: Sequence[str]) -> Check:
    size_bytes = sum(entry.size_bytes for entry in entries)
    covered = sum(entry.path in allowance for entry in entries)
    detail = f"{covered} of {len(entries)} files ({size_bytes / 1e6:.0f} MB) were compared with the manifest"
    detail += f"; {len(wrong)} are wrong, first: {wrong[0]}." if wrong else "; all are as it says."
    if covered < len(entries):
        detail += " The others have CRC-32C only: take backups with --manifest-checksums=SHA256."
    measured = f"{len(wrong)} wrong"
    return concluded(
        NAME, Coverage(covered, len(entries), "files"), detail, wrong, measured=measured, limit="0"
    )
