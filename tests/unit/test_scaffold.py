"""`drill init` gives a folder that can be drilled from, and never writes over anything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drill.definition import load_drill
from drill.definition.keys import ListOf, Table
from drill.definition.suites import all_drills, read_suites
from drill.definition.target_table import TARGET
from drill.model.errors import DefinitionError
from drill.scaffold import TOML, init, shipped
from drill.target import load_target


def test_what_is_written_is_whole(tmp_path: Path) -> None:
    """Every copied drill loads from its new place, and its suites name drills that are there."""
    init(tmp_path / "new")
    drills = tmp_path / "new" / "drills"
    loaded = {load_drill(path).drill for path in all_drills(drills)}
    assert loaded == {path.stem for path in all_drills(shipped("drills"))}
    assert len(loaded) > 10
    assert "quarterly" in read_suites(drills)


def test_the_written_paths_are_told(tmp_path: Path) -> None:
    """All that is returned exists, and nothing else was written."""
    written = init(tmp_path / "new")
    tops = {path.relative_to(tmp_path / "new").parts[0] for path in written}
    assert all(path.exists() for path in written)
    assert {path.name for path in (tmp_path / "new").iterdir()} == tops


def test_nothing_is_written_over(tmp_path: Path) -> None:
    """Everything that is in the way is named at once, and nothing is written beside it."""
    (tmp_path / "drills").mkdir()
    (tmp_path / "drill.toml").write_text("mine")
    with pytest.raises(DefinitionError) as error:
        init(tmp_path)
    assert error.value.mistakes == (
        f"{tmp_path}/drill.toml: is there already; name an empty folder",
        f"{tmp_path}/drills: is there already; name an empty folder",
    )
    assert (tmp_path / "drill.toml").read_text() == "mine"
    assert not (tmp_path / "experiments").exists()


def test_a_folder_that_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    """A file where a folder should be is no traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(DefinitionError, match="cannot be written: Not a directory; name another folder"):
        init(tmp_path / "file" / "below")


def uncommented(text: str) -> str:
    """With everything in it that is there as a comment: keys, and heads of tables."""
    return re.sub(r"^# (?=\[|[a-z_]+ = )", "", text, flags=re.MULTILINE)


def test_what_stands_there_as_a_comment_is_right_too(tmp_path: Path) -> None:
    """But for the approver's key: a made-up one must not be left in by mistake."""
    key = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="
    (tmp_path / "drill.toml").write_text(uncommented(TOML))
    with pytest.raises(DefinitionError) as error:
        load_target(tmp_path / "drill.toml")
    (mistake,) = error.value.mistakes
    assert "guards.approvers[0].key: '...' is not a public key" in mistake
    (tmp_path / "drill.toml").write_text(uncommented(TOML).replace('key = "..."', f'key = "{key}"'))
    target = load_target(tmp_path / "drill.toml")
    assert (len(target.zones), bool(target.backups), bool(target.stages)) == (2, True, True)


def keys(table: Table) -> list[str]:
    """Every key of a table and of those below."""
    found = []
    for key in table.keys:
        below = key.shape.item if isinstance(key.shape, ListOf) else key.shape
        found += [key.name, *(keys(below) if isinstance(below, Table) else [])]
    return found


def test_every_key_stands_there() -> None:
    """If only as a comment: the file is where a platform's owner begins."""
    assert [name for name in keys(TARGET) if not re.search(rf"\b{name}\b", TOML)] == []
