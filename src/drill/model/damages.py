"""The damages that a restore proof plants in copies, by name: for who plants them, and for who judges whether
all that were due were planted."""

from __future__ import annotations

from dataclasses import dataclass

from drill.model.chance import seeded

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
# Offered only where persons were erased, and so looked for.
PERSON = Damage("erased-person-back", "erasure.replayed", in_database=True)


def chosen(wanted: str, seed: int, *, erased: bool = False) -> tuple[Damage, ...]:
    """`none`, `sample` (SAMPLE of them, by the seed) or `all`; ValueError for anything else.

    `erased`: whether the restore looked for persons who were erased.
    """
    among = (*DAMAGES, PERSON) if erased else DAMAGES
    if wanted == "all":
        return among
    if wanted == "none":
        return ()
    if wanted != "sample":
        raise ValueError(f"{wanted!r} is no choice of controls; write none, sample or all")
    picked = seeded(seed).sample(range(len(among)), SAMPLE)
    return tuple(among[n] for n in sorted(picked))
