"""`data.indexes`: each index says the same as its table.

    amcheck        where the extension is installed: structure, order, and an entry for every row
    forced scans   elsewhere: the indexed values of all rows, read once past every index and once through this
                   one, as count and sum of hashes

A count through an index can be right while the table behind it is broken, and the other way round, so both
are read. An index-only scan gives what the index holds; forced scans do not see an entry that points to
another row with the same values. Only B-trees can be read from end to end; any other kind stays uncovered.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from drill.model.restore import Check, Coverage, concluded, undecided
from drill.restore.proof.catalog import Table, tables
from drill.restore.proof.clock import timed
from drill.restore.proof.place import Place, Session, why
from drill.restore.proof.value_hash import TEXT, hash_of, hashed_in_full

NAME = "data.indexes"
_INDEXES = """
SELECT i.indexrelid::int8, i.indrelid::int8, n.nspname, c.relname, am.amname, i.indisvalid AND i.indisready,
       pg_get_expr(i.indpred, i.indrelid), i.indnkeyatts::int,
       ARRAY(SELECT pg_get_indexdef(i.indexrelid, k, false) FROM generate_series(1, i.indnatts) k),
       ARRAY(SELECT format_type(a.atttypid, NULL) FROM pg_attribute a
             WHERE a.attrelid = i.indexrelid AND a.attnum > 0 ORDER BY a.attnum),
       ARRAY(SELECT o & 3 FROM unnest(i.indoption::int2[]) o)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_am am ON am.oid = c.relam
