"""Proofs on real servers: a primary under load, its standby, its archive, and copies restored from them."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import postgres
from drill.model.damages import DAMAGES, PERSON
from drill.model.errors import WorldError
from drill.model.restore import Check, Outcome
from drill.model.verdicts import Status
from drill.restore.proof.checksums import check_checksums, check_stopped
from drill.restore.proof.controls.farm import farm, put
from drill.restore.proof.controls.material import (
    Archive,
    Backup,
    Copy,
    Erased,
    Material,
    Points,
    Replica,
    Restored,
)
from drill.restore.proof.controls.run import run_controls
from drill.restore.proof.erasure import Column, check_erasure, replay
from drill.restore.proof.indexes import check_indexes
from drill.restore.proof.keys import check_foreign_keys, check_sequences
from drill.restore.proof.manifest import check_manifest
from drill.restore.proof.place import Place
from drill.restore.proof.points import AgeLimits, RecoveryPoint
from drill.restore.proof.rows import check_rows
from drill.restore.proof.schema import check_schema
from drill.restore.proof.standby import paused
from drill.restore.proof.unlogged import check_unlogged
from drill.restore.proof.wal.actual import actual_xids
from drill.restore.proof.wal.archive import follow
from drill.restore.proof.wal.continuity import WalProof, prove_wal
from drill.restore.proof.wal.names import lsn_text, parse_lsn
from drill.restore.proof.wal.prefix import Target, check_target
from drill.restore.proof.wal.transactions import Kind

pytestmark = pytest.mark.processes

HOST = "127.78.0.1"
SEGMENT_BYTES = 1 << 20
SCHEMA = (
    (
        "CREATE TABLE turn (turn_id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "
        "seq bigint GENERATED ALWAYS AS IDENTITY, patient text, outcome text, "
        "spoken json, at point, created_at timestamptz DEFAULT clock_timestamp())"
    ),
    "CREATE INDEX turn_by_patient ON turn (patient, seq DESC NULLS LAST)",
    "CREATE INDEX turn_open ON turn (lower(patient)) WHERE outcome = 'open'",
    "CREATE TABLE outbox (id bigserial PRIMARY KEY, turn_id uuid REFERENCES turn, note text)",
    (
        "INSERT INTO turn (patient, outcome, spoken, at) SELECT 'p' || g % 97, CASE g % 5 WHEN 0 THEN 'open' "
        "ELSE 'ok' || g END, '{\"said\": 1}', point(1, g) FROM generate_series(1, 20000) g"
    ),
    "INSERT INTO outbox (turn_id, note) SELECT turn_id, repeat('n', 60) FROM turn",
)
# Eight megabytes, so that the log has segments enough for several readers.
BULK = "INSERT INTO outbox (note) SELECT repeat(md5(g::text), 60) FROM generate_series(1, 4000) g"


@dataclass(slots=True)
class World:
    """What all tests look at. `lsn`: where the standby stands and the copy was restored to."""

    folder: Path
    primary: postgres.Server
    source: Place
    standby: Place
    copy: Place
    copy_server: postgres.Server
    backup: Path
    archive: Path
    start: int
    end: int
    lsn: int
    moment_us: int


def backup_of(server: postgres.Server, to: Path, *options: str) -> None:
    """A base backup."""
    where = ("-h", server.host, "-p", str(server.port), "-U", "postgres", "-D", str(to))
    postgres.run("pg_basebackup", *where, "--checkpoint=fast", *options)


def place(server: postgres.Server, database: str = "voice") -> Place:
    """Its address."""
    return Place(server.host, server.port, "postgres", database)


@contextmanager
def load(server: postgres.Server, sessions: int = 6) -> Iterator[None]:
    """Sessions that commit, abort and nest until the end."""
    ended = threading.Event()

    def work(number: int) -> None:
        with server.connect("voice") as session:
            for turn in range(100_000):
                if ended.is_set():
                    return
                with session.transaction(force_rollback=turn % 17 == 0):
                    session.execute("INSERT INTO turn (patient) VALUES (%s)", (f"live{number}",))
                    if turn % 13 == 0:
                        with session.transaction():
                            session.execute("INSERT INTO turn (patient) VALUES ('nested')")
                time.sleep(0.001)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(sessions)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def prepared(server: postgres.Server) -> None:
    """A transaction in two phases, with a subtransaction."""
    with server.connect("voice") as session:
        for statement in (
            "BEGIN", "INSERT INTO turn (patient) VALUES ('two')", "SAVEPOINT a",
            "INSERT INTO turn (patient) VALUES ('phases')", "PREPARE TRANSACTION 'later'",
            "COMMIT PREPARED 'later'",
        ):  # fmt: skip
            session.execute(statement.encode())


def archived(server: postgres.Server, archive: Path) -> None:
    """All that was written until now is in the archive."""
    # A segment in which nothing stands yet is not switched away from.
    server.sql("SELECT pg_create_restore_point('archived')")
    name = str(server.sql("SELECT pg_walfile_name(pg_switch_wal())")[0][0])
    until = time.monotonic() + 20
    while not (archive / name).is_file() and time.monotonic() < until:
        time.sleep(0.05)
    assert (archive / name).is_file()


def restored(world_backup: Path, to: Path, archive: Path, **target: str) -> postgres.Server:
    """A copy, recovered from the archive and promoted."""
    shutil.copytree(world_backup, to)
    (to / "recovery.signal").touch()
    server = postgres.Server(to, HOST, postgres.free_port(HOST))
    settings = {"restore_command": f"cp {archive}/%f %p", "recovery_target_action": "promote", **target}
    server.start(archive_mode="off", **settings)
    until = time.monotonic() + 30
    while server.sql("SELECT pg_is_in_recovery()")[0][0] and time.monotonic() < until:
        time.sleep(0.05)
    return server


def whole_log(world: World, workers: int = 2) -> WalProof:
    """Up to where all tests look."""
    return prove_wal(world.archive, world.start, postgres.BINARIES, end=world.end, workers=workers)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A primary that goes on under load, a standby that is paused, and a copy restored to its position."""
    folder = tmp_path_factory.mktemp("proofs")
    archive, backup = folder / "archive", folder / "backup"
    archive.mkdir()
    primary = postgres.new(folder / "primary", HOST, "--wal-segsize=1")
    servers = [primary]
    try:
        primary.start(archive_mode="on", archive_command=f"cp %p {archive}/%f")
        primary.sql("CREATE DATABASE voice")
        primary.sql(*SCHEMA, database="voice")
        backup_of(primary, backup, "--manifest-checksums=SHA256", "--wal-method=none")
        backup_of(primary, folder / "standby", "--wal-method=stream", "--write-recovery-conf")
        start = parse_lsn(str((backup / "backup_label").read_text().split("(")[0].split(": ")[1]))
        standby = postgres.Server(folder / "standby", HOST, postgres.free_port(HOST)).start()
        servers.append(standby)
        with load(primary):
            time.sleep(0.3)
            prepared(primary)
            primary.sql(BULK, database="voice")
            time.sleep(0.3)
            row = primary.sql("SELECT extract(epoch FROM clock_timestamp()) * 1000000")[0]
            moment_us = int(row[0])
            time.sleep(0.3)
            with paused(place(standby)) as lsn:
                time.sleep(0.2)
                archived(primary, archive)
                primary.sql("INSERT INTO turn (patient) VALUES ('last')", database="voice")
                archived(primary, archive)
                # The log goes on; what the tests look at is what was there now.
                end = follow(archive, start).end
                until = {"recovery_target_lsn": lsn_text(lsn), "recovery_target_inclusive": "off"}
                copy = restored(backup, folder / "copy", archive, **until)
                servers.append(copy)
                yield World(
                    folder, primary, place(primary), place(standby), place(copy), copy, backup, archive,
                    start, end, lsn, moment_us,
                )  # fmt: skip
    finally:
        for server in reversed(servers):
            server.stop()


