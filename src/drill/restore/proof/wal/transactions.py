"""Ends of transactions as the log has them, in its order.

The log's order is not the clock's: a commit takes its time before its record finds its place in the log, so
of 64 busy sessions one in some hundred commits stands behind one with a later time.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum

from drill.restore.proof.wal.names import parse_lsn


class Kind(IntEnum):
    """What a record says of its transaction."""

    COMMIT = 0
    ABORT = 1
    PREPARE = 2
    COMMIT_PREPARED = 3
    ABORT_PREPARED = 4


ENDS = frozenset(set(Kind) - {Kind.PREPARE})
COMMITS = frozenset({Kind.COMMIT, Kind.COMMIT_PREPARED})


@dataclass(frozen=True, slots=True)
class Transaction:
    """One record. `at_us`: its time in microseconds since 1970, UTC; `subxids`: its subtransactions."""

    lsn: int
    xid: int
    kind: Kind
    at_us: int
    subxids: tuple[int, ...] = ()


class Transactions:
    """Many of them in the order in which they were added, at 21 bytes each."""

    __slots__ = ("_at_us", "_kind", "_lsn", "_subxids", "_xid")

    def __init__(self, given: Iterable[Transaction] = ()) -> None:
        self._lsn, self._xid, self._at_us = array("Q"), array("I"), array("q")
        self._kind = bytearray()
        self._subxids: dict[int, tuple[int, ...]] = {}
        for transaction in given:
            self.add(transaction)

    def add(self, new: Transaction) -> None:
        """At the end."""
        if new.subxids:
            self._subxids[len(self._kind)] = new.subxids
        self._lsn.append(new.lsn)
        self._xid.append(new.xid)
        self._at_us.append(new.at_us)
        self._kind.append(new.kind)

    def __len__(self) -> int:
        return len(self._kind)

    def __iter__(self) -> Iterator[Transaction]:
        columns = zip(self._lsn, self._xid, self._kind, self._at_us, strict=True)
        for place, (lsn, xid, kind, at_us) in enumerate(columns):
            yield Transaction(lsn, xid, Kind(kind), at_us, self._subxids.get(place, ()))


_RECORD = re.compile(
    r"rmgr: Transaction +len [^,]*, tx: +(?P<tx>\d+), lsn: (?P<lsn>[0-9A-F/]+), prev [0-9A-F/]+, desc: "
    r"(?P<kind>COMMIT_PREPARED|ABORT_PREPARED|COMMIT|ABORT|PREPARE) (?P<rest>.*)"
)
_TIME = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\.(\d{6}) UTC")
_PREPARED = re.compile(r"(\d+): ")
_SUBXIDS = re.compile(r"; subxacts:((?: \d+)+)")


def parse_record(line: str) -> Transaction | None:
    """A line of `pg_waldump` run with TZ=UTC; None when it is not the end or preparation of a transaction."""
    match = _RECORD.match(line)
    if match is None:
        return None
    kind, rest, xid = Kind[match["kind"]], match["rest"], int(match["tx"])
    # A prepared transaction is ended by another session: the record's own xid is 0.
    if kind in (Kind.COMMIT_PREPARED, Kind.ABORT_PREPARED) and (prepared := _PREPARED.match(rest)):
        xid = int(prepared[1])
    # A prepared transaction's name comes first and may hold anything, even a time.
    times = _TIME.findall(rest)
    if not times:
        return None
    subxids = _SUBXIDS.search(rest)
    second, micros = times[-1] if kind is Kind.PREPARE else times[0]
    return Transaction(
        parse_lsn(match["lsn"]), xid, kind, _epoch_us(second, int(micros)),
        tuple(map(int, subxids[1].split())) if subxids else (),
    )  # fmt: skip


def _epoch_us(second: str, micros: int) -> int:
    at = datetime.fromisoformat(second).replace(tzinfo=UTC)
    return int(at.timestamp()) * 1_000_000 + micros
