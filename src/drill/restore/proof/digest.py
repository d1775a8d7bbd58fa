"""SQL of the row digests: sums over a range of pages, sums by bucket, and the rows of one bucket.

    x = hash(column 1, seed 1) xor hash(column 2, seed 2) xor ...      y = the same with other seeds
    h1, h2 = hashint8extended(x, y), hashint8extended(y, x)
    a range of pages   count, sum(h1), sum(h2)
    a bucket           the rows whose h1 has the same lowest ten bits, then the next ten, and so on

Two values that are not the same text are not the same here, whatever their type calls equal (`value_hash`).

A xor may not be added up as it is, and no more may PostgreSQL's hash of a record, a polynomial of its
columns' hashes: when two rows trade the values of a column, the sum stays, or its lowest bit does. Hence each
is hashed once more, with the other as its seed, before it is added up: of the value that function takes 32
bits and of the seed all 64, so that either sum rests on 96 bits of the two.

sum(int8) is exact: PostgreSQL adds it up in 128 bits and more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from psycopg import sql

from drill.restore.proof.catalog import Table, columns
from drill.restore.proof.place import Session
from drill.restore.proof.sums import Sums, differing
from drill.restore.proof.value_hash import TEXT, hash_of, hashed_in_full

_BITS = 10
_LEVELS = 5
ROWS_FEW = 2000
_FETCH = 1000
SEEDS = (0, 1 << 30)
_ALL = sql.SQL("true")


@dataclass(frozen=True, slots=True)
class RowHash:
    """What is taken of a row `t` first, `v0` and so on, and both hashes of that; `fence` keeps what was made
    text from being made twice."""

    values: sql.Composable
    x: sql.Composable
    y: sql.Composable
    fence: sql.Composable


def row_hash(session: Session, table: Table) -> RowHash:
    """How to hash the rows of a table on this server."""
    forms, found = hashed_in_full(session), columns(session, table)
    names = [sql.Identifier(f"v{number}") for number in range(len(found))]
    taken = [
        sql.SQL("t.{} {}" if column.type in forms else "t.{}::text {}").format(
            sql.Identifier(column.name), name
        )
        for column, name in zip(found, names, strict=True)
    ]
    values = [(forms.get(column.type, TEXT), name) for column, name in zip(found, names, strict=True)]
    x, y = (hash_of(values, seed) for seed in SEEDS)
    fence = sql.SQL("" if all(column.type in forms for column in found) else "OFFSET 0")
    return RowHash(sql.SQL(", ").join([*taken, sql.SQL("t.ctid")]), x, y, fence)


def hashed_rows(table: Table, row: RowHash, where: sql.Composable = _ALL) -> sql.Composed:
    """Both hashes and the place of every row; OFFSET 0 keeps x and y from being made twice."""
    return sql.SQL(
        "SELECT hashint8extended(x, y) h1, hashint8extended(y, x) h2, ctid FROM (SELECT {x} x, {y} y, ctid "
        "FROM (SELECT {values} FROM ONLY {table} t WHERE {where} {fence}) a OFFSET 0) b"
    ).format(
        x=row.x, y=row.y, values=row.values, table=sql.Identifier(*table.key), where=where, fence=row.fence
    )


def range_sums(session: Session, table: Table, row: RowHash, pages: tuple[int, int]) -> Sums:
    """Of the rows in these pages; of all behind them too when they are the table's last."""
    start, stop = pages
    # A block's number is an unsigned 32-bit one, and no table has the last of them.
    last = stop if stop < table.pages else 0xFFFFFFFF
    within = sql.SQL("t.ctid >= {}::tid AND t.ctid < {}::tid").format(
        sql.Literal(f"({start},0)"), sql.Literal(f"({last},0)")
    )
    query = sql.SQL("SELECT count(*), sum(h1), sum(h2) FROM ({}) d").format(hashed_rows(table, row, within))
    found = session.execute(query).fetchone()
    assert found is not None  # noqa: S101  # an aggregate always gives a row
    return Sums(int(found[0]), int(found[1] or 0), int(found[2] or 0))


def _buckets(session: Session, table: Table, row: RowHash, level: int, path: int) -> dict[int, Sums]:
    """Sums by the next ten bits of h1, of the rows whose lower bits are `path`."""
    done = _BITS * level
    query = sql.SQL(
        "SELECT (h1 >> {shift}) & {mask}, count(*), sum(h1), sum(h2) FROM ({hashed}) d "
        "WHERE h1 & {below} = {path} GROUP BY 1"
    ).format(
        shift=sql.Literal(done), mask=sql.Literal((1 << _BITS) - 1), hashed=hashed_rows(table, row),
        below=sql.Literal((1 << done) - 1), path=sql.Literal(path),
    )  # fmt: skip
    return {int(n): Sums(int(rows), int(a), int(b)) for n, rows, a, b in session.execute(query)}


def differing_rows(
    source: Session, copy: Session, mine: Table, other: Table, most: int
) -> tuple[list[str], list[str]]:
    """Places of up to `most` rows that only the source has, and of those that only the copy has."""
    hash_a, hash_b = row_hash(source, mine), row_hash(copy, other)
    only_source: list[str] = []
    only_copy: list[str] = []
    for level, path in _leaves(source, copy, (mine, hash_a), (other, hash_b), 0, 0):
        a = _rows(source, mine, hash_a, level, path)
        b = _rows(copy, other, hash_b, level, path)
        only_source += _beyond(a, b)
        only_copy += _beyond(b, a)
        if len(only_source) + len(only_copy) >= most:
            break
    return only_source[:most], only_copy[:most]


_Side = tuple[Table, RowHash]


def _leaves(
    source: Session, copy: Session, mine: _Side, other: _Side, level: int, path: int
) -> Iterator[tuple[int, int]]:
    """Differing buckets that are small enough to be read row by row, as (level, lowest bits)."""
    a, b = _buckets(source, *mine, level, path), _buckets(copy, *other, level, path)
    for bucket in differing(a, b):
        deeper = path | bucket << _BITS * level
        rows = max(a.get(bucket, Sums()).rows, b.get(bucket, Sums()).rows)
        if rows > ROWS_FEW and level + 1 < _LEVELS:
            yield from _leaves(source, copy, mine, other, level + 1, deeper)
        else:
            yield level + 1, deeper


Found = dict[tuple[int, int], list[str]]


def _rows(session: Session, table: Table, row: RowHash, level: int, path: int) -> Found:
    """Places of a bucket's rows, by their hashes."""
    query = sql.SQL("SELECT h1, h2, ctid::text FROM ({}) d WHERE h1 & {} = {}").format(
        hashed_rows(table, row), sql.Literal((1 << _BITS * level) - 1), sql.Literal(path)
    )
    found: Found = {}
    cursor = session.cursor()
    for one, two, ctid in cursor.stream(query, size=_FETCH):
        found.setdefault((one, two), []).append(ctid)
    return found


def _beyond(mine: Found, other: Found) -> list[str]:
    """Places of the rows of which `mine` has more than `other`."""
    more = Counter({k: len(v) for k, v in mine.items()}) - Counter({k: len(v) for k, v in other.items()})
    return [place for key, number in more.items() for place in mine[key][len(mine[key]) - number :]]