WHERE i.indrelid = ANY(%s::oid[]) AND i.indislive AND c.relkind = 'i' ORDER BY n.nspname, c.relname
"""
_AMCHECK = """
SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname = 'amcheck'
"""
_PAST_INDEXES = {"enable_indexscan": "off", "enable_indexonlyscan": "off", "enable_bitmapscan": "off"}
_THROUGH_ONE = {"enable_seqscan": "off", "enable_bitmapscan": "off", "enable_sort": "off"}
_DIRECTIONS = ("ASC NULLS LAST", "DESC NULLS LAST", "ASC NULLS FIRST", "DESC NULLS FIRST")


@dataclass(frozen=True, slots=True)
class Index:
    """An index as it was declared. `where` is "" unless it is partial; `values` is what it holds of a row, as
    one hash; `order` is of its keys."""

    oid: int
    schema: str
    name: str
    method: str
    valid: bool
    where: str
    values: sql.Composable
    order: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def condition(self) -> sql.Composable:
        """Which rows it holds."""
        return sql.SQL(self.where or "true")


# Entries, and two sums of their hashes: as they are, and once more hashed (see `digest`).
Found = tuple[int, int, int]
_SUMS = "count({0}), sum({0}), sum(hashint8extended({0}, 1))"


def check_indexes(place: Place, sessions: int = 2) -> Check:
    """Every index of every table. WorldError when the server cannot be reached."""
    with timed() as clock:
        with place.session() as session:
            extension = session.execute(_AMCHECK).fetchone()
            work = {table: _indexes(session, table) for table in tables(session) if not table.unlogged}
        total = sum(map(len, work.values()))
        if not total:
            return undecided(NAME, "indexes", "There is no index.")
        schema = str(extension[0]) if extension else ""
        shares = [list(work.items())[n::sessions] for n in range(max(1, sessions))]
        with ThreadPoolExecutor(len(shares)) as pool:
            said = [one for share in pool.map(lambda s: _share(place, s, schema), shares) for one in share]
        return clock.stamp(_concluded(total, said, "amcheck" if schema else "forced scans"))


def _indexes(session: Session, table: Table) -> list[Index]:
    rows, forms = session.execute(_INDEXES, ([table.oid],)).fetchall(), hashed_in_full(session)
    return [
        Index(
            row[0], row[2], row[3], row[4], row[5], row[6] or "",
            hash_of((_part(part, kind, forms) for part, kind in zip(row[8], row[9], strict=True)), 0),
            tuple(f"{p} {_DIRECTIONS[o]}" for p, o in zip(row[8][: row[7]], row[10], strict=True)),
        )
        for row in rows
    ]  # fmt: skip


def _part(expression: str, kind: str, forms: Mapping[str, str]) -> tuple[str, sql.Composable]:
    if kind in forms:
        return forms[kind], sql.SQL(f"({expression})")
    return TEXT, sql.SQL(f"({expression})::text")


# Of an index: whether it was covered, and what is wrong ("" when nothing).
_Said = tuple[bool, str]


def _share(place: Place, work: Sequence[tuple[Table, list[Index]]], amcheck: str) -> list[_Said]:
    said: list[_Said] = []
    with place.session() as session:
        for table, indexes in work:
            if amcheck:
                said += [_by_amcheck(session, amcheck, index) for index in indexes]
            elif indexes:
                said += _by_scans(session, table, indexes)
    return said


def _by_amcheck(session: Session, schema: str, index: Index) -> _Said:
    if index.method != "btree":
        return False, ""
    call = sql.SQL("SELECT {}.bt_index_check(%s::oid::regclass, heapallindexed => true)").format(
        sql.Identifier(schema)
    )
    try:
        session.execute(call, (index.oid,))
    except psycopg.errors.InsufficientPrivilege:
        return False, ""
    except psycopg.Error as error:
        return True, f"index {index}: {why(error)}"
    return True, ""


def _by_scans(session: Session, table: Table, indexes: Sequence[Index]) -> list[_Said]:
    try:
        expected = _past_indexes(session, table, indexes)
    except psycopg.Error as error:
        return [(True, f"table {table} of index {index}: {why(error)}") for index in indexes]
    return [_through(session, table, *pair) for pair in zip(indexes, expected, strict=True)]


def _set(session: Session, wanted: dict[str, str]) -> None:
    for name in {**_PAST_INDEXES, **_THROUGH_ONE}:
        session.execute("SELECT set_config(%s, %s, false)", (name, wanted.get(name, "on")))


def _past_indexes(session: Session, table: Table, indexes: Sequence[Index]) -> list[Found]:
    """Of each index what it ought to hold: one pass over the table for all of them."""
    _set(session, _PAST_INDEXES)
    names = [sql.Identifier(f"h{n}") for n in range(len(indexes))]
    each = [
        sql.SQL("CASE WHEN {} THEN {} END {}").format(index.condition, index.values, name)
        for index, name in zip(indexes, names, strict=True)
    ]
    query = sql.SQL("SELECT {} FROM (SELECT {} FROM ONLY {} OFFSET 0) d").format(
        sql.SQL(", ").join(sql.SQL(_SUMS).format(name) for name in names),
        sql.SQL(", ").join(each), sql.Identifier(*table.key),
    )  # fmt: skip
    row = session.execute(query).fetchone() or ()
    return [_found(row[n : n + 3]) for n in range(0, len(row), 3)]


def _found(row: Sequence[Any]) -> Found:
    return int(row[0]), int(row[1] or 0), int(row[2] or 0)


def _through(session: Session, table: Table, index: Index, expected: Found) -> _Said:
    if not index.valid:
        return True, f"index {index} is marked invalid"
    if index.method != "btree":
        return False, ""
    _set(session, _THROUGH_ONE)
    query = sql.SQL("SELECT {} FROM (SELECT {} h FROM ONLY {} WHERE {} ORDER BY {} OFFSET 0) d").format(
        sql.SQL(_SUMS).format(sql.Identifier("h")), index.values, sql.Identifier(*table.key),
        index.condition, sql.SQL(", ".join(index.order)),
    )  # fmt: skip
    try:
        if not _uses(session, query, index.name):
            return False, ""
        row = session.execute(query).fetchone()
    except psycopg.Error as error:
        return True, f"index {index}: {why(error)}"
    found = _found(row or (0, 0, 0))
    if found == expected:
        return True, ""
    return True, f"index {index} holds {found[0]} entries that are not the table's {expected[0]} rows"


def _uses(session: Session, query: sql.Composed, name: str) -> bool:
    """Whether the planner reads this index: of two alike it may take the other."""
    plan = session.execute(sql.SQL("EXPLAIN (FORMAT JSON) ") + query).fetchone()
    return f'"Index Name": {json.dumps(name)}' in json.dumps(plan[0] if plan else None)


def _concluded(total: int, said: Sequence[_Said], way: str) -> Check:
    covered, wrong = sum(1 for looked, _ in said if looked), [fault for _, fault in said if fault]
    detail = f"{covered} of {total} indexes were compared with their tables by {way}; {len(wrong)} differ."
    if covered < total:
        detail += " B-trees that the planner will not read alone, and other kinds, need amcheck."
    coverage = Coverage(covered, total, "indexes")
    return concluded(NAME, coverage, detail, wrong, measured=f"{len(wrong)} differ", limit="0", way=way)
