"""Hashes of values in SQL: two that are not the same text are not hashed the same, whatever their type.

PostgreSQL's own hashes of types are made for hash tables, and some leave out what a proof must not: of a
bigint and of a time half of the bits (the halves are folded), of jsonb and arrays how they are nested, of
numeric which of the infinities it is. So only what is hashed byte by byte is hashed as it is, and the rest as
its text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from psycopg import sql

from drill.restore.proof.place import Session

TEXT = 'hashtextextended({v} COLLATE "C", {s})'
# By type, as `format_type` names it. A bigint trades places with its seed, of which all bits are taken.
_IN_FULL = {
    "text": TEXT,
    "character varying": TEXT,
    "uuid": "uuid_hash_extended({v}, {s})",
    "boolean": "hashint4extended({v}::int4, {s})",
    "smallint": "hashint4extended({v}, {s})",
    "integer": "hashint4extended({v}, {s})",
    "bigint": "hashint4extended({s}, {v})",
}
# Where bytes have a hash, which they have since PostgreSQL 18.
_BYTES = {
    "bytea": "hashbyteaextended({v}, {s})",
    "timestamp with time zone": "hashbyteaextended(timestamptz_send({v}), {s})",
    "timestamp without time zone": "hashbyteaextended(timestamp_send({v}), {s})",
}
_HAVE_BYTES = 180_000


def hashed_in_full(session: Session) -> Mapping[str, str]:
    """By type what hashes a value `v` with a seed `s` on this server; of other types the text has to be."""
    return _IN_FULL | (_BYTES if session.info.server_version >= _HAVE_BYTES else {})


def hash_of(values: Iterable[tuple[str, sql.Composable]], first: int) -> sql.Composable:
    """All values in one: the xor of what `hashed_in_full` or TEXT makes of each, with seeds of 31 bits that
    count up from `first`. NULL has the negative of its seed for a hash."""
    each = [
        sql.SQL(f"coalesce({form}, {{null}})").format(v=value, s=first + number, null=-(first + number))
        for number, (form, value) in enumerate(values, 1)
    ]
    return sql.SQL(" # ").join(each) if each else sql.SQL("0::int8")
