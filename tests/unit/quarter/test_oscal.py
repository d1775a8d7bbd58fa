"""OSCAL: valid by trestle, and by our own check that everything pointed to is there."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from drill.model.errors import WorldError
from drill.model.verdicts import Status
from drill.quarter.extra import oscal_text
from drill.quarter.oscal import assessment_results, plan_of_action
from drill.quarter.oscal_links import dangling
from drill.quarter.population import in_order
from drill.quarter.trial import State
from drill.quarter.write import write_quarter
from quarters import a_trial, a_view, some_trials

SEED = "5" * 64


def _documents() -> dict[str, Any]:
    view = a_view(some_trials())
    return {
        "assessment-results": assessment_results(view, SEED),
        "plan-of-action-and-milestones": plan_of_action(view, SEED),
    }


def refused_by_trestle(documents: dict[str, str], workspace: Path) -> dict[str, str]:
    """What its own command finds wrong with documents, by their kind; nothing when all are valid."""
    trestle, found = Path(sys.executable).with_name("trestle"), {}
    subprocess.run([trestle, "init", "--local"], cwd=workspace, check=True, capture_output=True)
    for kind, text in documents.items():
        folder = workspace / kind / "q"
        folder.mkdir(parents=True)
        (folder / f"{kind}.json").write_text(text, encoding="utf-8")
        command = [trestle, "validate", "-t", kind, "-n", "q"]
        done = subprocess.run(command, cwd=workspace, capture_output=True, text=True, check=False)
        found |= {kind: done.stdout + done.stderr} if done.returncode else {}
    return found


def test_trestle_finds_both_documents_valid_and_not_one_that_lacks_something(tmp_path: Path) -> None:
    """In a workspace of its own."""
    texts = {kind: oscal_text(document) for kind, document in _documents().items()}
    (tmp_path / "good").mkdir()
    (tmp_path / "bad").mkdir()
    assert refused_by_trestle(texts, tmp_path / "good") == {}
    kind = "assessment-results"
    lacking = {kind: texts[kind].replace('"import-ap"', '"import-app"')}
    assert set(refused_by_trestle(lacking, tmp_path / "bad")) == {kind}


@pytest.mark.parametrize(
    ("at", "state", "changed"),
    [
        ("2026-11-04", State.REFUSED, {"integrity.fault": Status.UNKNOWN}),
        ("2026-11-04", State.SHAM, {"turns.lost": Status.FAIL}),
        ("2026-08-02", State.CONDUCTED, {"turns.lost": Status.FAIL}),
    ],
    ids=["refused", "a sham that failed", "an earlier quarter's, still open"],
)
def test_what_a_finding_rests_on_is_told_whatever_became_of_its_run(
    at: str, state: State, changed: dict[str, Status]
) -> None:
    """Also where the run counts for no control."""
    verdicts = {name.replace(".", "__"): status for name, status in changed.items()}
    of = a_trial("odd", at, drill="ehr-slow", state=state, **verdicts)
    view = a_view(in_order((*some_trials(), of)))
    assert "odd" in {finding.trial.run_id for finding in view.findings}
    for document in (assessment_results(view, SEED), plan_of_action(view, SEED)):
        assert dangling(document) == []


def test_a_document_that_cannot_be_made_is_an_error_and_the_others_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report without its OSCAL would read as one that has it."""
    monkeypatch.setattr("drill.quarter.extra.dangling", lambda _: ["a pointer to nothing"])
    told: list[str] = []
    with pytest.raises(WorldError, match=r"oscal cannot be made: [^\n]*\na pointer to nothing"):
        write_quarter(a_view(some_trials()), tmp_path, ("oscal", "csv"), told.append)
    assert told == []
    assert [path.name for path in tmp_path.iterdir()] == ["objectives.csv"]


def test_the_same_runs_give_the_same_documents() -> None:
    """Every name is made from what it names."""
    assert [oscal_text(d) for d in _documents().values()] == [oscal_text(d) for d in _documents().values()]


@pytest.mark.parametrize("kind", ["observations", "risks"])
def test_a_pointer_to_nothing_is_found_though_the_schema_is_content(kind: str) -> None:
    """What is pointed to has another name; the pointer is as it was."""
    document = copy.deepcopy(_documents()["plan-of-action-and-milestones"])
    assert dangling(document) == []
    things = document["plan-of-action-and-milestones"][kind]
    gone, things[0]["uuid"] = things[0]["uuid"], "9e3b5d1a-0000-4000-8000-000000000000"
    assert any(gone in said for said in dangling(document))
    with pytest.raises(WorldError, match="points to what is not in it"):
        oscal_text(document)


def test_a_name_given_twice_and_a_pointer_of_the_wrong_kind_are_found() -> None:
    """An observation is no risk."""
    document = copy.deepcopy(_documents()["assessment-results"])
    result = document["assessment-results"]["results"][0]
    result["observations"][1]["uuid"] = result["observations"][0]["uuid"]
    result["findings"][0]["related-risks"] = [{"risk-uuid": result["observations"][2]["uuid"]}]
    said = "\n".join(dangling(document))
    assert "is the name of two things" in said
    assert "not in risks" in said


def test_a_control_that_was_not_tested_is_not_satisfied_in_oscal() -> None:
    """OSCAL has no third word; the remarks have."""
    found = json.loads(oscal_text(_documents()["assessment-results"]))["assessment-results"]["results"][0][
        "findings"
    ]
    never = next(f for f in found if f["title"] == "SOC2 CC7.2: not tested")
    assert never["target"]["status"]["state"] == "not-satisfied"
    assert never["target"]["status"]["remarks"].startswith("not tested. Never tested in this quarter")
