"""What the documents list is all there is, and nothing else: drills, verdicts, defects, settings."""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path

import pytest
import yaml

from documents import PAGES, ROOT, names, rows, spans, text
from drill.definition.drill_table import DRILL
from drill.definition.keys import ListOf, Table
from drill.definition.suites import all_drills, read_suites
from drill.definition.words import WORDS
from drill.objectives import GROUPS
from drill.sandbox.backups.settings import Policy
from drill.sandbox.defects import Defect
from drill.sandbox.settings import Settings

DRILLS = {path.stem: path for path in all_drills(ROOT / "drills")}
DRILLS_PAGE, OBJECTIVES_PAGE, SANDBOX_PAGE = "docs/drills.md", "docs/objectives.md", "docs/sandbox.md"
# The tests that conduct a drill on a platform with each defect, and what has to refute it there.
REFUTED_BY = "test_drills_red.py"


def first(page: str, heading: str = "") -> list[str]:
    """The names that begin each row."""
    return [name for row in rows(page, heading) for name in names(row[0])]


def test_every_drill_is_listed_with_what_it_asks_for() -> None:
    """`the same` is what the row above asks for."""
    told: dict[str, set[str]] = {}
    for name, _, asks in rows(DRILLS_PAGE, "# The shipped drills"):
        said = set(asks.split(", "))
        told[name.strip("`")] = [*told.values()][-1] if said == {"the same"} else said
    objectives = {
        name: set(yaml.safe_load(path.read_text(encoding="utf-8"))["objectives"])
        for name, path in DRILLS.items()
    }
    assert told == objectives


def test_every_suite_is_listed() -> None:
    """With its drills, all in the order of the file."""
    told = {
        row[0].strip("`"): [name for name in names(row[1]) if name in DRILLS]
        for row in rows(DRILLS_PAGE, "## Suites")
    }
    assert list(told.items()) == list(read_suites(ROOT / "drills").items())


def test_every_experiment_is_listed_under_its_action() -> None:
    """And one that no drill names is said to have none."""
    told = {row[0].strip("`"): set(names(row[1])) for row in rows(DRILLS_PAGE, "## Experiments")}
    there: dict[str, set[str]] = {action: set() for action in WORDS}
    for path in (ROOT / "experiments").glob("*.yaml"):
        (action,) = [name for name in WORDS if f"func: {name}" in path.read_text(encoding="utf-8")]
        there[action].add(path.stem)
    assert told == there
    used = {yaml.safe_load(path.read_text())["experiment"].rpartition("/")[2] for path in DRILLS.values()}
    for row in rows(DRILLS_PAGE, "## Experiments"):
        drilled, _, idle = row[1].partition(";")
        assert {f"{name}.yaml" in used for name in names(drilled)} == {True}
        assert not {name for name in names(idle) if f"{name}.yaml" in used}


@pytest.mark.parametrize("path", sorted((ROOT / "experiments").glob("*.yaml")), ids=lambda path: path.stem)
def test_an_experiment_says_how_it_runs_alone(path: Path) -> None:
    """With its own name, on a sandbox that has what it takes."""
    backups = " --backups" if path.stem.startswith("restore-") else ""
    said = f"# Runs alone: `drill sandbox up{backups}`, then `chaos run experiments/{path.name}`.\n"
    assert path.read_text(encoding="utf-8").startswith(said)


def test_every_load_profile_is_listed() -> None:
    """By its file."""
    there = {path.name for path in (ROOT / "loadprofiles").glob("*.py")}
    assert set(first(DRILLS_PAGE, "## Load profiles")) == there


def test_every_verdict_is_explained() -> None:
    """In the table of its group."""
    told: dict[str, set[str]] = {}
    for heading in re.findall(r"^## `.*$", text(OBJECTIVES_PAGE), re.MULTILINE):
        told[names(heading)[0]] = set(first(OBJECTIVES_PAGE, heading))
    there: dict[str, set[str]] = {}
    for group in GROUPS:
        there.setdefault(group.name, set()).update(group.verdicts)
    assert told == there


def keys(table: Table) -> set[str]:
    """Every key of a table and of those below."""
    found = set()
    for key in table.keys:
        below = key.shape.item if isinstance(key.shape, ListOf) else key.shape
        found |= {key.name} | (keys(below) if isinstance(below, Table) else set())
    return found


def test_limits_that_verdicts_name_are_keys() -> None:
    """What a reader would look for in the drill file."""
    known = keys(DRILL) | {name for group in GROUPS for name in group.verdicts}
    told = {
        name.partition(":")[0] for row in rows(OBJECTIVES_PAGE) for cell in row[1:] for name in names(cell)
    }
    assert told <= known


def test_every_defect_is_listed_with_a_verdict_that_there_is() -> None:
    """Once each."""
    told = {row[0].strip("`"): names(row[2]) for row in rows(SANDBOX_PAGE, "## Defects")}
    assert sorted(told) == sorted(Defect)
    known = {name for group in GROUPS for name in group.verdicts}
    assert {name for verdicts in told.values() for name in verdicts} <= known


def refuted() -> dict[str, set[str]]:
    """The table of that file, without importing it."""
    tree = ast.parse((ROOT / "tests" / "sandbox" / REFUTED_BY).read_text(encoding="utf-8"))
    (table,) = (
        n.value for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "DEFECTS"
    )
    kinds: dict[str, dict[str, set[str]]] = ast.literal_eval(table)
    return {defect: verdicts for defects in kinds.values() for defect, verdicts in defects.items()}


def test_the_verdict_that_refutes_a_defect_is_the_one_that_is_tested() -> None:
    """The page says what the drills were seen to say."""
    told = {row[0].strip("`"): set(names(row[2])) for row in rows(SANDBOX_PAGE, "## Defects")}
    for defect, verdicts in refuted().items():
        assert told[defect] == verdicts, defect


def test_every_setting_is_listed() -> None:
    """Of agents and of backups."""
    there = {field.name for field in dataclasses.fields(Settings)}
    there |= {f"backups.{field.name}" for field in dataclasses.fields(Policy)}
    part = text(SANDBOX_PAGE).partition("## Settings")[2].partition("\n## ")[0]
    assert set(re.findall(r"`([a-z][a-z_.]+)`", part)) == there


@pytest.mark.parametrize("page", [page for page in PAGES if "runbooks" in page])
def test_a_runbook_names_every_drill_that_names_it(page: str) -> None:
    """So whoever reads it knows what of it was tried."""
    own = [name for name, path in DRILLS.items() if Path(page).name in path.read_text(encoding="utf-8")]
    assert own
    told = text(page)
    assert [name for name in own if not re.search(rf"\b{name}\b", told) and "siblings" not in told] == []


def test_the_changelog_names_every_drill_and_defect() -> None:
    """What landed is told by name, where it has one."""
    told = " ".join(spans("CHANGELOG.md"))
    assert [name for name in (*DRILLS, *Defect) if not re.search(rf"(?<![\w-]){name}(?![\w-])", told)] == []
