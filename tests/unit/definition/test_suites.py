"""Names become files: a path, a suite's name or a drill's name, each file once."""

from __future__ import annotations

from pathlib import Path

import pytest

from drill.definition.suites import all_drills, expand, one
from drill.model.errors import DefinitionError


@pytest.fixture
def drills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two drill files (expanding reads none of them) and a suite of both."""
    monkeypatch.chdir(tmp_path)
    folder = Path("drills")
    folder.mkdir()
    for name in ("ehr-outage", "ehr-slow"):
        (folder / f"{name}.yaml").touch()
    (folder / "suites.yaml").write_text("# due\nquarterly: [ehr-slow, ehr-outage]\n")
    return folder


def test_a_name_a_path_and_a_suite(drills: Path) -> None:
    """All three name files, and a file that is named twice runs once."""
    assert expand(["ehr-outage"], drills) == [drills / "ehr-outage.yaml"]
    assert expand(["drills/ehr-slow.yaml"], drills) == [drills / "ehr-slow.yaml"]
    assert expand(["quarterly", "ehr-slow"], drills) == [drills / "ehr-slow.yaml", drills / "ehr-outage.yaml"]


def test_the_suites_file_is_no_drill(drills: Path) -> None:
    """`drill list` and `drill check` are about drills."""
    assert [path.name for path in all_drills(drills)] == ["ehr-outage.yaml", "ehr-slow.yaml"]


def test_unknown_names_come_all_at_once_with_the_nearest(drills: Path) -> None:
    """A typo in a command line costs one attempt, not one per name."""
    with pytest.raises(DefinitionError) as error:
        expand(["ehr-outge", "quartely"], drills)
    assert error.value.mistakes == (
        "there is no drill or suite 'ehr-outge' in drills; did you mean 'ehr-outage'?",
        "there is no drill or suite 'quartely' in drills; did you mean 'quarterly'?",
    )


def test_a_suite_that_names_no_drill_is_refused(drills: Path) -> None:
    """A suite must not shrink because a file was renamed."""
    (drills / "suites.yaml").write_text("# due\nquarterly: [ehr-slow, ehr-outge]\n")
    with pytest.raises(DefinitionError) as error:
        expand(["ehr-slow"], drills)
    assert error.value.mistakes == (
        (
            "drills/suites.yaml:2: quarterly: there is no drill 'ehr-outge' in drills; did you "
            "mean 'ehr-outage'?"
        ),
    )


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("a: []\n", "drills/suites.yaml:1: suites.a: is empty; write at least 1"),
        ("a: ehr-slow\n", "drills/suites.yaml:1: suites.a: is not a list; write it as a list, even of one"),
        ("- a\n", "drills/suites.yaml:1: suites: names have to stand below it; write suites: and a name"),
    ],
)
def test_what_is_no_suite(drills: Path, text: str, mistake: str) -> None:
    """A suite is a list of at least one name."""
    (drills / "suites.yaml").write_text(text)
    with pytest.raises(DefinitionError) as error:
        expand(["ehr-slow"], drills)
    assert error.value.mistakes == (mistake,)


def test_a_folder_without_drills(tmp_path: Path) -> None:
    """Nothing selected is an error, not a green run of nothing."""
    with pytest.raises(DefinitionError, match="holds no drill file; name another folder, or run"):
        all_drills(tmp_path)


def test_one_drill_is_no_suite(drills: Path) -> None:
    """A plan is of one drill; where drill and suite have one name, the drill is meant."""
    assert one("ehr-slow", drills) == drills / "ehr-slow.yaml"
    with pytest.raises(
        DefinitionError, match="'quarterly' is a suite, and one drill is wanted here; name one of"
    ):
        one("quarterly", drills)
    (drills / "suites.yaml").write_text("ehr-slow: [ehr-outage]\n")
    assert one("ehr-slow", drills) == drills / "ehr-slow.yaml"
