"""What stores tell of their backups, as far as it is text; which point is chosen; what a goal asks for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drill.model.errors import WorldError
from drill.restore.exercise.order import Order, chosen
from drill.restore.instance.settings import Goal, apart, arguments
from drill.restore.stores import RecoveryPoint
from drill.restore.stores.barman_cloud import point
from drill.restore.stores.directory import Directory
from drill.restore.stores.pgbackrest import PgBackRest, points
from drill.restore.stores.port import needed

INFO = """\
begin_time=2026-11-25T07:25:12+00:00
begin_wal=00000001000000000000000C
begin_xlog=0/C00028
end_time=Wed Nov 25 07:25:14 2026
end_xlog=0/C00120
size=None
status=DONE
systemid=771
timeline=1
version=180004
"""


def made(name: str, ended_s: float = 0.0, end: int = 0, *, whole: bool = True) -> RecoveryPoint:
    return RecoveryPoint(name, ended_s, ended_s, 1, 1, "00000001000000000000000C", 0, end, "", 18, whole)


def test_both_of_barmans_ways_to_write_a_time_are_read() -> None:
    found = point("20261125T072512", INFO)
    assert found.ended_s - found.began_s == 2
    assert (found.version, found.first_wal, found.end) == (18, "00000001000000000000000C", 0xC00120)


def test_a_failed_backup_is_a_point_that_is_not_whole() -> None:
    assert not point("x", "status=FAILED\n").whole


def test_an_info_that_is_none_is_refused() -> None:
    with pytest.raises(WorldError, match="info cannot be read"):
        point("x", "hello")


def test_log_files_that_a_point_may_want_are_not_older_on_any_timeline() -> None:
    names = ["00000001000000000000000B", "00000001000000000000000C", "00000002.history",
             "00000002000000000000000D"]  # fmt: skip
    assert needed(names, made("p")) == tuple(names[1:])


def test_the_newest_that_was_consistent_before_the_goal_is_chosen() -> None:
    some = [made("1", 1.0), made("2", 2.0), made("3", 3.0)]
    assert chosen(some, Goal("time", utc_us=2_500_000), "newest", 0) == (some[1], 2)
    assert chosen(some, Goal(), "newest", 0) == (some[2], 3)


def test_a_random_choice_is_the_same_with_the_same_seed() -> None:
    some = [made(str(n), float(n)) for n in range(10)]
    drawn = [[chosen(some, Goal(), "random", seed)[0].name for seed in range(20)] for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) > 1


def test_one_that_became_consistent_after_a_position_will_not_do() -> None:
    some = [made("1", 1.0, 100), made("2", 2.0, 200)]
    assert chosen(some, Goal("lsn", lsn=150), "newest", 0)[0].name == "1"


def test_nothing_and_nothing_whole_are_told_apart() -> None:
    with pytest.raises(WorldError, match="there is no backup"):
        chosen([], Goal(), "newest", 0)
    with pytest.raises(WorldError, match="none of them whole"):
        chosen([made("1", whole=False)], Goal(), "newest", 0)


def test_a_seed_chooses_the_same_again() -> None:
    some = [made(str(n), float(n)) for n in range(20)]
    assert chosen(some, Goal(), "random", 7) == chosen(some, Goal(), "random", 7)
    assert len({chosen(some, Goal(), "random", seed)[0].name for seed in range(20)}) > 1


def test_an_order_that_cannot_be_says_what_could() -> None:
    assert Order().problems() == []
    assert "latest, time, name, lsn" in Order(to="yesterday").problems()[0]


def test_a_target_is_set_after_all_others_are_cleared() -> None:
    """PostgreSQL forgets a target when another one is cleared after it."""
    words = arguments(apart(Path("d"), Path("s"), Path("a b"), Goal("lsn", lsn=0x1000028, inclusive=False)))
    assert words[-1] == "recovery_target_lsn=0/01000028"
    assert "recovery_target_time=" in words
    assert "recovery_target_inclusive=off" in words


def test_a_restored_server_reaches_nobody_and_archives_nowhere() -> None:
    told = apart(Path("d"), Path("s"), Path("a b"), Goal())
    silent = ("listen_addresses", "archive_command", "primary_conninfo", "synchronous_standby_names")
    assert {told[name] for name in silent} == {""}
    assert (told["archive_mode"], told["restore_command"]) == ("off", "cp 'a b'/%f %p")


def test_a_missing_pgbackrest_is_said_clearly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(WorldError, match="no pgbackrest command"):
        PgBackRest("stanza")


def test_what_pgbackrest_tells_of_its_backups_is_read() -> None:
    info = json.loads("""{"name": "main", "db": [{"id": 1, "system-id": 77, "version": "18"}], "backup": [
     {"label": "20261125-072512F", "timestamp": {"start": 100, "stop": 104}, "error": false,
      "archive": {"start": "000000010000000000000003", "stop": "000000010000000000000003"},
      "lsn": {"start": "0/3000028", "stop": "0/3000120"}, "info": {"size": 31}, "database": {"id": 1}}]}""")
    (found,) = points(info)
    assert (found.name, found.version, found.system, found.whole) == ("20261125-072512F", 18, "77", True)


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="is no folder"):
        Directory(tmp_path / "none", None)
