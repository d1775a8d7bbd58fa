"""Damages of files: of a base backup, of the archive, of the second region."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from pathlib import Path

from drill.model.restore import Check
from drill.restore.proof.controls.farm import farm, put
from drill.restore.proof.controls.material import Archive, Backup, NotPlanted, Replica
from drill.restore.proof.manifest import OURS, check_manifest, read_manifest
from drill.restore.proof.objects import check_replica, inventory
from drill.restore.proof.wal.archive import follow
from drill.restore.proof.wal.continuity import prove_wal

Planted = tuple[str, Sequence[Check]]
_BLOCK = 1 << 16


def truncated_file(backup: Backup, scratch: Path, chance: random.Random) -> Planted:
    """The end of a file is missing: a full disk, or a transfer that broke off."""
    copy = farm(backup.folder, scratch / "backup")
    manifest = _manifest(copy)
    entries = read_manifest(manifest.read_bytes())[0]
    candidates = [e for e in entries if e.size_bytes > 1 and (copy / e.path).is_file()]
    if not candidates:
        raise NotPlanted("the backup holds no file that could be cut")
    entry = chance.choice(candidates)
    keep = entry.size_bytes * 3 // 5
    put(copy / entry.path, (copy / entry.path).read_bytes()[:keep])
    said = f"{entry.path} cut to {keep} of {entry.size_bytes} bytes"
    return said, [check_manifest(copy, known=backup.known)]


def edited_manifest(backup: Backup, scratch: Path, chance: random.Random) -> Planted:
    """A file was changed, and its line in the manifest with it."""
    copy = farm(backup.folder, scratch / "backup")
    path = _manifest(copy)
    data = json.loads(path.read_bytes())
    candidates = [f for f in data["Files"] if f.get("Checksum")]
    if not candidates:
        raise NotPlanted("the manifest has no checksum that could be edited")
    entry = chance.choice(candidates)
    old = str(entry["Checksum"])
    new = f"{int(old, 16) ^ 1:0{len(old)}x}"
    put(path, path.read_bytes().replace(old.encode(), new.encode(), 1))
    said = f"the checksum of {entry.get('Path', 'a file')} edited in {path.name}"
    return said, [check_manifest(copy, known=backup.known)]


def _manifest(folder: Path) -> Path:
    found = next((p for p in (folder / "backup_manifest", folder / OURS) if p.is_file()), None)
    if found is None:
        raise NotPlanted("the backup has no manifest")
    return found


def missing_segment(archive: Archive, scratch: Path, chance: random.Random, binaries: Path) -> Planted:
    """One segment in the middle never arrived: PostgreSQL stops before it and says nothing."""
    copy = farm(archive.folder, scratch / "archive")
    try:
        wanted = list(follow(copy, archive.start, archive.end).wanted.values())
    except (ValueError, FileNotFoundError) as error:
        raise NotPlanted(str(error)) from error
    within = wanted[1:-1]
    if not within:
        raise NotPlanted("the archive has no segment between its first and its last")
    name = chance.choice(within)
    (copy / name).unlink()
    proof = prove_wal(copy, archive.start, binaries, end=archive.end)
    return f"segment {name} taken out", [proof.check]


def garbage_object(replica: Replica, scratch: Path, chance: random.Random) -> Planted:
    """An object of the right name and size, and of nothing else."""
    copy = farm(replica.replica, scratch / "replica")
    source = inventory(replica.source)
    there = sorted(key for key in source if (copy / key).is_file() and source[key].size_bytes)
    if not there:
        raise NotPlanted("the replica holds no object of the source")
    key = chance.choice(there)
    put(copy / key, chance.randbytes(source[key].size_bytes))
    said = f"{key} filled with {source[key].size_bytes} random bytes"
    return said, [check_replica(source, inventory(copy), now_s=time.time())]
