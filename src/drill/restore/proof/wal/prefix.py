"""Which transactions a recovery target brings back: a prefix of the log, not of time.

    to a time T    every commit before the first end of a transaction (commit *or* abort) later than T
    to a position  every commit whose record begins before it, and the one that begins there
    to the end     every commit

PostgreSQL stops at the first record past T in the log's order (src/backend/access/transam/xlogrecovery.c,
recoveryStopsBefore), so a commit with an earlier time that stands behind it is *not* there. "All commits up
to T and none after" would call a right restore wrong. Such commits, and the width of the inversion they lie
in, are reported and not held against anybody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from drill.model.restore import Check, Coverage, concluded, undecided
from drill.restore.proof.wal.names import lsn_text
from drill.restore.proof.wal.transactions import COMMITS, ENDS, Transaction

NAME = "wal.target"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Target:
    """Where recovery was told to stop: a time, a position, or neither for the end of the log."""

    time_us: int | None = None
    lsn: int | None = None
    inclusive: bool = True

    def stops_at(self, record: Transaction) -> bool:
        """Whether recovery ends before this record is applied."""
        if self.lsn is not None:
            return record.lsn > self.lsn or (record.lsn == self.lsn and not self.inclusive)
        if self.time_us is not None:
            late = record.at_us > self.time_us if self.inclusive else record.at_us >= self.time_us
            return late and record.kind in ENDS
        return False

    def __str__(self) -> str:
        if self.lsn is not None:
            return f"position {lsn_text(self.lsn)}"
        if self.time_us is None:
            return "the end of the log"
        at = _EPOCH + timedelta(microseconds=self.time_us)
        return at.isoformat(sep=" ", timespec="microseconds").replace("+00:00", " UTC")


@dataclass(frozen=True, slots=True)
class Prefix:
    """What a target brings back.

    Attributes:
        committed: ids of all transactions that are there, subtransactions as well.
        beyond: ids of committed ones that must not be.
        early: those of `beyond` whose time is not after the target's: what a clock would have expected.
        inversion_us: how far the log's order and the clock's part before the target, at most.
        stopped_by: the record before which recovery stops; None when the log ends first.
    """

    committed: frozenset[int]
    beyond: frozenset[int]
    early: frozenset[int]
    inversion_us: int
    stopped_by: Transaction | None


def expected(records: Iterable[Transaction], target: Target) -> Prefix:
    """The prefix that `target` cuts off `records`, which come in the log's order."""
    committed: set[int] = set()
    beyond: set[int] = set()
    early: set[int] = set()
    newest_us, inversion_us, stopped_by = 0, 0, None
    for record in records:
        if stopped_by is None and target.stops_at(record):
            stopped_by = record
        if stopped_by is None and record.kind in ENDS:
            inversion_us = max(inversion_us, newest_us - record.at_us)
            newest_us = max(newest_us, record.at_us)
        if record.kind not in COMMITS:
            continue
        ids = {record.xid, *record.subxids}
        (committed if stopped_by is None else beyond).update(ids)
        if stopped_by is not None and target.time_us is not None and record.at_us <= target.time_us:
            early |= ids
    return Prefix(frozenset(committed), frozenset(beyond), frozenset(early), inversion_us, stopped_by)


def check_target(records: Iterable[Transaction], target: Target, actual: frozenset[int] | None) -> Check:
    """`wal.target`: the ids committed in the restored copy against the prefix that the log says.

    UNKNOWN for a time behind which no transaction ends: PostgreSQL cannot tell that it was reached, and
    neither can we. `actual` is None when the copy could not be asked.
    """
    prefix = expected(records, target)
    total = len(prefix.committed | prefix.beyond)
    if actual is None:
        return undecided(NAME, "transactions", "The restored copy could not say which transactions it holds.")
    if target.time_us is not None and prefix.stopped_by is None:
        return undecided(NAME, "transactions", f"No transaction in the log ends after {target}.")
    missing, extra = prefix.committed - actual, prefix.beyond & actual
    wrong = [f"transaction {xid} is missing" for xid in sorted(missing)]
    wrong += [f"transaction {xid} is from after the target" for xid in sorted(extra)]
    detail = (
        f"Of {len(prefix.committed)} transactions that the log holds up to {target}, {len(missing)} are "
        f"missing; of {len(prefix.beyond)} after it, {len(extra)} are there."
    )
    if prefix.early:
        detail += f" {len(prefix.early)} have an earlier time but stand behind the record that ends recovery."
    detail += f" Log and clock part by at most {prefix.inversion_us / 1000:.1f} ms before it."
    measured = f"{len(missing)} missing, {len(extra)} extra"
    return concluded(
        NAME, Coverage(total, total, "transactions"), detail, wrong, measured=measured, limit="0"
    )
