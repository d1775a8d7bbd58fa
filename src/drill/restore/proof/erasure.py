"""`erasure.replayed`: who asked to be forgotten stays forgotten.

A backup remembers everybody who was erased after it was taken. So whoever restores it has to erase them once
more, from a list that is kept outside of the database, before anybody reads the copy; and then it is looked
up, name by name and column by column, that none came back. No index is trusted, as one that lost an entry
would hide its row from both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from drill.model.errors import WorldError
from drill.model.restore import Check, Coverage, concluded, undecided
from drill.restore.proof.clock import timed
from drill.restore.proof.place import Place, why

NAME, UNIT = "erasure.replayed", "look-ups"
_REMARK = "#"
_PAST_INDEXES = {"enable_indexscan": "off", "enable_indexonlyscan": "off", "enable_bitmapscan": "off"}


@dataclass(frozen=True, slots=True)
class Column:
    """Where a person's identifier stands."""

    schema: str
    table: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.table}.{self.name}"


def read_register(path: Path) -> tuple[str, ...]:
    """Who was erased, each once; WorldError when it cannot be read."""
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise WorldError(f"the register of erasures {path} cannot be read: {error}") from error
    return tuple(dict.fromkeys(line for line in lines if line and not line.startswith(_REMARK)))


def replay(copy: Place, erased: Sequence[str], columns: Sequence[Column]) -> int:
    """Delete every row of the erased from a restored copy, all or none; how many there were.

    `columns` come in the order in which rows may go: those that refer before those that are referred to.
    WorldError when it could not be done.
    """
    with copy.session(_PAST_INDEXES, write=True) as session:
        try:
            with session.transaction():
                return sum(
                    session.execute(
                        sql.SQL("DELETE FROM {} WHERE {}::text = ANY(%s)").format(
                            sql.Identifier(c.schema, c.table), sql.Identifier(c.name)
                        ),
                        (list(erased),),
                    ).rowcount
                    for c in columns
                )
        except psycopg.Error as error:
            raise WorldError(f"erasures could not be replayed: {why(error)}") from error


def check_erasure(
    copy: Place, erased: Sequence[str], columns: Sequence[Column], replayed: int | None = None
) -> Check:
    """That nobody of `erased` is in `columns`; nobody is named, only counted. `replayed`: rows of theirs that
    came back and were deleted before."""
    if not erased or not columns:
        return undecided(NAME, UNIT, "Nobody was erased, so nobody could come back.")
    with timed() as clock, copy.session(_PAST_INDEXES) as session:
        wrong, covered = [], 0
        for column in columns:
            query = sql.SQL("SELECT count(*), count(DISTINCT {0}) FROM {1} WHERE {0}::text = ANY(%s)").format(
                sql.Identifier(column.name), sql.Identifier(column.schema, column.table)
            )
            try:
                row = session.execute(query, (list(erased),)).fetchone()
            except psycopg.Error as error:
                wrong.append(f"{column} could not be looked up: {why(error)}")
                continue
            covered += len(erased)
            if row and row[0]:
                wrong.append(f"{row[1]} erased persons are back in {column}, with {row[0]} rows")
        again = f"{replayed} rows of erased persons had come back and were erased; "
        detail = "" if replayed is None else again
        detail += f"{len(erased)} erased persons were looked up in {len(columns)} columns"
        detail += f"; {wrong[0]}." if wrong else "; none is there."
        coverage = Coverage(covered, len(erased) * len(columns), UNIT)
        measured = f"{len(wrong)} columns with erased persons"
        return clock.stamp(concluded(NAME, coverage, detail, wrong, measured=measured, limit="0"))
