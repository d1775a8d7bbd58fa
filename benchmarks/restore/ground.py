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
TURNS = 2_800_000
_BATCH = 20_000
# The tables of the sandbox's store, and one column that a sequence feeds. Three turns of ten owe the health
# record a document, as callers' mix has it (`drill.load.script.Mix`).
_SCHEMA = (
    (
        "CREATE TABLE turn (turn_id uuid PRIMARY KEY, drill_id text, call_sid text, seq int, patient text, "
        "intent text, outcome text, digest text, created_at timestamptz)"
    ),
    (
        "CREATE TABLE outbox (position bigint GENERATED ALWAYS AS IDENTITY, turn_id uuid PRIMARY KEY "
        "REFERENCES turn, patient text, drill_id text, document jsonb, attempts int, "
        "claimed_until timestamptz, delivered_at timestamptz)"
    ),
)
_FILL = (
    "INSERT INTO turn SELECT md5('t' || g)::uuid, '2026-q4-restore', 'CA' || md5((g / 8)::text), g % 8, "
    "'patient-' || g % 5000, 'appointment', 'saved', md5(g::text) || md5('d' || g), "
    "now() + g * interval '1 ms' FROM generate_series({0}, {0} + {1} - 1) g"
)
_OWED = (
    "INSERT INTO outbox (turn_id, patient, drill_id, document, attempts, delivered_at) "
    "SELECT turn_id, patient, drill_id, jsonb_build_object('resourceType', 'DocumentReference', "
    "'status', 'current', 'subject', jsonb_build_object('reference', 'Patient/' || patient), "
    "'identifier', jsonb_build_array(jsonb_build_object('system', 'urn:drill:turn', 'value', turn_id)), "
    "'meta', jsonb_build_object('tag', jsonb_build_array(jsonb_build_object('system', 'urn:drill:run', "
    "'code', drill_id))), 'description', digest, 'date', created_at, 'content', jsonb_build_array("
    "jsonb_build_object('attachment', jsonb_build_object('contentType', 'text/plain', 'data', "
    "encode(digest::bytea, 'base64'))))), 1, created_at FROM turn WHERE get_byte(uuid_send(turn_id), 0) < 77"
)


@dataclass(frozen=True, slots=True)
class Ground:
    """Where everything is. `server` serves the copy; `start` is where the archive begins."""

    source: Place
    server: postgres.Server
    copy: Place
    backup: Path
    archive: Path
    start: int
    database_bytes: int
    archive_bytes: int


@contextmanager
def ground(folder: Path, turns: int = TURNS) -> Iterator[Ground]:
    """Built in about two minutes, gone at the end."""
    archive, backup = folder / "archive", folder / "backup"
    archive.mkdir()
    primary = postgres.new(folder / "primary", HOST)
    settings = {"archive_mode": "on", "archive_command": f"cp %p {archive}/%f", "shared_buffers": "512MB"}
    with postgres.running(primary, **settings):
        primary.sql("CREATE DATABASE voice")
        primary.sql(*_SCHEMA, database="voice")
        for start in range(0, turns, _BATCH):
            primary.sql(_FILL.format(start, _BATCH), database="voice")
        primary.sql(_OWED, "VACUUM (FREEZE, ANALYZE)", database="voice")
        _archived(primary, archive)
        where = ("-h", primary.host, "-p", str(primary.port), "-U", "postgres", "-D", str(backup))
        options = ("--checkpoint=fast", "--manifest-checksums=SHA256", "--wal-method=none")
        postgres.run("pg_basebackup", *where, *options)
        _archived(primary, archive)
        copy = _restored(backup, folder / "copy", archive)
        try:
            database = primary.sql("SELECT pg_database_size('voice')", database="voice")[0][0]
            # The very first record of a cluster's log stands behind the long header of its first page.
            start = parse_lsn("0/1000028")
            log = sum(path.stat().st_size for path in archive.iterdir())
            yield Ground(
                _place(primary), copy, _place(copy), backup, archive, start, int(str(database)), log,
            )  # fmt: skip
        finally:
            copy.stop()


def _place(server: postgres.Server) -> Place:
    return Place(server.host, server.port, "postgres", "voice")


def _archived(server: postgres.Server, archive: Path) -> None:
    # A segment in which nothing stands yet is not switched away from.
    server.sql("SELECT pg_create_restore_point('archived')")
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
