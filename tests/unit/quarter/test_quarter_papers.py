"""What lies beside a run's journal comes into a quarter; an approval is held against its run again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from drill.approval import approve, signed
from drill.conduct import guards
from drill.definition.controls import catalogue
from drill.evidence.keys import keygen, signer
from drill.evidence.sealing import bundle_path, seal
from drill.model import events as ev
from drill.model.plan import Plan
from drill.model.verdicts import Status
from drill.quarter.calendar import Quarter
from drill.quarter.notes import Notes
from drill.quarter.people import CONSENT
from drill.quarter.population import population
from drill.quarter.render import quarter_html
from drill.quarter.values import QuarterView
from drill.quarter.view import build_quarter
from drill.report.platform import REACH
from histories import plan as a_plan
from sealed import BEGAN, LATER, signing, small, stored, utc
from unit_targets import TARGET

TOML = """\
[target.sandbox]
environment = "staging"
edge = "ws://localhost/media"
[[target.sandbox.zones]]
name = "a"
health = "http://[::1]/health"
metrics = "http://[::1]/metrics"
[target.sandbox.guards]
approvers = [{{name = "carol", key = "{key}"}}]
"""
END = BEGAN + timedelta(seconds=30)


class World:
    """Carol, whose key the target file lists, Mallory, whose it does not, and a folder of runs."""

    def __init__(self, folder: Path) -> None:
        self.runs, self.keys = folder / "runs", folder
        for name in ("carol", "mallory"):
            keygen(folder / name)
        key = "".join((folder / "carol.pub").read_text().splitlines()[1:-1])
        self.toml = TOML.format(key=key)
        digest = hashlib.sha256(self.toml.encode()).hexdigest()
        self.plan = a_plan(target_digest=digest, environment="staging")

    def word(self, plan: Plan | None = None, key: str = "carol", ends: timedelta = LATER) -> str:
        """A signed approval, with the reason CHG-1."""
        said = approve(plan or self.plan, "alice", "carol", BEGAN, BEGAN + ends, "CHG-1")
        return signed(said, signer(str(self.keys / f"{key}.key"))[0])

    def changed(self) -> str:
        """A good one, whose words are those of one that ends later."""
        good, other = (json.loads(self.word(ends=ends)) for ends in (LATER, 2 * LATER))
        return json.dumps({**good, "payload": other["payload"]})

    def run(self, approval: str | None, plan: Plan | None = None) -> Path:
        """A run by alice, with what lies beside it."""
        plan = plan or self.plan
        run_id = f"{BEGAN:%Y%m%dT%H%M%SZ}-000001"
        entries = [
            (s, t, dataclasses.replace(e, utc=utc(BEGAN), operator="alice", commit="c0ffee"))
            if isinstance(e, ev.RunStarted)
            else (s, t, dataclasses.replace(e, utc=utc(END)) if isinstance(e, ev.RunEnded) else e)
            for s, t, e in small(plan, run_id, BEGAN)
        ]
        entries.append(("control", 0.2, ev.GuardChecked(CONSENT, ok=True, detail="carol approved")))
        folder = stored(self.runs, entries, plan=plan)
        (folder / "target.toml").write_text(self.toml)
        if approval is not None:
            (folder / "artefacts").mkdir()
            (folder / "artefacts" / "approval.json").write_text(approval)
        return folder

    def view(self) -> QuarterView:
        """The quarter of that run."""
        day = BEGAN.date()
        quarter = Quarter(day.year, (day.month - 1) // 3 + 1)
        as_of = max(date(2026, 1, 1), quarter.last)
        return build_quarter(quarter, as_of, population(self.runs), (), Notes(), catalogue(), "drill report")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_an_approval_that_holds_stands_with_its_event_and_its_approver_took_part(world: World) -> None:
    """By whom, for whom, from when to when, why; and no deviation."""
    world.run(world.word())
    view = world.view()
    (found,) = view.approvals
    assert (found.by, found.holds) == ("carol", Status.PASS)
    assert found.told == "signed, for alice, who ran it; reason: CHG-1"
    assert {p.name: p.role for p in view.participants} == {
        "alice": "started 1 run, by the journal", "carol": "approved 1 run, by signature",
    }  # fmt: skip
    assert [d for d in view.deviations if d.kind == "approval"] == []
    assert found.trial and found.guard
    assert f'href="#{found.trial.key}{found.guard.anchor}"' in quarter_html(view)


def test_a_bundle_tells_the_same_when_the_folder_is_gone(world: World) -> None:
    """The approval, the environment and the seals come from it."""
    run = world.run(world.word())
    before = world.view()
    seal(run, signing(world.keys / "operator"), bundle_path(run))
    shutil.rmtree(run)
    after = world.view()
    assert [a.told for a in after.approvals] == [a.told for a in before.approvals]
    assert after.trials[0].papers == before.trials[0].papers
    assert "artefacts/approval.json" in dict(after.trials[0].seals[0].members)


WRONG: dict[str, tuple[Callable[[World], str], str]] = {
    "by a key that is not listed": (lambda w: w.word(key="mallory"), "is signed with a key that the target"),
    "of another plan": (lambda w: w.word(dataclasses.replace(w.plan, seed=8)), "seed 8, and this plan is"),
    "that ended before the run": (
        lambda w: w.word(ends=timedelta(seconds=20)),
        "before this drill is surely",
    ),
    "that was changed": (lambda w: w.changed(), "was changed after it was"),
    "that is none": (lambda _: "{}", "it is no approval"),
}


@pytest.mark.parametrize("what", WRONG)
def test_an_approval_is_told_of_that_does_not_hold(world: World, what: str) -> None:
    """In its row, and as a deviation; who is said to have given it took no part."""
    make, words = WRONG[what]
    world.run(make(world))
    view = world.view()
    (found,) = view.approvals
    assert found.holds is Status.FAIL
    assert found.told.startswith("does not hold: ") and words in found.told
    assert [p.name for p in view.participants] == ["alice"]
    assert [words in d.what for d in view.deviations if d.kind == "approval"] == [True]


def test_keys_count_from_the_plans_own_target_file_only(world: World) -> None:
    """Whoever puts another target file beside the run brings a key along."""
    run = world.run(world.word(key="mallory"))
    key = "".join((world.keys / "mallory.pub").read_text().splitlines()[1:-1])
    (run / "target.toml").write_text(TOML.format(key=key))
    (found,) = world.view().approvals
    assert "which lists the keys that count, is not the plan's" in found.told


def test_a_production_run_without_an_approval_is_told_of(world: World) -> None:
    """And one on a sandbox needs none."""
    world.run(None, dataclasses.replace(world.plan, environment="production"))
    (found,) = world.view().approvals
    assert (found.by, found.holds, found.told) == ("nobody", Status.FAIL, "no approval is there")
    shutil.rmtree(world.runs)
    world.run(None)
    assert world.view().approvals == ()


def test_a_damaged_environment_is_told_of_and_hurts_nothing(world: World) -> None:
    """Nothing of it is judged."""
    run = world.run(None)
    for text in ("", "[]", '{"host":{},"clock":1,"packages":{}}', "[" * 100_000):
        (run / "environment.json").write_text(text)
        (fact,) = world.view().trials[0].papers.environment
        assert fact.value.startswith("not told: environment.json")


def test_the_guards_that_a_report_looks_for_are_asked() -> None:
    """Their names are written in two places."""
    assert {CONSENT, REACH} <= set(guards._promises(a_plan(), TARGET, guards.Consent(), BEGAN))
