"""What a check and a control may say, and the checks that need no database."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.model.damages import DAMAGES, SAMPLE, chosen
from drill.model.restore import Check, Coverage, Outcome, concluded, judged_control, undecided
from drill.model.verdicts import Status
from drill.objectives.stored_turns import Told
from drill.restore.proof.controls.claims import stale_backup, wrong_second
from drill.restore.proof.controls.material import Points, Restored
from drill.restore.proof.controls.matrix import matrix
from drill.restore.proof.crc32c import crc32c
from drill.restore.proof.destroyed import check_destroyed, family
from drill.restore.proof.ledger import RpoLimits, check_ledger
from drill.restore.proof.manifest import check_manifest, write_manifest
from drill.restore.proof.objects import Object, check_replica, inventory
from drill.restore.proof.points import AgeLimits, RecoveryPoint, check_age
from drill.restore.proof.wal.actual import full_id
from drill.restore.proof.wal.prefix import Target
from drill.restore.proof.wal.transactions import Kind, Transaction, Transactions
from drill.timeline import Stored

FULL = Coverage(3, 3, "rows")


def test_nothing_covered_cannot_pass() -> None:
    """Not even when somebody asks for it."""
    assert concluded("x", Coverage(0, 0, "rows"), "Nothing.").status is Status.UNKNOWN
    with pytest.raises(ValueError, match="PASS with"):
        Check("x", Status.PASS, Coverage(0, 0, "rows"), "Nothing.")
    with pytest.raises(ValueError, match="PASS with"):
        Check("x", Status.PASS, Coverage(1, 2, "rows"), "Half.")


def test_what_is_half_covered_is_unknown_and_what_is_wrong_fails() -> None:
    """A fault found in half of it is a fault."""
    half = Coverage(1, 2, "rows")
    assert concluded("x", half, "Half.").status is Status.UNKNOWN
    assert concluded("x", half, "Half.", ["a"]).status is Status.FAIL
    assert concluded("x", FULL, "All.").status is Status.PASS


def test_a_control_is_caught_missed_or_void() -> None:
    """By the check that it expects, and by no other."""
    red = concluded("a", FULL, "Bad.", ["x"])
    green, unsure = concluded("b", FULL, "Good."), undecided("c", "rows", "No idea.")
    outcomes = [judged_control("d", name, "Planted", [red, green, unsure]).outcome for name in "abcd"]
    assert outcomes == [Outcome.CAUGHT, Outcome.MISSED, Outcome.VOID, Outcome.VOID]


def test_the_matrix_tells_who_saw_what() -> None:
    """And who was not asked."""
    first = judged_control("d", "a", "x", [concluded("a", FULL, "", ["x"]), concluded("b", FULL, "")])
    second = judged_control("e", "c", "x", [concluded("c", FULL, "", ["x"])])
    assert matrix([first, second]) == (("a", "b", "c"), (("red", "green", ""), ("", "", "red")))


def test_a_sample_is_drawn_by_the_seed() -> None:
    """The same one for the same seed; all are all; another word is refused."""
    assert len(chosen("sample", 1)) == SAMPLE
    assert chosen("sample", 1) == chosen("sample", 1)
    assert chosen("all", 1) == DAMAGES
    assert chosen("none", 1) == ()
    with pytest.raises(ValueError, match="none, sample or all"):
        chosen("some", 1)


def test_every_damage_of_the_list_has_its_check() -> None:
    """Fourteen, none twice."""
    assert len({damage.name for damage in DAMAGES}) == 13


def test_crc32c_is_castagnolis() -> None:
    """The check value of RFC 3720."""
    assert crc32c(b"123456789") == 0xE3069283


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """Three files and our own manifest."""
    folder = tmp_path / "backup"
    (folder / "base" / "5").mkdir(parents=True)
    for name, data in (("PG_VERSION", b"18\n"), ("base/5/1", b"a" * 9000), ("base/5/2", b"b" * 100)):
        (folder / name).write_bytes(data)
    write_manifest(folder)
    return folder


def test_a_whole_backup_passes(backup: Path) -> None:
    """All files covered."""
    check = check_manifest(backup)
    assert (check.status, check.coverage) == (Status.PASS, Coverage(3, 3, "files"))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            lambda f: (f / "base/5/1").write_bytes(b"a" * 8999 + b"b"),
            "base/5/1 is not what the manifest says",
        ),
        (lambda f: (f / "base/5/1").write_bytes(b"a"), "base/5/1 has 1 of 9000 bytes"),
        (lambda f: (f / "base/5/2").unlink(), "base/5/2 is missing"),
        (lambda f: (f / "base/5/3").write_bytes(b""), "base/5/3 is not in the manifest"),
    ],
)
def test_a_damaged_file_is_named(backup: Path, damage: Callable[[Path], object], said: str) -> None:
    """Changed, cut, gone, added."""
    damage(backup)
    check = check_manifest(backup)
    assert check.status is Status.FAIL
    assert check.findings == (said,)


def test_a_manifest_edited_with_its_own_checksum_is_seen_by_the_digest_kept_elsewhere(backup: Path) -> None:
    """Whoever edits it can reckon its checksum anew; not so what was written down before."""
    _, known = write_manifest(backup)
    (backup / "base/5/2").write_bytes(b"c" * 100)
    write_manifest(backup)
    assert check_manifest(backup).status is Status.PASS
    assert check_manifest(backup, known=known).status is Status.FAIL


def test_a_manifest_of_postgresql_with_crc32c_is_read(tmp_path: Path) -> None:
    """Bytes of the CRC lowest first, paths in hexadecimal where they are no text."""
    (tmp_path / "PG_VERSION").write_bytes(b"123456789")
    body = (
        '{ "PostgreSQL-Backup-Manifest-Version": 2,\n"System-Identifier": 1,\n"Files": [\n'
        f'{{ "Encoded-Path": "{b"PG_VERSION".hex()}", "Size": 9, "Checksum-Algorithm": "CRC32C", '
        '"Checksum": "839206e3" }\n],\n'
    )
    own = hashlib.sha256(body.encode()).hexdigest()
    (tmp_path / "backup_manifest").write_text(f'{body}"Manifest-Checksum": "{own}"}}\n')
    assert check_manifest(tmp_path).status is Status.PASS


def test_no_manifest_is_unknown_and_garbage_fails(tmp_path: Path) -> None:
    """Neither is a traceback."""
    assert check_manifest(tmp_path).status is Status.UNKNOWN
    for text in ("", "[]", "{}", json.dumps({"Files": [1], "Manifest-Checksum": "0"})):
        (tmp_path / "backup_manifest").write_text(text)
        assert check_manifest(tmp_path).status is Status.FAIL


def test_an_empty_manifest_proves_nothing(tmp_path: Path) -> None:
    """Zero files compared."""
    write_manifest(tmp_path)
    assert check_manifest(tmp_path).status is Status.UNKNOWN


LIMITS = AgeLimits(newest_s=60, window_s=600)
POINTS = [RecoveryPoint("old", 100.0), RecoveryPoint("new", 960.0)]


def test_the_newest_point_has_to_be_young_and_the_oldest_old() -> None:
    """Each by its own limit; a point of the future fails."""
    assert check_age(POINTS, 1000.0, LIMITS).status is Status.PASS
    assert check_age(POINTS[:1], 1000.0, LIMITS).status is Status.FAIL
    assert check_age(POINTS[1:], 1000.0, LIMITS).status is Status.FAIL
    assert check_age(POINTS, 900.0, LIMITS).status is Status.FAIL
    assert check_age([], 1000.0, LIMITS).status is Status.FAIL


def test_a_stale_backup_is_caught() -> None:
    """The control, on points that are well."""
    checks = stale_backup(Points(POINTS, 1000.0, LIMITS))[1]
    assert [check.status for check in checks] == [Status.FAIL]


def test_the_wrong_second_is_caught() -> None:
    """The copy holds one second more than it says."""
    records = [Transaction(n, n, Kind.COMMIT, n * 400_000) for n in range(1, 20)]
    restored = Restored(Transactions(records), Target(time_us=4_000_000), frozenset(range(1, 11)))
    checks = wrong_second(restored)[1]
    assert [check.status for check in checks] == [Status.FAIL]


def test_a_replica_is_the_same_by_content(tmp_path: Path) -> None:
    """Not by name and size."""
    for region in ("a", "b"):
        (tmp_path / region / "wal").mkdir(parents=True)
        (tmp_path / region / "wal" / "1").write_bytes(b"abc")
    source, replica = inventory(tmp_path / "a"), inventory(tmp_path / "b")
    assert check_replica(source, replica, now_s=1e12).status is Status.PASS
    (tmp_path / "b" / "wal" / "1").write_bytes(b"abd")
    check = check_replica(source, inventory(tmp_path / "b"), now_s=1e12)
    assert check.findings == ("wal/1 has other content",)


def test_an_object_may_be_on_its_way_for_so_long() -> None:
    """Then it is missing, and how far back that reaches is said."""
    source = {"x": Object(1, "d", written_s=90.0), "y": Object(1, "e", written_s=10.0)}
    replica = {"y": source["y"]}
    assert check_replica(source, replica, now_s=100.0, lag_s=20.0).status is Status.PASS
    late = check_replica(source, replica, now_s=120.0, lag_s=20.0)
    assert (late.status, late.measured) == (Status.FAIL, "1 wrong, 30.0 s behind")
    assert check_replica({}, {}, now_s=100.0).status is Status.UNKNOWN


def told(seq: int, ack_s: float) -> Told:
    """A turn that was acknowledged."""
    return Told("c", seq, f"c-{seq}", f"c|{seq}", promised=True, ack_s=ack_s)


def row(seq: int) -> Stored:
    """Its row."""
    return Stored(f"c-{seq}", "c", seq, f"c|{seq}", "r:1", seq)


def test_the_rpo_is_counted_from_the_oldest_lost_turn() -> None:
    """And held against its limit."""
    turns, rows = [told(1, 1.0), told(2, 8.0), told(3, 9.0)], [row(1)]
    check = check_ledger(turns, rows, 10.0, RpoLimits(lost_s=5.0))
    assert (check.status, check.measured) == (Status.PASS, "2.00 s")
    assert check_ledger(turns, rows, 10.0, RpoLimits(lost_s=1.0)).status is Status.FAIL
    assert check_ledger(turns, rows, 10.0, RpoLimits(lost_s=5.0, turns=1)).status is Status.FAIL


def test_a_hole_is_damage_whatever_the_limit() -> None:
    """A later turn survives."""
    turns = [told(1, 1.0), told(2, 8.0), told(3, 9.0)]
    assert check_ledger(turns, [row(1), row(3)], 10.0, RpoLimits(1e9)).status is Status.FAIL


def test_a_turn_after_the_moment_was_not_promised_by_this_copy() -> None:
    """Neither lost when it is not there, nor a stranger's when it is."""
    turns = [told(1, 1.0), told(2, 11.0)]
    for rows in ([row(1)], [row(1), row(2)]):
        assert check_ledger(turns, rows, 10.0, RpoLimits(0.0)).status is Status.PASS
    assert check_ledger(turns[1:], [row(2)], 10.0, RpoLimits(0.0)).status is Status.UNKNOWN


