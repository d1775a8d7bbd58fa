"""The damages that a restore proof plants in copies, by name: for who plants them, and for who judges whether
all that were due were planted."""

from __future__ import annotations

import random
from dataclasses import dataclass

SAMPLE = 4


@dataclass(frozen=True, slots=True)
class Damage:
    """A damage and the check that has to go red; `in_database`: it is planted inside the started copy."""

    name: str
    expects: str
    in_database: bool = False


DAMAGES = (
    Damage("heap-bit-flip", "data.checksums", in_database=True),
    Damage("index-bit-flip", "data.indexes", in_database=True),
    Damage("missing-wal-segment", "wal.continuity"),
    Damage("truncated-file", "files.manifest"),
    Damage("swapped-values", "rows.equal", in_database=True),
    Damage("duplicated-row-pair", "rows.equal", in_database=True),
    Damage("deleted-row", "rows.equal", in_database=True),
    Damage("orphan-foreign-key", "keys.foreign", in_database=True),
    Damage("low-sequence", "keys.sequences", in_database=True),
    Damage("stale-backup", "points.age"),
    Damage("wrong-second-target", "wal.target"),
    Damage("garbage-replica-object", "replica.equal"),
    Damage("edited-manifest", "files.manifest"),
)


def chosen(wanted: str, seed: int) -> tuple[Damage, ...]:
    """`none`, `sample` (SAMPLE of them, by the seed) or `all`; ValueError for anything else."""
    if wanted == "all":
        return DAMAGES
    if wanted == "none":
        return ()
    if wanted != "sample":
        raise ValueError(f"{wanted!r} is no choice of controls; write none, sample or all")
    picked = random.Random(seed).sample(range(len(DAMAGES)), SAMPLE)  # noqa: S311  # chosen, not secret
    return tuple(DAMAGES[n] for n in sorted(picked))