def test_every_row_is_compared_at_the_same_position_while_the_primary_goes_on(world: World) -> None:
    """More than was there before the load."""
    check = check_rows(world.standby, world.copy)
    assert check.status is Status.PASS, check
    assert check.coverage.covered > 40_000


def test_a_side_that_goes_on_while_it_is_read_says_nothing(world: World) -> None:
    """Neither equal nor different."""
    check = check_rows(world.source, world.copy)
    assert check.status is Status.UNKNOWN
    assert "The source went on" in check.detail


@pytest.mark.parametrize(
    "check", [check_indexes, check_foreign_keys, check_sequences, check_unlogged], ids=lambda c: c.__name__
)
def test_a_whole_copy_passes_each_check(world: World, check: Callable[[Place], Check]) -> None:
    """And something was covered."""
    assert check(world.copy).status is Status.PASS


def test_definitions_and_pages_of_a_whole_copy_pass(world: World) -> None:
    """With all of them covered."""
    assert check_schema(world.standby, world.copy).status is Status.PASS
    assert check_checksums(world.copy, postgres.BINARIES).status is Status.PASS
    assert check_manifest(world.backup).status is Status.PASS


def test_the_log_is_whole_and_read_side_by_side_it_is_the_same(world: World) -> None:
    """One reader or three: the same transactions, in the same order."""
    proofs = [whole_log(world, workers=n) for n in (1, 3)]
    assert [p.check.status for p in proofs] == [Status.PASS, Status.PASS]
    one, three = (list(p.transactions) for p in proofs)
    assert one == three
    assert {t.kind for t in one} >= {Kind.COMMIT, Kind.ABORT, Kind.PREPARE, Kind.COMMIT_PREPARED}
    assert any(t.subxids for t in one)


