"""Every run has a number, and a run that is gone is missed."""

import json
import multiprocessing
from pathlib import Path

import pytest

from drill.evidence.register import enrol, read_register
from drill.model.errors import JournalError
from sealed import stored

DIGEST = "a" * 64


def begin(runs: Path, run_id: str = "r", target: str = "sandbox") -> int:
    return enrol(
        runs, target=target, drill="d", run_id=run_id, created_utc="2026-01-01T00:00:00.000000Z",
        plan_sha256=DIGEST, environment_sha256=DIGEST,
    ).number  # fmt: skip


def _many(runs: Path, name: str, numbers: "multiprocessing.Queue[int]") -> None:
    for count in range(10):
        numbers.put(begin(runs, f"{name}-{count}"))


def test_numbers_go_up_by_one_for_each_target(tmp_path: Path) -> None:
    begun = [begin(tmp_path, target=target) for target in ("a", "a", "b", "a", "b")]
    assert begun == [1, 2, 1, 3, 2]


def test_runs_begun_at_the_same_time_get_different_numbers(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    numbers = context.Queue()
    several = [context.Process(target=_many, args=(tmp_path, f"p{n}", numbers)) for n in range(3)]
    for process in several:
        process.start()
    found = sorted(numbers.get(timeout=60) for _ in range(30))
    for process in several:
        process.join(60)
    assert found == list(range(1, 31))
    assert [record.number for record in read_register(tmp_path)] == found


def test_a_record_names_the_one_before_and_what_its_journal_had_said(tmp_path: Path) -> None:
    first = stored(tmp_path, number=1)
    stored(tmp_path, number=2)
    one, two = read_register(tmp_path)
    assert two.previous and two.previous.record_sha256 == one.sha256
    last = (first / "journal" / "faults.jsonl").read_text().splitlines()[-1]
    assert two.previous.heads["faults"] == json.loads(last)["chain"]


def test_a_run_that_was_deleted_is_still_counted(tmp_path: Path) -> None:
    begin(tmp_path), begin(tmp_path)
    assert begin(tmp_path) == 3
    assert len(read_register(tmp_path)) == 3


def test_a_changed_register_gives_no_more_numbers(tmp_path: Path) -> None:
    begin(tmp_path, "one"), begin(tmp_path, "two")
    register = tmp_path / "register.jsonl"
    register.write_text(register.read_text().replace('"one"', '"eno"', 1))
    with pytest.raises(JournalError, match=r"register.jsonl:2: does not follow"):
        begin(tmp_path)


def test_a_register_that_is_gone_does_not_begin_anew(tmp_path: Path) -> None:
    stored(tmp_path)
    (tmp_path / "register.jsonl").unlink()
    with pytest.raises(JournalError, match="is gone"):
        begin(tmp_path)


def test_a_torn_last_line_never_was_a_run(tmp_path: Path) -> None:
    begin(tmp_path)
    with (tmp_path / "register.jsonl").open("a") as file:
        file.write('{"created_utc":"2026')
    assert begin(tmp_path) == 2
    assert len(read_register(tmp_path)) == 2
