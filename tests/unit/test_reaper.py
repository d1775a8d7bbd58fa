"""Leases, locks and healing, without any process."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from test_ledger import LINKS, FakeWorld, inject, world

from drill.faults.ehr import ehr_fault
from drill.faults.ledger import apply, fence, outstanding, revert
from drill.journal import Journal, merge, read_run, read_stream
from drill.model.errors import JournalError, WorldError
from drill.model.events import FaultApplied, FaultRequested, FaultReverted
from drill.model.target import Target
from drill.reaper.abort import abort, asked_for, living
from drill.reaper.alive import ALIVE, hold, is_alive
from drill.reaper.heal import heal_run, left_behind
from drill.reaper.lease import ABORT_WITHIN_S, BEAT, QUIT, Lease
from drill.reaper.lock import TargetLock, addresses, forget
from drill.reaper.reap import Reaping
from drill.target import load_target
from fakes.platform import Platform, serving


def begun(folder: Path, at: FakeWorld, *modes: str) -> Journal:
    """A run's ledger with these faults on the three links."""
    (folder / "journal").mkdir(parents=True)
    journal = Journal(folder / "journal" / "faults.jsonl", "r")
    inject(journal, at, modes)
    journal.flush()
    return journal


# --- the lease ------------------------------------------------------------------------------


def test_a_lease_runs_on_from_each_beat() -> None:
    """And is over when there was none for its length."""
    lease = Lease(2.0, heard_s=10.0)
    assert lease.ended(11.9, abort_asked=False) == ""
    lease.hear(BEAT, 11.9)
    assert lease.ended(13.8, abort_asked=False) == ""
    assert "no sign for 2 s" in lease.ended(14.0, abort_asked=False)


@pytest.mark.parametrize(("data", "word", "spare_s"), [(b"", "gone", 1.0), (BEAT + QUIT, "through", 0.0)])
def test_an_end_of_the_pipe_and_a_word_end_it_at_once(data: bytes, word: str, spare_s: float) -> None:
    """Only who lost its parent may be reverting by itself, and is given time."""
    lease = Lease(2.0, heard_s=10.0)
    lease.hear(data, 10.1)
    assert word in lease.ended(10.1, abort_asked=False)
    assert lease.spare_s == spare_s


def test_an_abort_that_the_conductor_does_not_act_upon_ends_it() -> None:
    """Beats or not: it has a second."""
    lease = Lease(60.0, heard_s=10.0)
    assert lease.ended(11.0, abort_asked=True) == ""
    lease.hear(BEAT, 11.5)
    assert lease.ended(11.9, abort_asked=True) == ""
    assert "does nothing" in lease.ended(11.1 + ABORT_WITHIN_S, abort_asked=True)


# --- the fence ------------------------------------------------------------------------------


def test_nothing_is_injected_behind_the_fence(tmp_path: Path) -> None:
    """The request is written, the platform is not touched, and healing it is harmless."""
    at = world()
    before = dict(at.one.proxies)
    journal = begun(tmp_path, at)
    fence(tmp_path).touch()
    with pytest.raises(WorldError, match="lease is over"):
        apply(journal, "f0", ehr_fault("refused", LINKS[0]), at, fence(tmp_path))
    assert at.one.proxies == before
    journal.flush()
    assert [each.split(":")[0] for each in heal_run(tmp_path, at).restored] == ["f0"]
    assert at.one.proxies == before


# --- healing --------------------------------------------------------------------------------


def test_healing_tells_what_it_restored_and_what_it_could_not(tmp_path: Path) -> None:
    """One proxy does not answer: the others are restored, and a second healing does the rest."""
    at = world()
    before = dict(at.one.proxies)
    begun(tmp_path, at, "slow", "slow", "refused")
    at.one.broken = {"ehr-b"}
    first = heal_run(tmp_path, at)
    assert first.restored == ("f2: link-down on ehr-c", "f0: link-toxic on ehr-a")
    assert first.failed == ("f1: the fault proxy gave no answer",)
    assert not first.whole
    at.one.broken = set()
    assert heal_run(tmp_path, at).restored == ("f1: link-toxic on ehr-b",)
    assert at.one.proxies == before
    assert heal_run(tmp_path, at).restored == ()


