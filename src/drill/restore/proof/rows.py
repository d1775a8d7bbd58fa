"""`rows.equal`: every row of every table, in the restored copy and in its source, at the same position.

Each side is hashed where it is, so what travels is three numbers for each 16 MB: how many rows there are, and
two hashes of each whole row, added up (see `digest`).

The source may stay under load: compare with a standby whose replay is paused where the copy stopped
(`standby`). That neither side moved meanwhile is looked up before and after; if one did, nothing is said.

Only tables whose sums differ are looked into, bucket by bucket of the hash, down to single rows, which are
named by their place: their values stay in the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from queue import Empty, SimpleQueue

import psycopg

from drill.model.restore import FINDINGS_MAX, Check, Coverage, concluded, undecided
from drill.restore.proof.catalog import Table, tables
from drill.restore.proof.clock import timed
from drill.restore.proof.digest import RowHash, differing_rows, range_sums, row_hash
from drill.restore.proof.place import Place, Session, why
from drill.restore.proof.sums import Sums

NAME = "rows.equal"
# Of a place that stands still: how far it replayed, or which transactions it ever began.
_STANDS_AT = """
SELECT CASE WHEN pg_is_in_recovery() THEN 'replayed ' || pg_last_wal_replay_lsn()::text
            ELSE 'snapshot ' || pg_current_snapshot()::text END
"""
LOOKED_INTO_MAX = 4


@dataclass(frozen=True, slots=True)
class Digests:
    """One side: its tables with their sums, and those that could not be read with the reason."""

    sums: dict[Table, Sums]
    unread: dict[Table, str]
    moved: bool


def check_rows(source: Place, copy: Place, sessions: int = 2) -> Check:
    """See the module; `sessions` on each side. WorldError when a side cannot be reached."""
    with timed() as clock:
        with ThreadPoolExecutor(2) as both:
            ours, theirs = both.map(lambda place: digest_all(place, sessions), (source, copy))
        return clock.stamp(_compare(source, copy, ours, theirs))


def digest_all(place: Place, sessions: int = 2) -> Digests:
    """Sums of every logged table of one side."""
    with place.session() as session:
        listed = [table for table in tables(session) if not table.unlogged]
    return digest(place, listed, sessions)


def digest(place: Place, listed: Sequence[Table], sessions: int = 2) -> Digests:
    """Sums of these tables, ranges of pages shared out to `sessions`."""
    with place.session() as session:
        before = _stands_at(session)
        hashes = {table: row_hash(session, table) for table in listed}
    work: _Work = SimpleQueue()
    for table in listed:
        for pages in table.ranges():
            work.put((table, pages))
    with ThreadPoolExecutor(max(1, sessions)) as pool:
        shares = [pool.submit(_share, place, hashes, work) for _ in range(max(1, sessions))]
    sums = dict.fromkeys(listed, Sums())
    unread = {table: "the session was lost" for table, _ in _taken(work)}
    for table, found in chain.from_iterable(share.result() for share in shares):
        if isinstance(found, Sums):
            sums[table] += found
        else:
            unread[table] = found
    with place.session() as session:
        moved = _stands_at(session) != before
    return Digests({t: s for t, s in sums.items() if t not in unread}, unread, moved)


def _stands_at(session: Session) -> str:
    row = session.execute(_STANDS_AT).fetchone()
    return str(row[0]) if row else ""


_Work = SimpleQueue[tuple[Table, tuple[int, int]]]


def _share(place: Place, hashes: dict[Table, RowHash], work: _Work) -> list[tuple[Table, Sums | str]]:
    """One session takes ranges while there are any; what it says of a table that it could not read stands
    for the sums. One that is lost leaves the rest to the others."""
    done: list[tuple[Table, Sums | str]] = []
    # Ranges of pages, not of an index: a range scan is then what the planner has left.
    with place.session({"enable_seqscan": "off", "enable_bitmapscan": "off"}) as session:
        for table, pages in _taken(work):
            try:
                done.append((table, range_sums(session, table, hashes[table], pages)))
            except psycopg.Error as error:
                done.append((table, why(error)))
                if session.closed:
                    break
    return done


def _taken(work: _Work) -> Iterator[tuple[Table, tuple[int, int]]]:
    with suppress(Empty):
        while True:
            yield work.get_nowait()


def _compare(source: Place, copy: Place, ours: Digests, theirs: Digests) -> Check:
    for side, digests in (("source", ours), ("copy", theirs)):
        if digests.moved:
            return undecided(NAME, "rows", f"The {side} went on while it was read: nothing can be compared.")
    mine = {t.key: t for t in [*ours.sums, *ours.unread]}
    other = {t.key: t for t in [*theirs.sums, *theirs.unread]}
    wrong = [f"table {mine[key]} is not in the copy" for key in mine.keys() - other.keys()]
    wrong += [f"table {other[key]} is not in the source" for key in other.keys() - mine.keys()]
    unread = {str(t): said for t, said in ours.unread.items()}
    # What the source can read and the copy cannot is damage, not doubt.
    broken = {t: said for t, said in theirs.unread.items() if str(t) not in unread}
    wrong += [f"table {t} cannot be read in the copy: {said}" for t, said in broken.items()]
    unlike = [key for key in mine.keys() & other.keys() if _unlike(ours, theirs, mine[key], other[key])]
    for key in sorted(unlike):
        a, b = ours.sums[mine[key]], theirs.sums[other[key]]
        wrong.append(f"table {mine[key]} differs: {a.rows} rows in the source, {b.rows} in the copy")
    for key in sorted(unlike)[:LOOKED_INTO_MAX]:
        wrong += _looked_into(source, copy, mine[key], other[key], FINDINGS_MAX - len(wrong))
    return _concluded(ours, mine, other, unlike, wrong, unread)


def _unlike(ours: Digests, theirs: Digests, mine: Table, other: Table) -> bool:
    return mine in ours.sums and other in theirs.sums and ours.sums[mine] != theirs.sums[other]


def _looked_into(source: Place, copy: Place, mine: Table, other: Table, room: int) -> list[str]:
    if room <= 0:
        return []
    with source.session() as a, copy.session() as b:
        try:
            only_source, only_copy = differing_rows(a, b, mine, other, room)
        except psycopg.Error as error:
            return [f"table {mine} could not be looked into: {why(error)}"]
    found = [f"row {mine} {ctid} is only in the source" for ctid in only_source]
    return [*found, *(f"row {other} {ctid} is only in the copy" for ctid in only_copy)][:room]


def _concluded(
    ours: Digests, mine: dict[tuple[str, str], Table], other: dict[tuple[str, str], Table],
    unlike: Sequence[tuple[str, str]], wrong: list[str], unread: dict[str, str],
) -> Check:  # fmt: skip
    covered = sum(sums.rows for t, sums in ours.sums.items() if t.key in other)
    missed = sum(max(1, t.rows_estimate) for t in ours.unread)
    alike = len(mine.keys() & other.keys()) - len(unlike) - len(unread)
    detail = (
        f"{covered} rows in {len(mine)} tables were compared by count and two sums of 64-bit hashes; "
        f"{alike} tables are the same, {len(unlike)} differ."
    )
    if unread:
        detail += f" Not read: {', '.join(f'{t} ({said})' for t, said in sorted(unread.items())[:3])}."
    if not covered:
        detail = "There is no row to compare, so the comparison says nothing."
    total = covered + missed
    measured = f"{len(unlike)} tables differ"
    return concluded(NAME, Coverage(covered, total, "rows"), detail, wrong, measured=measured, limit="0")
