"""The other way: md5 of rows as text, as tools of the kind of data-diff have a database compute it.

What data-diff 0.11.2 sends for a table that is the same on both sides, by PostgreSQL's log: it asks for
the least and the greatest key, and then, for each of 32 equal ranges of the key, for the number of rows and
the sum of 48 bits of their md5. Each column is made text, and all are strung together with `||`. A time is
held within the calendar's bounds, rounded, cut and padded, and spelled twice for that.

Its ranges are the key's and not the table's, so each is looked for all over the table. To leave that out,
there is the plain md5 of rows as PostgreSQL writes them, by the very pages that we go by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from uuid import UUID

from drill.restore.proof.catalog import Column, Table, columns
from drill.restore.proof.place import Place, Session

_RANGES = 32
_SUM = (
    "SELECT count(*), sum(('x' || substring(md5({}), 21))::bit(48)::bigint - 140737488355327) "
    "FROM ONLY {} t WHERE "
)
_CALENDAR = ("'4713-01-01 00:00:00 BC'::timestamp", "'294276-12-31 23:59:59'::timestamp")
_TIMES = ("timestamp with time zone", "timestamp without time zone")


def as_data_diff(place: Place, listed: Sequence[Table], sessions: int) -> None:
    """Its own queries and ranges, with the helpers that PostgreSQL gives a query by default; of tables with a
    uuid for a key."""
    with place.session() as session:
        queries = [query for table in listed for query in _by_key(session, table)]
    _all(place, queries, sessions, {"max_parallel_workers_per_gather": "2"})


def as_text(place: Place, listed: Sequence[Table], sessions: int) -> None:
    """Rows as PostgreSQL writes them, by pages."""
    queries = [query for table in listed for query in _by_pages(table, sessions)]
    _all(place, queries, sessions, {"enable_seqscan": "off"})


def _by_pages(table: Table, parts: int) -> Iterator[str]:
    cuts = [table.pages * number // parts for number in range(parts + 1)]
    for start, stop in pairwise(cuts):
        yield f"{_SUM.format('t::text', table)}t.ctid >= '({start},0)' AND t.ctid < '({stop},0)'"


def _by_key(session: Session, table: Table) -> Iterator[str]:
    found = columns(session, table)
    key = next(column.name for column in found if column.type == "uuid")
    asked = f"SELECT min({key}::text), max({key}::text) FROM {table}"  # noqa: S608  # our own table
    ((least, most),) = session.execute(asked.encode()).fetchall()
    first, last = UUID(least).int, UUID(most).int + 1
    cuts = [first + (last - first) * number // _RANGES for number in range(_RANGES + 1)]
    row = _SUM.format(" || '|' || ".join(map(_spelt, found)), table)
    for start, stop in pairwise(cuts):
        yield f"{row}{key} >= '{UUID(int=start)}' AND {key} < '{UUID(int=stop)}'"


def _spelt(column: Column) -> str:
    text = _time(column.name) if column.type in _TIMES else f"{column.name}::varchar"
    return f"coalesce(coalesce({text}, '<null>')::varchar, '<null>')"


def _time(name: str) -> str:
    begin, end = _CALENDAR
    held = f"least({end}, greatest({begin}, least({end}, {name}::timestamp(6)))) + interval '0.0000005'"
    text = f"to_char({held}, 'YYYY-mm-dd HH24:MI:SS.US')"
    cut = f"left(left({text}, length({text}) - 0), 26)"
    return f"CASE WHEN {name} IS NULL THEN NULL ELSE rpad({cut}, 26, '0') END"


def _all(place: Place, queries: Sequence[str], sessions: int, settings: dict[str, str]) -> None:
    def share(number: int) -> None:
        with place.session(settings) as session:
            for query in queries[number::sessions]:
                session.execute(query.encode())

    with ThreadPoolExecutor(sessions) as pool:
        list(pool.map(share, range(sessions)))