def test_a_revert_after_a_reboot_counts_although_its_clock_is_younger(tmp_path: Path) -> None:
    """The steady clock starts anew; what was undone stays undone."""
    at = world()
    begun(tmp_path, at, "slow")
    with Journal(tmp_path / "journal" / "heal-1.jsonl", "r", clock_ns=lambda: 5) as journal:
        todo = outstanding(merge(read_run(tmp_path / "journal")))
        assert revert(journal, todo, at, "after a reboot") == []
    assert outstanding(merge(read_run(tmp_path / "journal"))) == []


def test_a_torn_last_line_is_told_and_what_stands_before_it_is_healed(tmp_path: Path) -> None:
    """Power loss in the middle of a line: its effect never was."""
    at = world()
    before = dict(at.one.proxies)
    begun(tmp_path, at, "slow", "refused").abandon()
    path = tmp_path / "journal" / "faults.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    healed = heal_run(tmp_path, at)
    assert len(healed.restored) == 2
    assert any("faults.jsonl:5" in said and "torn" in said for said in healed.damage)
    assert healed.whole
    assert at.one.proxies == before


def test_what_stands_after_a_changed_line_is_not_known(tmp_path: Path) -> None:
    """Healing does what it can read of, and does not call that whole."""
    at = world()
    begun(tmp_path, at, "slow", "refused").abandon()
    path = tmp_path / "journal" / "faults.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], lines[3].replace(b"f1", b"f9"), *lines[4:]]))
    healed = heal_run(tmp_path, at)
    assert healed.restored == ("f0: link-toxic on ehr-a",)
    assert not healed.whole
    assert any("by hand" in said for said in healed.damage)


def test_a_run_that_lives_is_not_healed(tmp_path: Path) -> None:
    """It would undo what is being drilled; the message names the way to stop it."""
    at = world()
    begun(tmp_path, at, "slow")
    held = hold(tmp_path / ALIVE)
    assert held is not None
    try:
        assert is_alive(tmp_path)
        with pytest.raises(WorldError, match="drill abort"):
            heal_run(tmp_path, at)
        assert living(tmp_path) == [tmp_path]
    finally:
        os.close(held)
    assert not is_alive(tmp_path)
    assert heal_run(tmp_path, at).restored


def test_runs_that_left_something_are_found(tmp_path: Path) -> None:
    """Those, and no others, at any depth."""
    at = world()
    begun(tmp_path / "d" / "one", at, "slow")
    begun(tmp_path / "d" / "two", at)
    assert left_behind(tmp_path) == [tmp_path / "d" / "one"]


def test_only_what_lives_can_be_aborted(tmp_path: Path) -> None:
    """The message names what helps."""
    with pytest.raises(WorldError, match="drill heal"):
        abort(tmp_path)
    assert not asked_for(tmp_path)


# --- a journal that takes no more -----------------------------------------------------------


class Full(Journal):
    """A disk that is full from the event number `after` on."""

    after = 10**9

    def _write(self, line: str, *, durable: bool) -> None:
        if self._seq >= self.after:
            self._broken = "no space"
            raise JournalError("no space")
        super()._write(line, durable=durable)


