"""Restores of the sandbox's own backups, for real: every goal, and everything that can be in the way."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from drilling import serving

from drill.embedded import SandboxOptions, sandbox
from drill.model.damages import chosen
from drill.model.errors import WorldError
from drill.model.event import Event
from drill.model.restore_events import (
    ControlRun,
    PointChosen,
    ProofChecked,
    RestoreEnded,
    RestoreFailed,
    RestorePhase,
    TurnsRestored,
)
from drill.model.target import Backups, Target
from drill.restore.exercise import Order, exercise, sweep
from drill.restore.stores import open_store
from drill.target import load_target
from drill.timeline.restored import PHASES

pytestmark = pytest.mark.processes
RUN = "20261125T070000Z-abcdef"


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A sandbox with a backup, and five turns of a run in its store."""
    state = tmp_path_factory.mktemp("restore")
    told = (
        "backups.every_s=6",
        "backups.segment_s=1",
        "backups.lag_s=0",
        "backups.erase_s=0.4",
        "backups.keep=2",
    )
    with sandbox(SandboxOptions(84, state, profile="lite", backups=True, settings=told)) as file:
        found = load_target(file)
        assert found.store is not None
        with psycopg.connect(found.store.dsn, passfile=str(found.store.passfile)) as session:
            session.execute(
                "INSERT INTO turn SELECT gen_random_uuid(), %s, 'call', n, 'p', 'chat', 'full', n::text "
                "FROM generate_series(1, 5) n", (RUN,),
            )  # fmt: skip
        # By the second base backup their log file is archived, and as many are there as are to be kept.
        assert found.backups is not None
        store, until = open_store(found.backups, found.backups.main), time.monotonic() + 30
        while len(store.points()) < found.backups.keep and time.monotonic() < until:
            time.sleep(0.2)
        yield found


def backups(target: Target) -> Backups:
    assert target.backups is not None
    return target.backups


def restored(target: Target, tmp_path: Path, **order: object) -> list[Event]:
    """Everything that one restore tells; nothing of it may be left."""
    told: list[Event] = []
    work = tmp_path / "work"
    try:
        exercise(target, dataclasses.replace(Order(), **order), RUN, told.append, work)
    finally:
        assert not work.exists()
    return told


def of(told: list[Event], kind: type) -> list[Event]:
    return [event for event in told if isinstance(event, kind)]


def checks(told: list[Event]) -> dict[str, str]:
    return {event.name: event.status for event in told if isinstance(event, ProofChecked)}


def refused(target: Target, tmp_path: Path, **order: object) -> RestoreFailed:
    """What a restore fails by."""
    told: list[Event] = []
    work = tmp_path / "work"
    with pytest.raises(WorldError):
        exercise(target, dataclasses.replace(Order(), **order), RUN, told.append, work)
    assert not work.exists()
    (failed,) = (event for event in told if isinstance(event, RestoreFailed))
    return failed


def with_main(target: Target, **changes: object) -> Target:
    main = dataclasses.replace(backups(target).main, **changes)
    return dataclasses.replace(target, backups=dataclasses.replace(backups(target), main=main))


def test_to_the_latest_brings_back_every_turn_phase_by_phase(target: Target, tmp_path: Path) -> None:
    told = restored(target, tmp_path)
    assert of(told, TurnsRestored) == [TurnsRestored(ok=True, turns=5, detail="")]
    phases = [event.phase for event in told if isinstance(event, RestorePhase)]
    assert phases == [*PHASES, "destroyed"]
    assert of(told, RestoreEnded)
    wrong = {name: status for name, status in checks(told).items() if status != "PASS"}
    assert wrong == {}
    served = next(event for event in told if isinstance(event, RestorePhase) and event.phase == "served")
    assert "a voice agent on the copy took a call" in served.detail


