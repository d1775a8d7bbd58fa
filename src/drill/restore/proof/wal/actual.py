"""Which transactions a restored copy holds: PostgreSQL's own record of commits, asked id by id.

Before anything writes into the copy: a promoted server gives out the next id to whoever comes, and then an
id of the log's lost end means something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import psycopg

from drill.model.errors import WorldError
from drill.restore.proof.place import Place, Session, why
from drill.restore.proof.wal.transactions import COMMITS, Transaction

_BATCH = 10_000
_EPOCH = 1 << 32
_UPCOMING = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"
_COMMITTED = """
SELECT x FROM unnest(%s::int8[]) x WHERE pg_xact_status(x::text::xid8) = 'committed'
"""


def actual_xids(copy: Place, records: Iterable[Transaction]) -> frozenset[int] | None:
    """Ids out of `records` that are committed in the copy; None when it no longer knows of the oldest.

    WorldError when it cannot be asked.
    """
    ids = sorted({xid for r in records if r.kind in COMMITS for xid in (r.xid, *r.subxids)})
    with copy.session() as session:
        try:
            row = session.execute(_UPCOMING).fetchone()
            found = list(_committed(session, ids, int(row[0]) if row else 0))
        except psycopg.Error as error:
            raise WorldError(f"{copy} could not say which transactions it holds: {why(error)}") from error
    return None if None in found else frozenset(x % _EPOCH for x in found if x is not None)


def _committed(session: Session, ids: list[int], upcoming: int) -> Iterator[int | None]:
    # What the copy has not begun it cannot hold, and asking for it would be an error.
    full = [xid for short in ids if (xid := full_id(short, upcoming)) is not None]
    for some in (full[n : n + _BATCH] for n in range(0, len(full), _BATCH)):
        oldest = session.execute("SELECT pg_xact_status(%s::text::xid8)", (str(min(some)),)).fetchone()
        if oldest is None or oldest[0] is None:
            yield None
            return
        yield from (int(row[0]) for row in session.execute(_COMMITTED, (some,)))


def full_id(short: int, upcoming: int) -> int | None:
    """The 64-bit id of a log's 32-bit one, seen from the next one to be given out; None when it is not yet.

    Ids are told apart within half of their circle, as PostgreSQL does.
    """
    epoch, behind = divmod(upcoming, _EPOCH)
    ahead = (short - behind) % _EPOCH
    if ahead < _EPOCH // 2:
        return None
    xid = epoch * _EPOCH + short
    return xid if xid < upcoming else xid - _EPOCH
