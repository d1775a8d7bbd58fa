"""`rows.unlogged`: no table keeps rows that a restore cannot bring back.

What is written to an unlogged table is in no log and in no base backup: after a restore, a failover and even
a crash the table is there and empty, and everything that starts up with it looks well.
"""

from __future__ import annotations

from collections.abc import Collection

from drill.model.restore import Check, Coverage, concluded, undecided
from drill.restore.proof.catalog import tables
from drill.restore.proof.clock import timed
from drill.restore.proof.place import Place

NAME = "rows.unlogged"


def check_unlogged(place: Place, disposable: Collection[str] = ()) -> Check:
    """Of the source or the copy: both have the table. `disposable`: `schema.table` of those that may go."""
    with timed() as clock:
        with place.session() as session:
            found = tables(session)
        if not found:
            return undecided(NAME, "tables", "There is no table.")
        lost = [str(t) for t in found if t.unlogged and str(t) not in disposable]
        detail = f"{len(lost)} of {len(found)} tables are unlogged, so a restore empties them"
        detail += f": {', '.join(lost[:3])}." if lost else "."
        wrong = [f"table {name} is unlogged: no backup holds its rows" for name in lost]
        coverage = Coverage(len(found), len(found), "tables")
        return clock.stamp(
            concluded(NAME, coverage, detail, wrong, measured=f"{len(lost)} unlogged", limit="0")
        )
