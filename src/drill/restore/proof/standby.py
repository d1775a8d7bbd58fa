"""A replica whose replay stands still, so that it can be compared while its primary goes on.

Only what it replays stands still: it goes on receiving, so a synchronous primary goes on committing (unless
it waits for `remote_apply`, and then this must not be used). A pause outlives the session that asked for it:
whoever pauses says so first, in the journal, and resumes whatever happens. `resume` may be called twice.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from drill.model.errors import WorldError
from drill.restore.proof.place import Place, why
from drill.restore.proof.wal.names import parse_lsn

_POLL_S = 0.05
_STATE = "SELECT pg_is_in_recovery(), pg_get_wal_replay_pause_state(), pg_last_wal_replay_lsn()::text"


@contextmanager
def paused(replica: Place, within_s: float = 10.0) -> Iterator[int]:
    """Paused, and resumed at the end; the position at which it stands: restore to it *exclusively*, and the
    copy holds the same records. WorldError when it does not stand within `within_s`, or is no replica."""
    pause(replica)
    try:
        yield _stands_at(replica, within_s)
    finally:
        resume(replica)


def pause(replica: Place) -> None:
    """Ask for it; it stands a moment later."""
    _call(replica, "SELECT pg_wal_replay_pause()")


def resume(replica: Place) -> None:
    """Let it replay; harmless when it does, and when it was promoted meanwhile."""
    _call(replica, "SELECT CASE WHEN pg_is_in_recovery() THEN pg_wal_replay_resume() END")


def _call(replica: Place, statement: str) -> None:
    with replica.session() as session:
        try:
            session.execute(statement.encode())
        except psycopg.Error as error:
            raise WorldError(f"replay on {replica} could not be steered: {why(error)}") from error


def _stands_at(replica: Place, within_s: float) -> int:
    until_s = time.monotonic() + within_s
    with replica.session() as session:
        while time.monotonic() < until_s:
            row = session.execute(_STATE).fetchone()
            if row and row[0] and row[1] == "paused":
                return parse_lsn(str(row[2]))
            time.sleep(_POLL_S)
    raise WorldError(f"replay on {replica} did not stand still within {within_s:.0f} s")
