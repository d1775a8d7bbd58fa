"""Row hashes on a real server: what is not the same is not hashed the same, of whatever type it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import postgres
from drill.restore.proof.catalog import tables
from drill.restore.proof.digest import hashed_rows, row_hash
from drill.restore.proof.place import Place

pytestmark = pytest.mark.processes

HOST = "127.78.0.2"
TYPES = (
    "CREATE TYPE mood AS ENUM ('ill', 'well')",
    "CREATE DOMAIN phone AS text",
    "CREATE TYPE pair AS (a int, b text)",
)
# Of each type values that differ. Some are equal to their type, some are one to the hash that their type has.
VALUES = {
    "text": ("''", "'a'", "'á'"),
    "varchar(9)": ("'a'", "'b'"),
    "name": ("'a'", "'b'"),
    "bool": ("true", "false"),
    "uuid": ("'00000000-0000-0000-0000-000000000000'", "'00000000-0000-0000-0000-000000000001'"),
    "int2": ("0", "1"),
    "int4": ("0", "1", "-1"),
    "int8": ("0", "1", "-1", "4294967296", "-4294967297"),
    "float8": ("0", "'-0'", "'NaN'", "'Infinity'"),
    "numeric": ("0", "1", "1.0", "'NaN'", "'Infinity'"),
    "bytea": ("''", "'a'"),
    "date": ("'2026-11-27'", "'2026-11-28'"),
    "interval": ("'1 mon'", "'30 days'"),
    "timestamp": ("'2000-01-01 00:00:00.000001'", "'2000-01-01 01:11:34.967296'"),
    "timestamptz": ("'2000-01-01 00:00:00.000001Z'", "'2000-01-01 01:11:34.967296Z'"),
    "jsonb": ("'{}'", "'[]'", "'null'", "'[[1],2]'", "'[[1,2]]'", "'[1.0]'", "'[1.00]'"),
    "int[]": ("'{}'", "'{1,2}'", "'{{1,2}}'", "'{{1},{2}}'", "'[2:3]={1,2}'"),
    "int4range": ("'empty'", "'[1,2)'"),
    "mood": ("'ill'", "'well'"),
    "phone": ("'1'", "'2'"),
    "pair": ("'(1,)'", "'(,1)'"),
    "inet": ("'::1'", "'::2'"),
    "json": ("'{}'", "'{ }'"),
    "point": ("'(1,2)'", "'(2,1)'"),
    "box": ("'(1,1),(2,2)'", "'(1,1),(3,3)'"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.Server]:
    new = postgres.new(tmp_path_factory.mktemp("values") / "server", HOST)
    with postgres.running(new):
        yield new


def hashes(server: postgres.Server, name: str) -> list[tuple[int, int]]:
    """Both hashes of each row of a table."""
    with Place(HOST, server.port, "postgres", "postgres").session() as session:
        (table,) = (each for each in tables(session) if each.name == name)
        found = session.execute(hashed_rows(table, row_hash(session, table))).fetchall()
    return [(first, second) for first, second, _ in found]


def test_values_that_differ_are_told_apart_and_from_null(server: postgres.Server) -> None:
    """Each in a row that is empty otherwise, beside one that is empty altogether; by either of the hashes."""
    columns = ", ".join(f'"Of {kind}" {kind}' for kind in VALUES)
    rows = [f'("Of {kind}") VALUES ({value})' for kind, values in VALUES.items() for value in values]
    server.sql(*TYPES, f"CREATE TABLE every ({columns})")
    server.sql(*(f"INSERT INTO every {row}" for row in ("DEFAULT VALUES", *rows)))
    first, second = zip(*hashes(server, "every"), strict=True)
    assert (len({*first}), len({*second})) == (1 + len(rows), 1 + len(rows))


@pytest.mark.parametrize("kind", ["int8", "int4", "int2", "text", "bytea", "numeric"])
def test_values_of_two_columns_do_not_make_up_for_one_another(server: postgres.Server, kind: str) -> None:
    """All pairs of small numbers: hashes that are put together by xor must not cancel."""
    pairs = "generate_series(0, 15) a, generate_series(0, 15) b"
    server.sql(f"CREATE TABLE two_{kind} (a {kind}, b {kind})")
    server.sql(f"INSERT INTO two_{kind} SELECT a::text::{kind}, b::text::{kind} FROM {pairs}")  # noqa: S608  # our own types
    first, second = zip(*hashes(server, f"two_{kind}"), strict=True)
    assert (len({*first}), len({*second})) == (256, 256)
