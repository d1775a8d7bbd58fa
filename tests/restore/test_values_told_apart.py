"""Row hashes on a real server: what is not the same is not hashed the same, of whatever type it is."""

from __future__ import annotations

from pathlib import Path

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


def test_values_that_differ_are_told_apart_and_from_null(tmp_path: Path) -> None:
    """Each in a row that is empty otherwise, beside one that is empty altogether; by either of the hashes."""
    server = postgres.new(tmp_path / "server", HOST)
    columns = ", ".join(f'"Of {kind}" {kind}' for kind in VALUES)
    rows = [f'("Of {kind}") VALUES ({value})' for kind, values in VALUES.items() for value in values]
    with postgres.running(server):
        server.sql(*TYPES, f"CREATE TABLE every ({columns})")
        server.sql(*(f"INSERT INTO every {row}" for row in ("DEFAULT VALUES", *rows)))
        with Place(HOST, server.port, "postgres", "postgres").session() as session:
            (table,) = tables(session)
            found = session.execute(hashed_rows(table, row_hash(session, table))).fetchall()
    first, second, _ = zip(*found, strict=True)
    assert (len({*first}), len({*second})) == (1 + len(rows), 1 + len(rows))