def full(path: Path, after: int) -> Full:
    """Its number 0 is the opening line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    journal = Full(path, "r")
    journal.after = after
    return journal


def test_an_effect_that_cannot_be_recorded_is_not_made(tmp_path: Path) -> None:
    """The request is refused by the disk: the platform is not touched, now or later."""
    at = world()
    before = dict(at.one.proxies)
    journal = full(tmp_path / "faults.jsonl", 1)
    with pytest.raises(JournalError):
        inject(journal, at, ("refused",))
    journal.after = 10**9
    with pytest.raises(JournalError, match="takes no more"):
        inject(journal, at, ("refused",))
    assert at.one.proxies == before


def test_faults_are_undone_also_where_that_cannot_be_written(tmp_path: Path) -> None:
    """All of them, and the caller is told of each."""
    at = world()
    before = dict(at.one.proxies)
    journal = full(tmp_path / "faults.jsonl", 7)
    inject(journal, at, ("refused", "slow", "resetting"))
    journal.flush()
    failures = revert(journal, outstanding(read_stream(tmp_path / "faults.jsonl").events), at, "test")
    assert at.one.proxies == before
    assert [said.split(":")[0] for said in failures] == ["f2", "f1", "f0"]
    assert all("restored, but not written down" in said for said in failures)


def test_a_line_that_was_cut_short_is_the_last_one(tmp_path: Path) -> None:
    """An exception out of a signal handler, in the middle of a write: nothing is written behind it."""
    journal = Journal(tmp_path / "s.jsonl", "r")
    real = journal._file.write

    def interrupted(text: str) -> int:
        real(text)
        raise KeyboardInterrupt

    journal._file.write = interrupted
    with pytest.raises(KeyboardInterrupt):
        journal.append(FaultApplied("f0", "{}"))
    with pytest.raises(JournalError, match="interrupted"):
        journal.append(FaultApplied("f1", "{}"))
    journal.abandon()
    assert not read_stream(tmp_path / "s.jsonl").changed


# --- the reaper's pass ----------------------------------------------------------------------


def test_the_reaper_undoes_last_first_and_seals(tmp_path: Path) -> None:
    """In a stream of its own; the ledger of the dead is left as it is."""
    at = world()
    before = dict(at.one.proxies)
    begun(tmp_path, at, "slow", "refused", "errors").abandon()
    journal = Journal(tmp_path / "journal" / "reaper.jsonl", "r")
    assert Reaping(tmp_path, journal, at).reap("test", spare_s=0) == []
    events = [r.event for r in read_stream(tmp_path / "journal" / "reaper.jsonl").events]
    assert [e.fault_id for e in events if isinstance(e, FaultReverted)] == ["f2", "f1", "f0"]
    assert read_stream(tmp_path / "journal" / "reaper.jsonl").fault == ""
    assert at.one.proxies == before
    assert fence(tmp_path).exists()


def test_what_nobody_knows_the_outcome_of_is_undone_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order of the dead may still be carried out, after it was undone for the first time."""
    at = world()
    before = dict(at.one.proxies)
    (tmp_path / "journal").mkdir()
    fault = ehr_fault("refused", LINKS[0])
    with Journal(tmp_path / "journal" / "faults.jsonl", "r") as ledger:
        spec, prior = json.dumps(fault.spec()), json.dumps(fault.capture(at))
        ledger.append(FaultRequested("f0", fault.kind, spec, prior, fault.witness))
    late: list[float] = []

    def carried_out(length_s: float) -> None:
        late.append(length_s)
        fault.apply(at)

    monkeypatch.setattr("drill.reaper.reap.time.sleep", carried_out)
    journal = Journal(tmp_path / "journal" / "reaper.jsonl", "r")
    assert Reaping(tmp_path, journal, at).reap("test", spare_s=0) == []
    assert late == [1.0]
    assert at.one.proxies == before


# --- one drill at a time --------------------------------------------------------------------


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    """A target file's target, and locks of this test's own."""
    monkeypatch.setenv("DRILL_STATE", str(tmp_path / "state"))
    (tmp_path / "target.toml").write_text(
        Platform(api="http://127.0.0.1:1", control="http://127.0.0.1:2").toml()
    )
    return load_target(tmp_path / "target.toml")


