"""`replica.equal`: the second region holds the same objects, by content.

A replicator that copies nothing reports no error, and one that copies garbage reports success: so both sides
are listed, and the content is read on both. Size and time are no content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from drill.model.restore import Check, Coverage, concluded, undecided
from drill.model.units import seconds

NAME = "replica.equal"


@dataclass(frozen=True, slots=True)
class Object:
    """An object as it was read: SHA-256 of its content, its version ("" without), when it was written
    (seconds since 1970)."""

    size_bytes: int
    digest: str
    version: str = ""
    written_s: float = 0.0


def inventory(folder: Path, workers: int = 2) -> dict[str, Object]:
    """Everything in a region that is a folder, read to its end; keys with `/` between the parts."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    with ThreadPoolExecutor(max(1, workers)) as pool:
        objects = pool.map(_read, paths)
        return {p.relative_to(folder).as_posix(): o for p, o in zip(paths, objects, strict=True)}


def _read(path: Path) -> Object:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Object(path.stat().st_size, digest, written_s=path.stat().st_mtime)


def check_replica(
    source: Mapping[str, Object], replica: Mapping[str, Object], *, now_s: float, lag_s: float = 0.0
) -> Check:
    """Objects written within `lag_s` may still be on their way; every other one has to be there, the same."""
    if not source:
        return undecided(NAME, "objects", "There is no object to replicate.")
    due = {key: o for key, o in source.items() if key in replica or now_s - o.written_s > lag_s}
    missing = sorted(due.keys() - replica.keys())
    unlike = sorted(key for key in due.keys() & replica.keys() if due[key].digest != replica[key].digest)
    extra = sorted(replica.keys() - source.keys())
    wrong = [f"{key} has other content" for key in unlike] + [f"{key} is missing" for key in missing]
    wrong += [f"{key} is in the replica only" for key in extra]
    # The RPO of losing the first region: what is missing in the second, since when.
    behind_s = max((now_s - source[key].written_s for key in source.keys() - replica.keys()), default=0.0)
    detail = (
        f"Of {len(due)} objects that are due {len(missing)} are missing in the replica, {len(unlike)} have "
        f"other content, {len(extra)} are there that the source has not; {len(source) - len(due)} are still "
        "on their way."
    )
    coverage = Coverage(len(due), len(due), "objects")
    measured = f"{len(wrong)} wrong, {seconds(max(behind_s, 0.0))} behind"
    return concluded(NAME, coverage, detail, wrong, measured=measured, limit=f"0 wrong, {seconds(lag_s)}")
