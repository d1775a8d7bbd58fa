"""What bad backups look like to the proofs that have to see them, on stores of a real sandbox."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import histories as h
from drill.embedded import SandboxOptions, sandbox
from drill.journal import merge
from drill.model.event import Event
from drill.model.plan import RestoreLimits
from drill.model.restore_events import ProofChecked, RestoreBegun
from drill.model.target import Backups
from drill.model.verdicts import Status, Verdict
from drill.objectives import restore
from drill.restore.exercise.afterwards import Afterwards
from drill.restore.exercise.kept import Kept, kept_by
from drill.restore.exercise.record import list_points
from drill.restore.proof.wal.continuity import prove_wal
from drill.restore.stores import open_store
from drill.restore.stores.port import needed
from drill.target import load_target
from drill.timeline import fold

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]
SEGMENT_BYTES = 1 << 20
OVERDUE_S = 4.0
BEGUN = RestoreBegun("main", "latest", "the latest", h.ns(30.0), "apart", "none")


@contextmanager
def platform(instance: int, state: Path, defects: tuple[str, ...], *told: str) -> Iterator[Backups]:
    """The backups of a sandbox that is bad."""
    settings = tuple(f"backups.{each}" for each in ("segment_s=1", "lag_s=0", *told))
    options = SandboxOptions(instance, state, defects, profile="lite", backups=True, settings=settings)
    with sandbox(options) as file:
        found = load_target(file).backups
        assert found is not None
        yield found


def within(seconds: float, true: Callable[[], bool]) -> bool:
    """Whether it comes true in this time."""
    until = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < until:
        time.sleep(0.2)
    return found


def kept(backups: Backups) -> Kept:
    return kept_by(backups, SEGMENT_BYTES)


def names(backups: Backups) -> set[str]:
    return {point.name for point in open_store(backups, backups.main).points() if point.whole}


def listed(backups: Backups, told: list[Event], when: str) -> None:
    list_points(told.append, open_store(backups, backups.main), kept(backups), "main", when)


def judged(told: list[Event], limits: RestoreLimits) -> dict[str, Verdict]:
    """What a drill would say of what was listed."""
    entries: h.Entries = [("restore", 30.0 + n / 100, event) for n, event in enumerate([BEGUN, *told])]
    plan = h.plan(restore=limits)
    timeline = fold(merge(h.streams(entries)), plan)
    return {verdict.objective: verdict for verdict in restore.judge(plan, timeline)}


def proved(backups: Backups, workspace: Path) -> dict[str, ProofChecked]:
    """What is said of the stores after a restore."""
    told: list[Event] = []
    workspace.mkdir()
    Afterwards(told.append, backups, SEGMENT_BYTES, workspace, "run").prove()
    assert list(workspace.iterdir()) == []
    return {event.name: event for event in told if isinstance(event, ProofChecked)}


@pytest.fixture(scope="module")
def halted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backups]:
    """One base backup and no more, a log with holes, a replicator that stays away, a vault that deletes."""
    bad = ("backups-stale", "wal-archiver-skips", "replicator-lags", "vault-deletes")
    state = tmp_path_factory.mktemp("halted")
    with platform(86, state, bad, "every_s=2", "keep=1") as found:
        # After this the second region is late, and the log has had its holes.
        time.sleep(found.lag_s + 1)
        yield found


def test_a_job_that_ran_once_and_never_again_is_seen_by_the_age_of_its_backup(halted: Backups) -> None:
    told: list[Event] = []
    listed(halted, told, "before")
    verdict = judged(told, RestoreLimits(30.0, 15.0, OVERDUE_S, 0.0, keep=1))["restore.points"]
    assert verdict.status is Status.FAIL
    assert "the newest is" in verdict.sentence


def test_log_files_that_an_archiver_threw_away_are_named(halted: Backups, tmp_path: Path) -> None:
    store = open_store(halted, halted.main)
    (point,) = store.points()
    store.fetch_wal(needed(store.wal(), point), tmp_path)
    assert halted.programs is not None
    check = prove_wal(tmp_path, point.start, halted.programs).check
    assert check.status is Status.FAIL
    assert "is missing" in check.findings[0]


def test_a_region_that_nobody_fills_and_a_vault_that_deletes_are_each_seen(
    halted: Backups, tmp_path: Path
) -> None:
    said = proved(halted, tmp_path / "work")
    assert {name for name, event in said.items() if event.status == "FAIL"} == {
        "replica.equal", "points.held", "points.protected",
    }  # fmt: skip
    assert "is missing" in said["replica.equal"].findings[0]
    assert any("in the second region" in each for each in said["points.held"].findings)
    assert said["points.protected"].findings[0] == "the canary could be deleted by its version"


@pytest.fixture(scope="module")
def forgetful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backups]:
    """Fewer base backups are kept than promised, and a hold does not count."""
    state = tmp_path_factory.mktemp("forgetful")
    with platform(87, state, ("wrong-retention", "hold-ignored"), "every_s=2", "keep=3") as found:
        (first,) = kept(found).holds
        assert within(20, lambda: first not in names(found))
        yield found


def test_a_policy_that_keeps_fewer_than_it_says_is_seen_when_it_lets_one_go(forgetful: Backups) -> None:
    told: list[Event] = []
    listed(forgetful, told, "before")
    before = names(forgetful)
    assert within(20, lambda: not before <= names(forgetful))
    listed(forgetful, told, "after")
    verdict = judged(told, RestoreLimits(30.0, 15.0, 60.0, 0.0, keep=forgetful.keep))["restore.retention"]
    assert verdict.status is Status.FAIL
    assert "although fewer than 3 newer ones are there" in verdict.sentence


def test_a_hold_that_does_not_count_is_a_point_that_is_missing(forgetful: Backups, tmp_path: Path) -> None:
    said = proved(forgetful, tmp_path / "work")["points.held"]
    assert said.status == "FAIL"
    assert "no whole backup of this name is there" in said.findings[0]