def test_what_is_left_of_a_copy_is_named(tmp_path: Path) -> None:
    """A folder, a process, an address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        check = check_destroyed([tmp_path], family(os.getpid())[:1], [listener.getsockname()])
    assert len(check.findings) == 3
    gone = tmp_path / "gone"
    assert check_destroyed([gone], [], [("127.0.0.1", 1)]).status is Status.PASS
    assert check_destroyed([], [], []).status is Status.UNKNOWN


def test_a_process_that_ends_while_all_are_listed_is_none_that_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server's helpers come and go; those that are listed after it are not forgotten for it."""
    with subprocess.Popen(["sleep", "60"]) as child:
        ended = psutil.Process(child.pid)
        child.kill()
    after = psutil.Process(os.getppid())
    monkeypatch.setattr(
        psutil.Process, "children", lambda _self, *, recursive: [ended, after] if recursive else []
    )
    found = family(os.getpid())
    assert {each.pid for each in found} >= {os.getpid(), after.pid}
    gone = [each for each in found if each.pid == child.pid]
    assert check_destroyed([tmp_path / "gone"], gone, ()).status is Status.PASS


def test_a_file_that_is_deleted_and_held_open_is_still_there(tmp_path: Path) -> None:
    """Its name is gone, its content is not."""
    path = tmp_path / "copy" / "1"
    path.parent.mkdir()
    with path.open("wb"):
        path.unlink()
        path.parent.rmdir()
        assert check_destroyed([path.parent], [], []).status is Status.FAIL


@given(st.integers(1, 2**40), st.integers(0, 2**31 - 1))
def test_an_id_of_the_log_is_found_on_its_circle(upcoming: int, back: int) -> None:
    """Seen from the next one to be given out, up to half of it back."""
    if 0 < back <= upcoming:
        assert full_id((upcoming - back) % 2**32, upcoming) == upcoming - back


def test_an_id_that_is_not_yet_given_out_is_none() -> None:
    """The copy cannot hold it."""
    assert full_id(1001, 1000) is None
    assert full_id(1000, 1000) is None
