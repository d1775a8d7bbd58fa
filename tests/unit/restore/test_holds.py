"""What has to stay in a store of backups, and what has to be gone from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from drill.model.errors import WorldError
from drill.model.restore import Check, Coverage, concluded, undecided
from drill.model.verdicts import Status
from drill.restore.exercise.kept import Kept, read_holds
from drill.restore.proof.holds import Expired, Hold, Seen, check_gone, check_held, point_of
from drill.restore.proof.objects import Object
from drill.restore.stores import RecoveryPoint

SIZE = 1 << 20
NOW_S = 1000.0


def log(number: int, timeline: int = 1) -> str:
    return f"{timeline:08X}00000000{number:08X}"


def point(name: str, first: int, *, whole: bool = True) -> RecoveryPoint:
    """One that begins in a log file and needs it and the next."""
    ended_s, end = float(first), (first + 1) * SIZE + 100
    return RecoveryPoint(name, ended_s, ended_s, 1, 1, log(first), first * SIZE, end, "", 18, whole)


POINTS = tuple(point(f"p{n}", 10 * n) for n in range(1, 6))


def names(points: Any) -> list[str]:
    return [each.name for each in points]


def test_a_register_of_holds_says_how_each_is_held(tmp_path: Path) -> None:
    register = tmp_path / "held"
    register.write_text("# court order 7\np1 standalone\n\np2\n p3 full \n")
    assert read_holds(register) == {"p1": "standalone", "p2": "full", "p3": "full"}


def test_a_hold_of_another_kind_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "held").write_text("p1\np2 forever\n")
    with pytest.raises(WorldError, match=r"held:2: .*'forever'; write `NAME standalone`"):
        read_holds(tmp_path / "held")


def test_an_old_point_that_is_held_alone_promises_nothing_that_is_newer() -> None:
    kept = Kept(2, SIZE, {"p1": "standalone", "p2": "full", "p5": "standalone"})
    assert names(kept.promised(POINTS)) == ["p2", "p3", "p4", "p5"]


def test_a_log_file_is_of_use_to_the_newest_points_and_to_those_on_hold() -> None:
    kept = Kept(2, SIZE, {"p1": "standalone"})
    wal = [log(n) for n in (9, 10, 11, 12, 39, 40)]
    left = tuple(p for p in POINTS if p.name in ("p1", "p4", "p5"))
    assert kept.useless(wal, left) == (log(9), log(12), log(39))


def test_the_log_of_a_full_hold_is_all_of_use() -> None:
    kept = Kept(2, SIZE, {"p1": "full"})
    left = tuple(p for p in POINTS if p.name in ("p1", "p4", "p5"))
    assert kept.useless([log(9), log(12, timeline=2)], left) == (log(9),)


def test_the_log_that_a_point_needs_ends_where_it_became_consistent() -> None:
    assert Kept(1, SIZE).log_of(POINTS[0]) == (log(10), log(11))


HELD = Hold("p1", (log(10),), concluded("files.manifest", Coverage(3, 3, "files"), "All of it."))
KEYS = ("base/p1/data.tar", "base/p1/backup.info", f"wals/0000000100000000/{log(10)}")


def seen(*keys: str, digest: str = "d", written_s: float = 0.0, whole: tuple[str, ...] = ("p1",)) -> Seen:
    return Seen(frozenset(whole), {key: Object(1, digest, written_s=written_s) for key in keys})


def held(main: Seen, replica: Seen | None, hold: Hold = HELD) -> Check:
    return check_held([hold], main, replica, now_s=NOW_S, lag_s=60.0)


def test_a_point_on_hold_that_is_whole_in_both_regions_passes() -> None:
    check = held(seen(*KEYS), seen(*KEYS))
    assert (check.status, check.coverage.covered, check.coverage.total) == (Status.PASS, 2, 2)
    assert check.way == "unpacked and held against its manifest"


def test_with_one_region_one_is_looked_at() -> None:
    assert held(seen(*KEYS), None).coverage.total == 1


@pytest.mark.parametrize(
    ("main", "replica", "said"),
    [
        (seen(), seen(), "no whole backup of this name is there"),
        (seen(*KEYS, whole=()), seen(*KEYS), "first region: no whole backup"),
        (seen(*KEYS[:2]), seen(*KEYS), f"first region: log file {log(10)}"),
        (seen(*KEYS), seen(*KEYS[1:]), "second region: base/p1/data.tar is missing"),
        (seen(*KEYS), seen(*KEYS, digest="x"), "second region: base/p1/data.tar has other content"),
        (seen(*KEYS), seen(*KEYS, whole=()), "second region: no whole backup"),
    ],
)
def test_whatever_is_missing_of_it_is_named_with_its_region(main: Seen, replica: Seen, said: str) -> None:
    hold = HELD if main.whole else Hold("p1", HELD.log)
    check = held(main, replica, hold)
    assert check.status is Status.FAIL
    assert any(said in finding for finding in check.findings), check.findings


def test_a_point_on_hold_that_is_torn_fails_though_both_regions_agree() -> None:
    torn = concluded("files.manifest", Coverage(2, 3, "files"), "One is cut.", ["PG_VERSION is cut"])
    check = held(seen(*KEYS), seen(*KEYS), Hold("p1", HELD.log, torn))
    assert check.findings == ("p1 in the first region: PG_VERSION is cut",)


def test_a_point_without_a_manifest_is_said_to_have_been_read_only() -> None:
    none = undecided("files.manifest", "files", "There is none.")
    assert held(seen(*KEYS), None, Hold("p1", HELD.log, none)).way == "read only"


def test_what_is_on_its_way_to_the_second_region_is_not_judged_there() -> None:
    check = held(seen(*KEYS, written_s=NOW_S - 5), seen(whole=()))
    assert (check.status, check.coverage.covered) == (Status.UNKNOWN, 1)


def test_no_hold_proves_nothing() -> None:
    assert check_held([], seen(*KEYS), None, now_s=NOW_S, lag_s=1.0).status is Status.UNKNOWN


def test_the_point_of_an_object_stands_in_its_name() -> None:
    assert [point_of(key) for key in (*KEYS, "base/stray")] == ["p1", "p1", "", ""]


def test_what_is_older_than_the_oldest_kept_has_expired_unless_it_is_on_hold() -> None:
    expired = Expired("p3", {"p1"}, {log(9)})
    keys = [
        "base/p1/data.tar",
        "base/p2/data.tar",
        "base/p3/data.tar",
        f"wals/0/{log(9)}",
        f"wals/0/{log(10)}",
    ]
    assert expired.among(keys) == {"base/p2/data.tar", f"wals/0/{log(9)}"}


def test_data_that_no_listing_shows_any_more_fails_with_its_region() -> None:
    check = check_gone(9, {"first": [], "second": ["base/p2/data.tar", "base/p2/x", f"wals/0/{log(9)}"]})
    assert check.findings == (
        "p2 has expired and is not on hold, and 2 objects of it are in the second region",
        f"1 log files that no point needs are in the second region, first wals/0/{log(9)}",
    )


def test_nothing_left_passes_and_nothing_looked_at_does_not() -> None:
    assert check_gone(9, {"first": []}).status is Status.PASS
    assert check_gone(0, {"first": []}).status is Status.UNKNOWN
