"""The sandbox's backups, for real: Barman's own tools read them, and nobody without the keys does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from drill.embedded import SandboxOptions, sandbox
from drill.sandbox.backups.bucket import Bucket
from drill.sandbox.layout import Layout

pytestmark = pytest.mark.processes
LAYOUT = Layout(83)
KEEP = 2


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state folder of a sandbox with backups."""
    state = tmp_path_factory.mktemp("backups")
    told = ("backups.every_s=2", f"backups.keep={KEEP}", "backups.segment_s=1", "backups.lag_s=0.5")
    options = SandboxOptions(instance=83, state=state, profile="lite", backups=True, settings=told)
    with sandbox(options):
        yield state


def region(state: Path, name: str) -> Bucket:
    return Bucket(f"http://{LAYOUT.objects(name)}", state / "backups" / "credentials", "voice-backups")


def within(seconds: float, true: Callable[[], bool]) -> bool:
    """Whether it comes true in this time."""
    until = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < until:
        time.sleep(0.2)
    return found


def infos(bucket: Bucket) -> list[str]:
    return sorted(item.key for item in bucket.items("voice/base/") if item.key.endswith("backup.info"))


def barman(state: Path, tool: str, *words: str) -> str:
    """What one of Barman's own programs says of the store."""
    argv = [str(Path(sys.executable).with_name(tool)), "--endpoint-url", f"http://{LAYOUT.objects('one')}"]
    keys = {"AWS_SHARED_CREDENTIALS_FILE": str(state / "backups" / "credentials"),
            "AWS_DEFAULT_REGION": "us-east-1"}  # fmt: skip
    done = subprocess.run(
        [*argv, "s3://voice-backups", "voice", *words], env=os.environ | keys, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_barmans_own_list_shows_the_backups_as_done(backed_up: Path) -> None:
    newest = infos(region(backed_up, "one"))[-1].split("/")[-2]
    assert newest in barman(backed_up, "barman-cloud-backup-list")


def test_no_more_base_backups_are_kept_than_the_policy_says_and_the_one_on_hold(backed_up: Path) -> None:
    bucket, held = region(backed_up, "one"), (backed_up / "backups" / "held").read_text().split()[0]
    assert within(20, lambda: len(infos(bucket)) > 1)
    first = infos(bucket)[1]
    assert within(20, lambda: first not in infos(bucket))
    assert within(5, lambda: len(infos(bucket)) <= KEEP + 1)
    assert infos(bucket)[0].split("/")[-2] == held


def test_barmans_own_tool_knows_that_the_first_is_on_hold(backed_up: Path) -> None:
    held, kind = (backed_up / "backups" / "held").read_text().split()
    assert barman(backed_up, "barman-cloud-backup-keep", held, "--status").strip() == f"Keep: {kind}"


def test_log_files_are_archived_without_anybody_calling(backed_up: Path) -> None:
    """Heartbeats fill them, and a log file is closed after its time."""
    bucket = region(backed_up, "one")
    newest = max(item.key for item in bucket.items("voice/wals/") if "." not in item.key)
    assert within(15, lambda: max(i.key for i in bucket.items("voice/wals/") if "." not in i.key) > newest)


def test_the_second_region_gets_what_the_first_has(backed_up: Path) -> None:
    one, two = region(backed_up, "one"), region(backed_up, "two")
    info = infos(one)[-1]
    assert within(15, lambda: info in infos(two))
    manifest = info.replace("backup.info", "backup_manifest")
    assert two.digest(manifest) == one.digest(manifest)


def test_nothing_of_the_store_can_be_read_from_its_folder(backed_up: Path) -> None:
    kept = [
        path for path in (backed_up / "backups" / "one").rglob("*") if path.name.startswith("backup.info")
    ]
    assert kept
    assert not any(b"begin_wal" in path.read_bytes() for path in kept if path.exists())


def test_wrong_keys_are_refused(backed_up: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("[default]\naws_access_key_id = sandboxbackups\naws_secret_access_key = wrong\n")
    with pytest.raises(Exception, match="SignatureDoesNotMatch"):
        Bucket(f"http://{LAYOUT.objects('one')}", keys, "voice-backups").items("voice/")


def test_no_secret_is_in_a_command_line(backed_up: Path) -> None:
    secret = (backed_up / "backups" / "credentials").read_text().split()[-1]
    lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert len(lines) > 1
    assert not any(secret.encode() in line for line in lines)


@pytest.fixture
def auditor(backed_up: Path) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Connected as a drill is."""
    (target,) = tomllib.loads((backed_up / "target.toml").read_text())["target"].values()
    told = target["backups"]
    with psycopg.connect(
        told["source"], passfile=str(backed_up / told["passfile"]), autocommit=True
    ) as connection:
        yield connection


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM turn",
        "INSERT INTO turn (turn_id) VALUES (gen_random_uuid())",
        "CREATE TABLE mine (n int)",
        "CREATE TEMPORARY TABLE mine (n int)",
        "DROP TABLE turn",
    ],
)
def test_the_drills_role_cannot_write_however_it_asks(
    auditor: psycopg.Connection[tuple[object, ...]], statement: str
) -> None:
    auditor.execute("SET default_transaction_read_only = off")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        auditor.execute(statement)


def test_the_drills_role_may_read_and_name_a_restore_point(
    auditor: psycopg.Connection[tuple[object, ...]],
) -> None:
    assert auditor.execute("SELECT count(*) FROM turn WHERE drill_id IS NOT NULL").fetchone() == (0,)
    assert auditor.execute("SELECT pg_create_restore_point('here') IS NOT NULL").fetchone() == (True,)


def test_who_is_in_the_register_of_erasures_is_in_the_store_no_more(
    backed_up: Path, auditor: psycopg.Connection[tuple[object, ...]]
) -> None:
    """And others are there, to be erased in their time."""
    register = backed_up / "backups" / "erased"
    assert within(20, register.exists)

    def here(query: str, *values: object) -> object:
        row = auditor.execute(query.encode(), values or None).fetchone()
        return row and row[0]

    gone = register.read_text().split()
    assert within(5, lambda: here("SELECT count(*) FROM turn WHERE patient = ANY(%s)", gone) == 0)
    assert here("SELECT count(*) FROM outbox WHERE patient LIKE 'synthetic-forgotten-%'")


def test_a_server_that_overwrites_a_log_file_is_refused(backed_up: Path, tmp_path: Path) -> None:
    """Two that both believe they lead."""
    newest = max(i.key for i in region(backed_up, "one").items("voice/wals/") if "." not in i.key)
    other = tmp_path / "other"
    other.write_bytes(b"other")
    client = Path(__file__).parents[2] / "src/drill/sandbox/backups/archive_client.py"
    at, name = LAYOUT.archiver, newest.rpartition("/")[2]
    argv = [sys.executable, "-I", "-S", str(client), at.host, str(at.port), str(other), name]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "503" in done.stderr
