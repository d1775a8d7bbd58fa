"""A damage that no comparison with the source would call one: somebody who was erased is there again."""

from __future__ import annotations

import random
from collections.abc import Sequence

from psycopg import sql

from drill.model.restore import Check
from drill.restore.proof.controls.material import Erased, NotPlanted
from drill.restore.proof.controls.rows import INDEXES_TAKE, PLAIN_COLUMNS, REPLICA
from drill.restore.proof.erasure import Column, check_erasure
from drill.restore.proof.place import Place, Session


def bring_back(damaged: Place, erased: Erased, chance: random.Random) -> str:
    """A row is written once more, under the name of one who was erased."""
    person = chance.choice(list(erased.persons))
    with damaged.session(REPLICA, write=True) as session:
        for column in chance.sample(list(erased.columns), len(erased.columns)):
            if _written_as(session, column, person):
                return f"a row of one erased person put back into {column}"
    raise NotPlanted("no table that may hold erased persons has a row to be written once more")


def _written_as(session: Session, column: Column, person: str) -> bool:
    """Whether there was a row to write, and a column to be written to."""
    table = sql.Identifier(column.schema, column.table)
    row = session.execute(sql.SQL("SELECT tableoid, ctid::text FROM {} LIMIT 1").format(table)).fetchone()
    if row is None:
        return False
    names = [str(found[0]) for found in session.execute(PLAIN_COLUMNS, (row[0],)).fetchall()]
    if column.name not in names:
        return False
    taken = [sql.Literal(person) if name == column.name else sql.Identifier(name) for name in names]
    # An index that is not ready is not written to, so that not even a unique one forbids the row.
    session.execute(INDEXES_TAKE, (False, row[0]))
    query = sql.SQL(
        "INSERT INTO {t} ({into}) OVERRIDING SYSTEM VALUE SELECT {taken} FROM {t} "
        "WHERE tableoid = {o}::oid AND ctid = {c}::tid"
    ).format(
        t=table, into=sql.SQL(", ").join(map(sql.Identifier, names)), taken=sql.SQL(", ").join(taken),
        o=sql.Literal(row[0]), c=sql.Literal(row[1]),
    )  # fmt: skip
    written: int = session.execute(query).rowcount
    session.execute(INDEXES_TAKE, (True, row[0]))
    return written == 1


def looked_up(damaged: Place, erased: Erased | None) -> Sequence[Check]:
    """The check of it, for a drill that knows of erased persons."""
    return [] if erased is None else [check_erasure(damaged, erased.persons, erased.columns)]
