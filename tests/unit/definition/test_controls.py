"""Drills name controls of the catalogue, and only those that they can say something about."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drill.definition import load_drill
from drill.definition.controls import catalogue
from drill.model.errors import DefinitionError

ROOT = Path(__file__).parents[3]


def _changed(tmp_path: Path, old: str, new: str) -> Path:
    text = (ROOT / "drills" / "ehr-outage.yaml").read_text(encoding="utf-8").replace("../", f"{ROOT}/")
    file = tmp_path / "d.yaml"
    file.write_text(re.sub(old, new, text), encoding="utf-8")
    return file


def test_the_catalogue_reads_and_says_what_has_to_be_checked() -> None:
    """Every control has its claim, what lies beyond it, its source and an OSCAL token of its own."""
    controls = catalogue().values()
    assert len({c.token for c in controls}) == len(controls) > 30
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9._-]*", c.token) for c in controls)
    assert all(c.claim and c.beyond and c.source for c in controls)
    assert all(c.check for c in controls if c.id.startswith(("ISO", "SOC2")))


def test_an_unknown_control_is_named_with_its_line_and_the_nearest_one(tmp_path: Path) -> None:
    """file:line, and what to write instead."""
    file = _changed(tmp_path, r"controls: .*", "controls:\n  - SOC2 A1.3\n  - NIST 800-53 CP4")
    with pytest.raises(DefinitionError) as error:
        load_drill(file)
    said = "'NIST 800-53 CP4' is no control of the catalogue; did you mean 'NIST 800-53 CP-4'?"
    assert error.value.mistakes == (f"{file}:10: controls[1]: {said}",)


def test_a_control_that_nothing_in_the_drill_can_support_is_refused(tmp_path: Path) -> None:
    """A line that would look like evidence and be none."""
    file = _changed(tmp_path, r"controls: .*", "controls: [ISO 27001 A.8.14]")
    with pytest.raises(DefinitionError, match=r"d.yaml:8: controls: 'ISO 27001 A.8.14' can be supported by"):
        load_drill(file)
