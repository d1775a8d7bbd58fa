"""The JSON Schemas that editors use say what the loader says."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from drill.definition import load_drill
from drill.model.errors import DefinitionError
from drill.scaffold import TOML
from drill.schema import drill_schema, target_schema
from drill.target import load_target

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "drills").glob("ehr-*.yaml"))


def _valid(schema: dict[str, Any], value: object) -> bool:
    return jsonschema.Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize("schema", [drill_schema(), target_schema()], ids=["drill", "target"])
def test_the_schemas_are_schemas(schema: dict[str, Any]) -> None:
    """Valid against JSON Schema's own schema, 2020-12."""
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_drills_load_and_validate(path: Path) -> None:
    """Each shipped drill is right for the loader and for the schema, and is named as its file."""
    assert load_drill(path).drill == path.stem
    assert _valid(drill_schema(), yaml.safe_load(path.read_text()))


def test_six_ways_to_fail_are_shipped() -> None:
    """One drill for each way an EHR fails."""
    assert {path.stem for path in SHIPPED} == {
        "ehr-outage", "ehr-refused", "ehr-slow", "ehr-resetting", "ehr-errors", "ehr-wrong-patient",
    }  # fmt: skip


def _broken(whole: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every single-key damage of a document: the key unknown, its value of no use."""
    for path in _paths(whole):
        for damage in ("unknown key", "wrong value"):
            broken = copy.deepcopy(whole)
            holder: Any = broken
            for part in path[:-1]:
                holder = holder[part]
            if damage == "unknown key":
                holder["zz-unknown"] = 1
            else:
                holder[path[-1]] = {"zz": [None]}
            yield f"{damage} at {'.'.join(map(str, path))}", broken


def _paths(value: object, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for name, child in value.items():
            yield (*above, name)
            yield from _paths(child, (*above, name))


def test_a_damaged_drill_fails_in_both(tmp_path: Path) -> None:
    """Whatever key is damaged, the loader refuses it and so does the schema."""
    whole = yaml.safe_load(SHIPPED[0].read_text())
    for name in ("experiment", "runbook"):
        whole[name] = str((SHIPPED[0].parent / whole[name]).resolve())
    whole["load"]["profile"] = str((SHIPPED[0].parent / whole["load"]["profile"]).resolve())
    file = tmp_path / "drill.yaml"
    file.write_text(yaml.safe_dump(whole))
    assert load_drill(file).drill == whole["drill"]
    for what, broken in _broken(whole):
        file.write_text(yaml.safe_dump(broken))
        with pytest.raises(DefinitionError):
            load_drill(file)
        assert not _valid(drill_schema(), broken), what


@pytest.mark.parametrize("key", ["drill", "owner", "experiment", "load", "phases", "objectives"])
def test_a_drill_without_a_key_fails_in_both(tmp_path: Path, key: str) -> None:
    """What is required is required by both."""
    broken = yaml.safe_load(SHIPPED[0].read_text())
    del broken[key]
    file = tmp_path / "drill.yaml"
    file.write_text(yaml.safe_dump(broken))
    with pytest.raises(DefinitionError, match=f"lacks the key '{key}'"):
        load_drill(file)
    assert not _valid(drill_schema(), broken)


def test_the_scaffolded_target_loads_and_validates(tmp_path: Path) -> None:
    """What `drill init` writes is right as it stands."""
    (tmp_path / "drill.toml").write_text(TOML)
    assert load_target(tmp_path / "drill.toml").environment == "staging"
    assert _valid(target_schema(), tomllib.loads(TOML))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('environment = "staging"', 'environment = "prod"'),
        ('edge = "ws:', 'edge = "http:'),
        ("drill_reader@", "drill_reader:secret@"),
        ('wait = "5s"', "wait = 5"),
        ('label = "link"', 'lable = "link"'),
        ("[[target.staging.zones]]", "[target.staging.zones]"),
    ],
)
def test_a_broken_target_fails_in_both(tmp_path: Path, old: str, new: str) -> None:
    """Wrong words, schemes, secrets, units, keys and shapes."""
    assert old in TOML
    broken = TOML.replace(old, new, 1)
    (tmp_path / "drill.toml").write_text(broken)
    with pytest.raises(DefinitionError):
        load_target(tmp_path / "drill.toml")
    assert not _valid(target_schema(), tomllib.loads(broken))