def test_a_copy_restored_to_a_position_holds_exactly_its_transactions(world: World) -> None:
    """And not those of a later one."""
    records = whole_log(world).transactions
    actual = actual_xids(world.copy, records)
    assert check_target(records, Target(lsn=world.lsn, inclusive=False), actual).status is Status.PASS
    assert check_target(records, Target(), actual).status is Status.FAIL


def test_a_copy_restored_to_a_time_holds_exactly_the_prefix_of_the_log(world: World, tmp_path: Path) -> None:
    """Whatever the clock says of single commits; and its new timeline is followed."""
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(world.moment_us // 1_000_000))
    moment = f"{at}.{world.moment_us % 1_000_000:06d}+00"
    copy = restored(world.backup, tmp_path / "copy", world.archive, recovery_target_time=moment)
    try:
        records = whole_log(world).transactions
        check = check_target(records, Target(time_us=world.moment_us), actual_xids(place(copy), records))
        assert check.status is Status.PASS, check
        copy.sql("INSERT INTO turn (patient) VALUES ('on the new timeline')", database="voice")
        copy.sql("SELECT pg_switch_wal()", "CHECKPOINT")
    finally:
        copy.stop()
    archive = farm(world.archive, tmp_path / "archive")
    for path in sorted((tmp_path / "copy" / "pg_wal").iterdir()):
        if path.name.startswith("00000002") and (".history" in path.name or path.stat().st_size):
            shutil.copy(path, archive / path.name)
    followed = prove_wal(archive, world.start, postgres.BINARIES, end=_switched(copy, archive))
    assert followed.check.status is Status.PASS, followed.check
    assert [span.timeline for span in followed.spans] == [1, 2]
    (archive / "00000002.history").unlink()
    lost = prove_wal(archive, world.start, postgres.BINARIES)
    assert (lost.check.status, "history is missing" in lost.check.detail) == (Status.FAIL, True)


def _switched(copy: postgres.Server, archive: Path) -> int:
    """The end of the first whole segment of the new timeline."""
    first = min(p.name for p in archive.iterdir() if p.name.startswith("00000002") and len(p.name) == 24)
    return (int(first[16:], 16) + 1) * SEGMENT_BYTES


def test_a_missing_segment_is_a_silent_loss_that_both_checks_name(world: World, tmp_path: Path) -> None:
    """PostgreSQL recovers to the hole, opens for business and says nothing."""
    archive = farm(world.archive, tmp_path / "archive")
    wanted = list(follow(archive, world.start, world.end).wanted.values())
    (archive / wanted[-1]).unlink()
    (archive / wanted[-2]).unlink()
    copy = restored(world.backup, tmp_path / "copy", archive)
    try:
        assert copy.sql("SELECT count(*) > 0 FROM turn", database="voice") == [(True,)]
        whole = whole_log(world)
        actual = actual_xids(place(copy), whole.transactions)
        assert check_target(whole.transactions, Target(), actual).status is Status.FAIL
    finally:
        copy.stop()
    proof = prove_wal(archive, world.start, postgres.BINARIES, end=whole.end)
    assert proof.check.findings[:2] == tuple(f"segment {name} is missing" for name in wanted[-2:])


def test_a_record_that_crosses_from_one_reader_to_the_next_is_read(world: World, tmp_path: Path) -> None:
    """Every segment's first byte that belongs to a record of the segment before, turned over."""
    wanted = list(follow(world.archive, world.start, world.end).wanted.values())
    crossed = [name for name in wanted[1:] if _rest_of_a_record(world.archive / name) > 0]
    assert len(crossed) >= 4
    for name in crossed[:8]:
        archive = farm(world.archive, tmp_path / name)
        data = bytearray((archive / name).read_bytes())
        data[LONG_HEADER] ^= 1
        put(archive / name, bytes(data))
        proof = prove_wal(archive, world.start, postgres.BINARIES, end=world.end, workers=len(wanted))
        assert proof.check.status is Status.FAIL, name


LONG_HEADER = 40


def _rest_of_a_record(segment: Path) -> int:
    """How many bytes at the segment's begin belong to a record that began before it."""
    return int.from_bytes(segment.read_bytes()[16:20], "little")


def test_a_session_of_a_proof_cannot_write(world: World) -> None:
    """Not even a superuser's."""
    with pytest.raises(WorldError, match="read-only"), world.source.session() as session:
        session.execute("INSERT INTO public.turn (patient) VALUES ('x')")


def test_nobody_there_is_said_without_a_traceback() -> None:
    """With the address."""
    with pytest.raises(WorldError, match=r"127\.78\.0\.1:1"), Place(HOST, 1, "nobody", "x").session():
        pass


@pytest.fixture
def altered(world: World) -> Iterator[Place]:
    """The copy's database once more, to be damaged by one test."""
    names = ["SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'voice'"]
    world.copy_server.sql(*names, "CREATE DATABASE altered TEMPLATE voice")
    yield world.copy.of("altered")
    world.copy_server.sql("DROP DATABASE altered (FORCE)")


def test_a_single_row_that_differs_is_found_and_named_by_its_place(world: World, altered: Place) -> None:
    """In a column whose type has no hash."""
    change = "UPDATE turn SET at = point(9, 9) WHERE seq = 777 RETURNING ctid::text"
    before = str(world.copy_server.sql("SELECT ctid::text FROM turn WHERE seq = 777", database="voice")[0][0])
    after = str(world.copy_server.sql(change, database="altered")[0][0])
    check = check_rows(world.copy, altered)
    assert check.findings[1:] == (
        f"row public.turn {before} is only in the source",
        f"row public.turn {after} is only in the copy",
    )


def test_a_definition_that_differs_is_named(world: World, altered: Place) -> None:
    """A lost index, a changed default, a right that was given."""
    world.copy_server.sql(
        "DROP INDEX turn_open", "ALTER TABLE outbox ALTER note SET DEFAULT 'x'",
        "GRANT SELECT ON turn TO public",
        database="altered",
    )  # fmt: skip
    found = check_schema(world.copy, altered).findings
    assert "index public.turn_open is not in the copy" in found
    assert "column public.outbox.note is defined otherwise" in found
    assert "relation public.turn is defined otherwise" in found


def test_who_was_erased_is_back_until_erasures_are_replayed(altered: Place) -> None:
    """A backup remembers."""
    columns = [Column("public", "turn", "patient")]
    assert check_erasure(altered, ["live1", "live2"], columns).status is Status.FAIL
    assert replay(altered, ["live1", "live2"], columns) > 0
    assert check_erasure(altered, ["live1", "live2"], columns).status is Status.PASS


def test_an_unlogged_table_fails_and_an_empty_database_proves_nothing(world: World, altered: Place) -> None:
    """Zero rows compared are no comparison."""
    world.copy_server.sql("CREATE UNLOGGED TABLE session (id int)", database="altered")
    assert check_unlogged(altered).findings == ("table public.session is unlogged: no backup holds its rows",)
    world.copy_server.sql("TRUNCATE turn, outbox", database="altered")
    assert check_rows(altered, altered).status is Status.UNKNOWN


def test_a_table_that_the_role_may_not_read_is_not_passed_over(world: World, altered: Place) -> None:
    """Its rows are missing from the coverage."""
    world.copy_server.sql("CREATE ROLE reader LOGIN", "GRANT SELECT ON outbox TO reader", database="altered")
    reader = Place(altered.host, altered.port, "reader", "altered")
    try:
        check = check_rows(reader, altered)
    finally:
        world.copy_server.sql("DROP OWNED BY reader", "DROP ROLE reader", database="altered")
    assert check.status is Status.UNKNOWN
    assert "permission denied" in check.detail


@contextmanager
def started(folder: Path) -> Iterator[Place]:
    """A server on a copy of the copy."""
    server = postgres.Server(folder, HOST, postgres.free_port(HOST))
    with postgres.running(server):
        yield place(server, "postgres")


def test_each_damage_is_caught_by_the_check_that_it_is_meant_for(world: World, tmp_path: Path) -> None:
    """Fourteen of fourteen; and nothing that was proved is touched."""
    records = whole_log(world).transactions
    actual = actual_xids(world.copy, records) or frozenset()
    erased = Erased(["gone1", "gone2"], [Column("public", "turn", "patient")])
    world.copy_server.stop()
    replica = shutil.copytree(world.backup, tmp_path / "replica")
    (tmp_path / "scratch").mkdir()
    material = Material(
        tmp_path / "scratch", postgres.BINARIES, Copy(world.folder / "copy", started, "voice"),
        Archive(world.archive, world.start, world.end), Backup(world.backup),
        Restored(records, Target(lsn=world.lsn, inclusive=False), actual),
        Points([RecoveryPoint("newest", 90.0)], 100.0, AgeLimits(60.0)), Replica(world.backup, replica),
        erased,
    )  # fmt: skip
    controls = run_controls(material, "all", seed=11)
    assert [(c.damage, c.outcome, c.detail) for c in controls if c.outcome is not Outcome.CAUGHT] == []
    assert [c.damage for c in controls] == [d.name for d in (*DAMAGES, PERSON)]
    assert list((tmp_path / "scratch").glob("*/")) == []
    assert check_stopped(world.folder / "copy", postgres.BINARIES).status is Status.PASS
    assert check_manifest(world.backup).status is Status.PASS


def test_what_was_not_given_and_what_does_not_start_is_void(world: World, tmp_path: Path) -> None:
    """Never caught."""

    @contextmanager
    def broken(folder: Path) -> Iterator[Place]:
        raise WorldError("no")
        yield

    erased = Erased(["gone"], [Column("public", "turn", "patient")])
    material = Material(tmp_path, postgres.BINARIES, Copy(world.backup, broken, "voice"), erased=erased)
    assert {c.outcome for c in run_controls(material, "all", seed=1)} == {Outcome.VOID}
