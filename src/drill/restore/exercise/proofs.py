"""Which proofs a restored copy is put to, in an order in which none spoils another: nothing writes into the
copy before its transactions were counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from drill.model.errors import WorldError
from drill.model.restore import Check, undecided
from drill.restore.instance.settings import Goal
from drill.restore.proof.checksums import check_checksums
from drill.restore.proof.controls.material import Erased, Restored
from drill.restore.proof.indexes import check_indexes
from drill.restore.proof.keys import check_foreign_keys, check_sequences
from drill.restore.proof.place import Place
from drill.restore.proof.rows import check_rows
from drill.restore.proof.schema import check_schema
from drill.restore.proof.unlogged import check_unlogged
from drill.restore.proof.wal.actual import actual_xids
from drill.restore.proof.wal.continuity import NAME as CONTINUITY
from drill.restore.proof.wal.continuity import prove_wal
from drill.restore.proof.wal.prefix import NAME as TARGET
from drill.restore.proof.wal.prefix import Target, check_target
from drill.restore.stores import RecoveryPoint


@dataclass(frozen=True, slots=True)
class Material:
    """What there is to prove with. `standby` stands still at the goal; None when rows are not compared."""

    copy: Place
    source: Place
    standby: Place | None
    archive: Path
    programs: Path
    oldest: RecoveryPoint
    goal: Goal
    within_s: float


@dataclass(slots=True)
class Known:
    """What was learned on the way and a control needs: which transactions the log and the copy hold, and who
    was erased again."""

    restored: Restored | None = None
    erased: Erased | None = None


def prove(material: Material, known: Known) -> Iterator[Check]:
    """Every check of a running copy; what cannot be made is UNKNOWN, with the reason."""
    yield from _log(material, known)
    copy, source, standby = material.copy, material.source, material.standby
    proofs: dict[str, tuple[str, Callable[[], Check]]] = {
        "data.checksums": ("pages", lambda: check_checksums(copy, material.programs, material.within_s)),
        "data.indexes": ("indexes", lambda: check_indexes(copy)),
        "schema.equal": ("objects", lambda: check_schema(source, copy)),
        "keys.foreign": ("rows", lambda: check_foreign_keys(copy)),
        "keys.sequences": ("sequences", lambda: check_sequences(copy)),
        "rows.unlogged": ("tables", lambda: check_unlogged(source)),
    }
    if standby is not None:
        proofs["rows.equal"] = ("rows", lambda: check_rows(standby, copy))
    for name, (unit, check) in proofs.items():
        yield made(name, unit, check)


def made(name: str, unit: str, check: Callable[[], Check]) -> Check:
    """A check, or why there is none."""
    try:
        return check()
    except WorldError as error:
        return undecided(name, unit, f"It could not be made: {error}.")


def _log(material: Material, known: Known) -> Iterator[Check]:
    """The whole range of the log, and that recovery stopped where it was told to."""
    system = int(material.oldest.system) if material.oldest.system else None
    try:
        proof = prove_wal(
            material.archive, material.oldest.start, material.programs, sysid=system,
            within_s=material.within_s,
        )  # fmt: skip
    except WorldError as error:
        yield undecided(CONTINUITY, "log files", f"It could not be made: {error}.")
        yield undecided(TARGET, "transactions", "The log could not be read.")
        return
    yield proof.check
    goal = material.goal
    target = Target(
        time_us=goal.utc_us if goal.kind == "time" else None,
        lsn=goal.lsn if goal.kind in ("lsn", "name") else None,
        inclusive=goal.inclusive,
    )

    def held() -> Check:
        actual = actual_xids(material.copy, proof.transactions)
        if actual is not None:
            known.restored = Restored(proof.transactions, target, actual)
        return check_target(proof.transactions, target, actual)

    yield made(TARGET, "transactions", held)
