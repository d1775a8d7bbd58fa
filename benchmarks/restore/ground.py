"""A primary with a gigabyte of rows, its archive, a base backup, and a copy restored from both."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import postgres

from drill.restore.proof.place import Place
from drill.restore.proof.wal.names import parse_lsn

HOST = "127.0.0.1"
ROWS = 2_400_000
_BATCH = 20_000
_SCHEMA = (
    (
        "CREATE TABLE turn (turn_id uuid PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, call_sid "
        "text, patient text, intent text, outcome text, digest text, said text, created_at timestamptz)"
    ),
    "CREATE TABLE outbox (turn_id uuid PRIMARY KEY REFERENCES turn, patient text, document jsonb)",
)
_FILL = (
    "INSERT INTO turn (turn_id, call_sid, patient, intent, outcome, digest, said, created_at) "
    "SELECT md5('t' || g)::uuid, 'CA' || md5((g / 8)::text), 'patient-' || g % 5000, 'lookup', 'ok', "
    "md5(g::text), repeat(md5(g::text) || ' ', 8), now() + g * interval '1 ms' "
    "FROM generate_series({0}, {0} + {1} - 1) g"
)
_OWED = (
    "INSERT INTO outbox SELECT turn_id, patient, jsonb_build_object('resourceType', 'DocumentReference', "
    "'n', seq) FROM turn WHERE seq % 20 = 0"
)


@dataclass(frozen=True, slots=True)
class Ground:
    """Where everything is. `rows_bytes`: the tables' own pages; `start`: where the backup's log begins."""

    source: Place
    copy: Place
    backup: Path
    archive: Path
    start: int
    rows_bytes: int
    database_bytes: int
    archive_bytes: int


@contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    """Built in about two minutes, gone at the end."""
    archive, backup = folder / "archive", folder / "backup"
    archive.mkdir()
    primary = postgres.new(folder / "primary", HOST)
    settings = {"archive_mode": "on", "archive_command": f"cp %p {archive}/%f", "shared_buffers": "512MB"}
    with postgres.running(primary, **settings):
        primary.sql("CREATE DATABASE voice")
        primary.sql(*_SCHEMA, database="voice")
        for start in range(0, ROWS, _BATCH):
            primary.sql(_FILL.format(start, _BATCH), database="voice")
        primary.sql(_OWED, "VACUUM (FREEZE, ANALYZE)", database="voice")
        _archived(primary, archive)
        where = ("-h", primary.host, "-p", str(primary.port), "-U", "postgres", "-D", str(backup))
        options = ("--checkpoint=fast", "--manifest-checksums=SHA256", "--wal-method=none")
        postgres.run("pg_basebackup", *where, *options)
        _archived(primary, archive)
        copy = _restored(backup, folder / "copy", archive)
        try:
            rows, database = primary.sql(
                "SELECT pg_relation_size('turn') + pg_relation_size('outbox'), pg_database_size('voice')",
                database="voice",
            )[0]
            # The very first record of a cluster's log stands behind the long header of its first page.
            start = parse_lsn("0/1000028")
            yield Ground(
                _place(primary), _place(copy), backup, archive, start, int(str(rows)), int(str(database)),
                sum(path.stat().st_size for path in archive.iterdir()),
            )  # fmt: skip
        finally:
            copy.stop()


def _place(server: postgres.Server) -> Place:
    return Place(server.host, server.port, "postgres", "voice")


def _archived(server: postgres.Server, archive: Path) -> None:
    name = str(server.sql("SELECT pg_walfile_name(pg_switch_wal())")[0][0])
    until = time.monotonic() + 300
    while not (archive / name).is_file():
        assert time.monotonic() < until, "the archive does not keep up"
        time.sleep(0.1)


def _restored(backup: Path, to: Path, archive: Path) -> postgres.Server:
    shutil.copytree(backup, to)
    (to / "recovery.signal").touch()
    copy = postgres.Server(to, HOST, postgres.free_port(HOST))
    copy.start(restore_command=f"cp {archive}/%f %p", archive_mode="off", shared_buffers="256MB")
    until = time.monotonic() + 120
    while copy.sql("SELECT pg_is_in_recovery()")[0][0]:
        assert time.monotonic() < until, "recovery does not end"
        time.sleep(0.1)
    return copy