@pytest.fixture(scope="module")
def positioned(target: Target, tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """What a restore to a position tells, with a few damages planted, that of an erased person among them."""
    damages = {seed: {each.name for each in chosen("sample", seed, erased=True)} for seed in range(99)}
    seed = next(seed for seed, names in damages.items() if "erased-person-back" in names)
    return restored(target, tmp_path_factory.mktemp("at"), to="lsn", controls="sample", seed=seed)


def test_to_a_position_is_compared_row_by_row_with_a_replica_that_stands_there(
    target: Target, positioned: list[Event]
) -> None:
    assert checks(positioned)["rows.equal"] == "PASS"
    assert checks(positioned)["wal.target"] == "PASS"
    with psycopg.connect(backups(target).standby, passfile=str(backups(target).passfile)) as session:
        assert session.execute("SELECT pg_is_wal_replay_paused()").fetchone() == (False,)


def test_who_was_erased_after_the_position_had_come_back_and_is_erased_again(positioned: list[Event]) -> None:
    (said,) = (e for e in positioned if isinstance(e, ProofChecked) and e.name == "erasure.replayed")
    assert (said.status, said.covered) == ("PASS", said.total)
    assert int(said.detail.split()[0]) > 0, said.detail
    assert "synthetic-forgotten" not in str(positioned)


def test_a_person_who_is_put_back_is_seen_by_the_look_ups(positioned: list[Event]) -> None:
    controls = {event.damage: event for event in positioned if isinstance(event, ControlRun)}
    assert {event.outcome for event in controls.values()} == {"caught"}, controls
    assert "erasure.replayed" in controls["erased-person-back"].red


@pytest.mark.parametrize("to", ["time", "name"])
def test_to_a_time_and_to_a_name(target: Target, tmp_path: Path, to: str) -> None:
    told = restored(target, tmp_path, to=to, before_s=6.0)
    assert checks(told)["wal.continuity"] == "PASS"
    assert checks(told).get("wal.target", "PASS") == "PASS"
    assert of(told, RestoreEnded)


def test_the_second_region_restores_as_well(target: Target, tmp_path: Path) -> None:
    assert of(restored(target, tmp_path, region="replica"), RestoreEnded)


# Takes the newest of two, three and four points: an older one may be let go while it is fetched.
SEED = 17


def test_a_random_choice_is_told_with_its_seed(target: Target, tmp_path: Path) -> None:
    (chosen,) = of(restored(target, tmp_path, point="random", seed=SEED), PointChosen)
    assert isinstance(chosen, PointChosen)
    assert (chosen.rule, chosen.seed) == ("random", SEED)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"location": "s3://voice-backups/nobody"}, "there is no backup"),
        ({"location": "s3://no-bucket/voice"}, "no bucket"),
        ({"endpoint": "http://127.104.0.99:9000"}, "does not answer"),
    ],
)
def test_a_store_without_backups_says_which_kind_of_nothing_it_has(
    target: Target, tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    failed = refused(with_main(target, **changes), tmp_path)
    assert said in failed.reason
    assert failed.fault == "backup"


def test_wrong_keys_are_our_fault_and_named(target: Target, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("[default]\naws_access_key_id = sandboxbackups\naws_secret_access_key = wrong\n")
    failed = refused(with_main(target, credentials=keys), tmp_path)
    assert "refuses the keys" in failed.reason
    assert failed.fault == "drill"


def test_programs_of_another_version_are_refused_before_anything_is_fetched(
    target: Target, tmp_path: Path
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 12.1'\n")
    (programs / "postgres").chmod(0o755)
    other = dataclasses.replace(target, backups=dataclasses.replace(backups(target), programs=programs))
    failed = refused(other, tmp_path)
    assert "PostgreSQL 18" in failed.reason
    assert (failed.phase, failed.fault) == ("prepare", "drill")


def test_a_disk_that_is_too_small_is_found_before_anything_is_fetched(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr("drill.restore.exercise.prepare.shutil.disk_usage", lambda _: usage)
    failed = refused(target, tmp_path)
    assert "make room" in failed.reason
    assert (failed.phase, failed.fault) == ("prepare", "drill")


def test_a_recovery_that_hangs_ends_at_its_deadline(target: Target, tmp_path: Path) -> None:
    """A server that says nothing for ever: it is started, and ended."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "postgres").write_text(
        "#!/bin/sh\n[ \"$1\" = --version ] && echo 'postgres (PostgreSQL) 18.4' && exit\nexec sleep 600\n"
    )
    (programs / "postgres").chmod(0o755)
    other = dataclasses.replace(target, backups=dataclasses.replace(backups(target), programs=programs))
    began = time.monotonic()
    failed = refused(other, tmp_path, within_s=8.0)
    assert failed.fault == "deadline"
    assert time.monotonic() - began < 40
    assert not any("sleep 600" in " ".join(p.info["cmdline"] or ()) for p in psutil.process_iter(["cmdline"]))


def test_a_restore_that_is_killed_leaves_a_workspace_that_a_sweep_removes(
    target: Target, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    code = (
        "import sys\nfrom pathlib import Path\nfrom drill.target import load_target\n"
        "from drill.restore.exercise import Order, exercise\n"
        "exercise(load_target(Path(sys.argv[1])), Order(to='lsn'), 'run', lambda e: print(e, flush=True),"
        " Path(sys.argv[2]))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(target.file), str(work)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "connected" in line:
            break
    process.kill()
    process.wait(timeout=10)
    socket = Path((work / "socket").read_text())
    assert sweep(work)
    assert not work.exists()
    assert not socket.exists()
    until = time.monotonic() + 10
    while serving(work) and time.monotonic() < until:
        time.sleep(0.1)
    assert not serving(work)
    with psycopg.connect(backups(target).standby, passfile=str(backups(target).passfile)) as session:
        assert session.execute("SELECT pg_is_wal_replay_paused()").fetchone() == (False,)


def defective(tmp_path: Path, *defects: str) -> Iterator[Target]:
    told = ("backups.every_s=6", "backups.segment_s=1", "backups.lag_s=0")
    options = SandboxOptions(85, tmp_path / "state", defects, profile="lite", backups=True, settings=told)
    with sandbox(options) as file:
        time.sleep(8)
        yield load_target(file)


def test_what_a_bad_replicator_and_an_unlogged_table_do_is_seen_by_a_check_each(tmp_path: Path) -> None:
    for found in defective(tmp_path, "replicator-corrupts", "unlogged-table"):
        told = restored(found, tmp_path)
    said = {event.name: event for event in told if isinstance(event, ProofChecked)}
    red = {name for name, event in said.items() if event.status == "FAIL"}
    assert red == {"replica.equal", "points.held", "rows.unlogged"}
    assert "has other content" in said["replica.equal"].findings[0]


def test_a_backup_that_was_cut_short_cannot_be_restored_and_says_so(tmp_path: Path) -> None:
    for found in defective(tmp_path, "backup-job-fails-silently", "backups-stale"):
        failed = refused(found, tmp_path)
    assert (failed.phase, failed.fault) == ("fetch", "backup")
    assert "cannot be unpacked" in failed.reason


def test_a_recovery_that_is_told_to_wait_ends_at_the_deadline(tmp_path: Path) -> None:
    for found in defective(tmp_path, "restore-too-slow"):
        assert refused(found, tmp_path, within_s=10.0).fault == "deadline"
