"""Damages of rows that no page's checksum and no count can see, planted as a superuser of a copy.

Triggers are off (`session_replication_role = replica`), so foreign keys do not defend themselves.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from psycopg import sql

from drill.restore.proof.catalog import Table, tables
from drill.restore.proof.controls.material import NotPlanted
from drill.restore.proof.keys import foreign_keys, sequences
from drill.restore.proof.place import Place, Session

REPLICA = {"session_replication_role": "replica"}
# Columns that no index, key or expression rests on, so that a change of theirs breaks no rule.
_FREE_COLUMNS = """
SELECT a.attname FROM pg_attribute a WHERE a.attrelid = %s::oid AND a.attnum > 0 AND NOT a.attisdropped
AND a.attgenerated = '' AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.refclassid = 'pg_class'::regclass
  AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum AND d.classid IN
  ('pg_class'::regclass, 'pg_constraint'::regclass) AND NOT EXISTS (SELECT FROM pg_class s
    WHERE s.oid = d.objid AND s.relkind = 'S' AND d.classid = 'pg_class'::regclass)) ORDER BY a.attnum
"""
PLAIN_COLUMNS = """
SELECT a.attname FROM pg_attribute a WHERE a.attrelid = %s::oid AND a.attnum > 0 AND NOT a.attisdropped
AND a.attgenerated = '' ORDER BY a.attnum
"""
INDEXES_TAKE = "UPDATE pg_index SET indisready = %s WHERE indrelid = %s::oid"


def swap_values(damaged: Place, chance: random.Random) -> str:
    """Two rows trade the values of a column: every count and every sum of the column stays."""
    with damaged.session(REPLICA, write=True) as session:
        for table in _with_rows(session, 2):
            free = [str(row[0]) for row in session.execute(_FREE_COLUMNS, (table.oid,)).fetchall()]
            for column in chance.sample(free, len(free)):
                pair = _unlike(session, table, column, chance)
                if pair is not None:
                    _swap(session, table, column, pair)
                    return f"{table}.{column} of the rows {pair[0]} and {pair[1]} swapped"
    raise NotPlanted("no table has two rows with different values that could trade places")


def _unlike(session: Session, table: Table, column: str, chance: random.Random) -> tuple[str, str] | None:
    query = sql.SQL(
        "SELECT a.ctid::text, b.ctid::text FROM "
        "(SELECT ctid, {c}::text v FROM ONLY {t} WHERE {c} IS NOT NULL OFFSET {k} LIMIT 1) a "
        "JOIN ONLY {t} b ON b.{c}::text <> a.v LIMIT 1"
    ).format(
        c=sql.Identifier(column), t=_name(table), k=sql.Literal(chance.randrange(_count(session, table)))
    )
    row = session.execute(query).fetchone()
    return None if row is None else (str(row[0]), str(row[1]))


def _swap(session: Session, table: Table, column: str, pair: tuple[str, str]) -> None:
    query = sql.SQL(
        "UPDATE ONLY {t} x SET {c} = o.{c} FROM ONLY {t} o WHERE (x.ctid = {a}::tid AND o.ctid = {b}::tid) "
        "OR (x.ctid = {b}::tid AND o.ctid = {a}::tid)"
    ).format(t=_name(table), c=sql.Identifier(column), a=sql.Literal(pair[0]), b=sql.Literal(pair[1]))
    _all(session.execute(query).rowcount, 2)


def duplicate_pair(damaged: Place, chance: random.Random) -> str:
    """A row is there twice more: the XOR of all rows is what it was."""
    with damaged.session(REPLICA, write=True) as session:
        table = next(iter(_with_rows(session, 1)), None)
        if table is None:
            raise NotPlanted("there is no row to be doubled")
        ctid = _some_row(session, table, chance)
        names = [sql.Identifier(str(r[0])) for r in session.execute(PLAIN_COLUMNS, (table.oid,)).fetchall()]
        # An index that is not ready is not written to, so that not even a unique one forbids the row.
        session.execute(INDEXES_TAKE, (False, table.oid))
        query = sql.SQL(
            "INSERT INTO {t} ({c}) OVERRIDING SYSTEM VALUE SELECT {c} FROM ONLY {t}, generate_series(1, 2) "
            "WHERE {t}.ctid = {a}::tid"
        ).format(t=_name(table), c=sql.SQL(", ").join(names), a=sql.Literal(ctid))
        _all(session.execute(query).rowcount, 2)
        session.execute(INDEXES_TAKE, (True, table.oid))
    return f"row {ctid} of {table} written twice more"


def delete_row(damaged: Place, chance: random.Random) -> str:
    """A row is gone."""
    with damaged.session(REPLICA, write=True) as session:
        table = next(iter(_with_rows(session, 1)), None)
        if table is None:
            raise NotPlanted("there is no row to be deleted")
        ctid = _some_row(session, table, chance)
        query = sql.SQL("DELETE FROM ONLY {} WHERE ctid = {}::tid").format(_name(table), sql.Literal(ctid))
        _all(session.execute(query).rowcount, 1)
    return f"row {ctid} of {table} deleted"


def orphan_reference(damaged: Place) -> str:
    """A row that others refer to is gone, and they are not."""
    with damaged.session(REPLICA, write=True) as session:
        for key in foreign_keys(session):
            pairs = sql.SQL(" AND ").join(
                sql.SQL("p.{} = c.{}").format(sql.Identifier(b), sql.Identifier(a))
                for a, b in zip(key.columns, key.referred, strict=True)
            )
            query = sql.SQL(
                "DELETE FROM {p} WHERE (tableoid, ctid) IN "
                "(SELECT p.tableoid, p.ctid FROM {p} p JOIN {c} c ON {pairs} LIMIT 1)"
            ).format(p=sql.Identifier(*key.parent), c=sql.Identifier(*key.child), pairs=pairs)
            # A table that refers to itself may lose the row that refers along with the one referred to.
            if key.parent != key.child and session.execute(query).rowcount == 1:
                return f"a row of {'.'.join(key.parent)} that {'.'.join(key.child)} refers to deleted"
    raise NotPlanted("no row refers to another")


def set_sequence_back(damaged: Place) -> str:
    """A sequence begins anew below keys that are taken."""
    with damaged.session(REPLICA, write=True) as session:
        for one in sequences(session):
            query = sql.SQL("SELECT count(*) FROM {} WHERE {} {} {}").format(
                sql.Identifier(*one.table), sql.Identifier(one.column),
                sql.SQL(">=" if one.step > 0 else "<="), sql.Literal(one.start),
            )  # fmt: skip
            if _number(session.execute(query).fetchone()):
                name = sql.Identifier(*one.name).as_string(session)
                session.execute("SELECT setval(%s::regclass, %s, false)", (name, one.start))
                return f"sequence {'.'.join(one.name)} set back to {one.start}"
    raise NotPlanted("no sequence feeds a column with values in it")


def _with_rows(session: Session, least: int) -> list[Table]:
    """Tables with that many rows and more, the largest first."""
    found = sorted((t for t in tables(session) if not t.unlogged), key=lambda t: -t.pages)
    return [table for table in found if table.pages and _count(session, table) >= least]


def _count(session: Session, table: Table) -> int:
    query = sql.SQL("SELECT count(*) FROM ONLY {}").format(_name(table))
    return _number(session.execute(query).fetchone())


def _some_row(session: Session, table: Table, chance: random.Random) -> str:
    query = sql.SQL("SELECT ctid::text FROM ONLY {} OFFSET {} LIMIT 1").format(
        _name(table), sql.Literal(chance.randrange(_count(session, table)))
    )
    row = session.execute(query).fetchone()
    return str(row[0]) if row else ""


def _name(table: Table) -> sql.Identifier:
    return sql.Identifier(*table.key)


def _number(row: Sequence[Any] | None) -> int:
    return int(row[0]) if row else 0


def _all(changed: int, wanted: int) -> None:
    if changed != wanted:
        raise NotPlanted(f"{changed} rows were changed instead of {wanted}")
