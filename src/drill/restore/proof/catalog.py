"""What there is to look at: tables with rows, and how the work on one is shared out by ranges of pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drill.restore.proof.place import Session

PAGE_BYTES = 8192
# 16 MB: enough that a query's start costs nothing, and that two sessions end at about the same time.
RANGE_PAGES = 2048
_TABLES = """
SELECT c.oid::int8, n.nspname, c.relname, c.relpersistence::text,
       pg_relation_size(c.oid) / current_setting('block_size')::int8, greatest(c.reltuples, 0)::int8
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%'
ORDER BY n.nspname, c.relname
"""
_COLUMNS = """
SELECT a.attname, format_type(a.atttypid, NULL)
FROM pg_attribute a WHERE a.attrelid = %s::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table, a partition or a materialized view. `rows_estimate` is the planner's."""

    oid: int
    schema: str
    name: str
    unlogged: bool
    pages: int
    rows_estimate: int

    @property
    def key(self) -> tuple[str, str]:
        """What it is called in either copy."""
        return self.schema, self.name

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    def ranges(self) -> Iterator[tuple[int, int]]:
        """Pages from, pages to; one empty range for an empty table. The last is open at its end."""
        starts = range(0, max(self.pages, 1), RANGE_PAGES)
        for start in starts:
            yield start, start + RANGE_PAGES


def tables(session: Session) -> list[Table]:
    """Every table whose rows the database keeps for itself, by schema and name."""
    rows = session.execute(_TABLES).fetchall()
    return [Table(oid, schema, name, p == "u", pages, n) for oid, schema, name, p, pages, n in rows]


@dataclass(frozen=True, slots=True)
class Column:
    """A column and its type, as `format_type` names it."""

    name: str
    type: str


def columns(session: Session, table: Table) -> list[Column]:
    """A table's columns in their order."""
    return [Column(*row) for row in session.execute(_COLUMNS, (table.oid,)).fetchall()]
