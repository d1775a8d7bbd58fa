"""What is asked of the source, by a role that cannot write there: a position, a name for one, and a replica
whose replay stands still so that it can be compared.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from drill.model.errors import WorldError
from drill.model.target import Backups
from drill.restore.instance.settings import Goal
from drill.restore.proof.place import Place
from drill.restore.proof.standby import paused, resume
from drill.restore.proof.wal.names import SEGMENT, parse_lsn, segment_number
from drill.restore.stores import BackupStore

CONNECT_S = 3
ARCHIVED_WITHIN_S = 40.0
_POLL_S = 0.5
PAUSED = "paused"


def place_of(dsn: str, passfile: Path | None) -> Place:
    """The one server that an address with several hosts leads to; WorldError when none answers."""
    extra = {"passfile": str(passfile)} if passfile else {}
    try:
        with psycopg.connect(dsn, connect_timeout=CONNECT_S, **extra) as session:
            found = session.info
            return Place(found.host, found.port, found.user, found.dbname, passfile)
    except psycopg.Error as error:
        said = str(error).splitlines()[0]
        raise WorldError(f"the source of the backups cannot be asked: {said}") from error


def database_of(backups: Backups) -> str:
    """The database that is proved."""
    return str(conninfo_to_dict(backups.source).get("dbname", "postgres"))


def position(source: Place, name: str = "") -> int:
    """Where the log ends now; with a name, which is written into the log there."""
    query = "SELECT pg_create_restore_point(%s)" if name else "SELECT pg_current_wal_lsn()"
    with source.session() as session:
        try:
            row = session.execute(query, (name,) if name else None).fetchone()
        except psycopg.Error as error:
            raise WorldError(f"{source} cannot tell a position: {str(error).splitlines()[0]}") from error
    return parse_lsn(str(row[0])) if row else 0


@contextmanager
def standing(standby: Place | None, workspace: Path) -> Iterator[Goal | None]:
    """The position at which the replica's replay stands still for the while; None without a replica.

    Written into the workspace before it is done: whoever sweeps up knows that somebody has to go on.
    """
    if standby is None:
        yield None
        return
    mark = workspace / PAUSED
    passfile = str(standby.passfile.absolute()) if standby.passfile else ""
    told = [standby.host, standby.port, standby.user, standby.database, passfile]
    mark.write_text(json.dumps(told), encoding="utf-8")
    with paused(standby) as at:
        yield Goal("lsn", lsn=at, inclusive=False)
    mark.unlink(missing_ok=True)


def go_on(mark: Path) -> None:
    """What stood still goes on, by what was written down before; WorldError when it cannot be told."""
    try:
        host, port, user, database, passfile = json.loads(mark.read_text(encoding="utf-8"))
    except ValueError:  # torn: it is whole before anything is paused
        return
    except OSError as error:
        raise WorldError(f"{mark} does not tell which replica stands still: {error}") from error
    resume(Place(host, int(port), user, database, Path(passfile) if passfile else None))


def await_archived(store: BackupStore, lsn: int, segment_bytes: int, clock: Callable[[], float]) -> None:
    """Until the archive holds the log file of a position; WorldError when it does not come."""
    until, wanted = clock() + ARCHIVED_WITHIN_S, lsn // segment_bytes
    while clock() < until:
        names = [name for name in store.wal() if SEGMENT.fullmatch(name)]
        if names and max(segment_number(name, segment_bytes)[1] for name in names) >= wanted:
            return
        time.sleep(_POLL_S)
    raise WorldError(f"the log up to the goal was not archived within {ARCHIVED_WITHIN_S:.0f} s")
