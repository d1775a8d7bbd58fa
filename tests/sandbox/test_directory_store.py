"""Backups in folders, made by PostgreSQL's own programs: a full one, two that grew from it, and the log."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

import pytest

import postgres
from drill.model.errors import WorldError
from drill.restore.exercise.order import chosen
from drill.restore.instance.isolation import isolation
from drill.restore.instance.server import Layout, serving
from drill.restore.instance.settings import Goal
from drill.restore.proof.manifest import check_manifest
from drill.restore.stores.directory import Directory
from drill.restore.stores.port import needed

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of backups: 10 rows in `a`, 20 in `b`, 30 in `c`, 40 in the log."""
    folder = tmp_path_factory.mktemp("chain")
    (folder / "base").mkdir()
    (folder / "wal").mkdir()
    archive = f"cp %p {folder}/wal/%f"
    settings = {"summarize_wal": "on", "archive_mode": "on", "archive_command": archive}
    with postgres.running(
        postgres.new(folder / "source", "127.0.0.1", "--wal-segsize=1"), **settings
    ) as server:
        server.sql("CREATE TABLE t (n int)")
        parent = ""
        for name in ("a", "b", "c"):
            server.sql("INSERT INTO t SELECT generate_series(1, 10)", "CHECKPOINT")
            _back_up(server, folder / "base" / name, parent)
            parent = str(folder / "base" / name / "backup_manifest")
        server.sql("INSERT INTO t SELECT generate_series(1, 10)", "SELECT pg_switch_wal()")
        _archived(server)
    return folder


def _back_up(server: postgres.Server, to: Path, parent: str) -> None:
    grew = [f"--incremental={parent}"] if parent else []
    at = ["-h", server.host, "-p", str(server.port), "-U", "postgres"]
    postgres.run("pg_basebackup", *at, "-D", to, "--checkpoint=fast", "--wal-method=none", "--no-sync",
                 "--manifest-checksums=SHA256", *grew)  # fmt: skip


def _archived(server: postgres.Server) -> None:
    until = time.monotonic() + 20
    query = "SELECT last_archived_wal >= pg_walfile_name(pg_current_wal_lsn() - 1) FROM pg_stat_archiver"
    while server.sql(query) != [(True,)] and time.monotonic() < until:
        time.sleep(0.1)


def restored(root: Path, tmp_path: Path, name: str, goal: Goal) -> tuple[object, ...]:
    """How many rows a copy holds that was made of one backup and the log."""
    store = Directory(root, postgres.BINARIES)
    point = next(each for each in store.points() if each.name == name)
    socket = Path(tempfile.mkdtemp(prefix="drill-"))
    layout = Layout(tmp_path / "data", socket, tmp_path / "wal", tmp_path / "server.log")
    store.fetch_base(point, layout.data)
    assert check_manifest(layout.data).status.name == "PASS"
    store.fetch_wal(needed(store.wal(), point), layout.archive)
    try:
        with serving(layout, postgres.BINARIES, goal, isolation()) as server:
            server.recovered(time.monotonic() + 60)
            with server.place.session() as session:
                (found,) = session.execute("SELECT count(*) FROM public.t").fetchall()
    finally:
        shutil.rmtree(socket)
    return found


def test_every_backup_is_a_point_and_says_where_it_begins(root: Path) -> None:
    points = Directory(root, postgres.BINARIES).points()
    assert [(each.name, each.whole, each.version) for each in points] == [
        ("a", True, 18), ("b", True, 18), ("c", True, 18),
    ]  # fmt: skip
    assert points[0].end < points[1].start < points[2].start
    assert chosen(points, Goal("lsn", lsn=points[1].end), "newest", 0)[0].name == "b"


@pytest.mark.parametrize("name", ["a", "c"])
def test_a_full_backup_and_a_chain_of_three_bring_the_same_back(
    root: Path, tmp_path: Path, name: str
) -> None:
    assert restored(root, tmp_path, name, Goal()) == (40,)


def test_a_position_is_not_passed(root: Path, tmp_path: Path) -> None:
    at = next(each.end for each in Directory(root, None).points() if each.name == "c")
    assert restored(root, tmp_path, "a", Goal("lsn", lsn=at)) == (30,)


def test_a_chain_whose_parent_is_gone_is_refused(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "base" / "c", tmp_path / "base" / "c")
    store = Directory(tmp_path, postgres.BINARIES)
    with pytest.raises(WorldError, match="which is not there"):
        store.fetch_base(store.points()[0], tmp_path / "data")


def test_a_backup_without_its_manifest_is_not_whole(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "base" / "a", tmp_path / "base" / "a")
    (tmp_path / "base" / "a" / "backup_manifest").unlink()
    assert [each.whole for each in Directory(tmp_path, None).points()] == [False]