def test_a_held_target_names_its_owner(target: Target, tmp_path: Path) -> None:
    """Drill, run and process of whoever holds it; free once that one lets go."""
    first, second = TargetLock(), TargetLock()
    first.acquire(target, tmp_path / "runs" / "one", "ehr-outage")
    with pytest.raises(WorldError, match=rf"ehr-outage of run .*one \(pid {os.getpid()}"):
        second.acquire(target, tmp_path / "runs" / "two", "other")
    first.clear()
    first.close()
    second.acquire(target, tmp_path / "runs" / "two", "other")
    second.clear()
    second.close()


def test_two_files_that_share_an_address_share_the_lock(target: Target, tmp_path: Path) -> None:
    """A platform is its addresses, not the file that names them."""
    other = dataclasses.replace(target, name="other", edge="ws://127.0.0.1:9/media")
    first = TargetLock()
    first.acquire(target, tmp_path / "one", "a")
    with pytest.raises(WorldError, match="is held by"):
        TargetLock().acquire(other, tmp_path / "two", "b")
    first.close()
    assert len(addresses(other)) == 3


def crashed(target: Target, run: Path, *modes: str) -> FakeWorld:
    """A drill that died: its locks are free, its record and its faults are not gone."""
    lock, at = TargetLock(), world()
    begun(run, at, *modes)
    lock.acquire(target, run, "ehr-outage")
    lock.close()
    return at


def test_what_a_dead_drill_left_is_refused_with_the_way_out(target: Target, tmp_path: Path) -> None:
    """`drill heal RUN` frees the target; a dead drill that left nothing holds nothing."""
    at = crashed(target, tmp_path / "one", "slow", "slow")
    with pytest.raises(WorldError, match=rf"left 2 faults behind; run `drill heal {tmp_path / 'one'}`"):
        TargetLock().acquire(target, tmp_path / "two", "other")
    heal_run(tmp_path / "one", at)
    lock = TargetLock()
    lock.acquire(target, tmp_path / "two", "other")
    lock.close()


def test_a_dead_drill_without_its_journal_is_refused_too(target: Target, tmp_path: Path) -> None:
    """Nobody knows what it left: a person has to look."""
    crashed(target, tmp_path / "one", "slow")
    shutil.rmtree(tmp_path / "one")
    with pytest.raises(WorldError, match="nobody knows what it left"):
        TargetLock().acquire(target, tmp_path / "two", "other")
    forget(target)  # a platform that was started anew
    lock = TargetLock()
    lock.acquire(target, tmp_path / "two", "other")
    lock.close()


def test_locks_that_cannot_be_kept_are_no_locks(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guard that cannot answer says no."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DRILL_STATE", str(tmp_path / "file"))
    with pytest.raises(WorldError, match="set DRILL_STATE"):
        TargetLock().acquire(target, tmp_path / "run", "d")


# --- prior state on a platform that answers ---------------------------------------------------


def proxy_states(platform: Platform) -> dict[str, Any]:
    """All of it."""
    return {name: proxy.to_json() for name, proxy in platform.registry.proxies.items()}


def test_others_toxics_and_switches_come_back_as_they_were(tmp_path: Path) -> None:
    """A link that somebody had switched off stays off, and a toxic of somebody's stays."""
    from drill.faults import Proxies
    from drill.faults.toxiproxy import Server, Toxic

    foreign = Toxic("somebody-elses", "latency", "upstream", 1.0, (("jitter", 0), ("latency", 5)))
    with serving(tmp_path) as (platform, file):
        links = load_target(file).ehr.links
        server = Server(links[0].api)
        server.set_enabled("ehr-a", enabled=False)
        server.add_toxic("ehr-b", foreign)
        before = proxy_states(platform)
        (tmp_path / "journal").mkdir()
        journal = Journal(tmp_path / "journal" / "faults.jsonl", "r")
        for number, (mode, link) in enumerate(zip(("refused", "slow", "errors"), links, strict=True)):
            apply(journal, f"f{number}", ehr_fault(mode, link, "127.0.0.1:9"), Proxies())
        journal.flush()
        assert proxy_states(platform) != before
        assert heal_run(tmp_path).whole
        assert proxy_states(platform) == before
        assert heal_run(tmp_path).restored == ()
