"""`drill check` reads everything that a drill is made of, and tells all that is wrong with it at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from command_line import Drill, changed


def test_a_fresh_folder_has_no_mistake_and_says_what_its_target_can_take(drill: Drill) -> None:
    """The target of `drill init` knows the EHR alone."""
    code, out, _ = drill("check")
    ehr = "ehr-errors, ehr-outage, ehr-refused, ehr-resetting, ehr-slow, ehr-wrong-patient"
    assert (code, out.splitlines()) == (0, [
        "20 drill files and drill.toml: no mistake",
        f"staging can take 6 of them: {ehr}",
        "`drill plan DRILL` says what a target lacks for another",
    ])  # fmt: skip


def test_drills_suites_and_target_are_told_together(drill: Drill) -> None:
    """Whoever fixes files wants the whole list."""
    changed("drills/ehr-outage.yaml", "severity: SEV2", "severty: SEV2")
    changed("drills/suites.yaml", "restores: [restore,", "restores: [restor,")
    changed("drill.toml", 'environment = "staging"', 'environment = "stagng"')
    code, _, err = drill("check")
    assert code == 3
    assert [line.removeprefix("drill: ").split(":")[0] for line in err.splitlines()] == [
        "drills/ehr-outage.yaml", "drills/ehr-outage.yaml", "drill.toml", "drills/suites.yaml",
    ]  # fmt: skip


def test_machines_get_the_same(drill: Drill) -> None:
    """With --json, mistakes are a list on stdout."""
    assert json.loads(drill("check", "--json", "ehr-outage")[1]) == {
        "files": 1, "fits": {"staging": ["ehr-outage"]}, "mistakes": [],
    }  # fmt: skip
    changed("drill.toml", 'environment = "staging"', 'environment = "stagng"')
    code, out, _ = drill("check", "--json")
    assert (code, len(json.loads(out)["mistakes"])) == (3, 1)


def test_two_drills_of_one_name_are_a_mistake(drill: Drill) -> None:
    """Their runs would lie in one folder, and be one drill in a quarter's report."""
    Path("drills/mine.yaml").write_text(Path("drills/ehr-outage.yaml").read_text())
    code, _, err = drill("check")
    said = "drills/mine.yaml:1: drills/ehr-outage.yaml is called 'ehr-outage' too; give one another name"
    assert (code, err) == (3, f"drill: {said}\n")


def test_files_folders_drills_and_suites_can_be_named(drill: Drill) -> None:
    """Each drill counts once; what is named and is not there is told, all of it."""
    code, out, _ = drill("check", "drills", "quarterly", "ehr-outage", "drills/pitr.yaml")
    assert (code, out.split(":")[0]) == (0, "20 drill files and drill.toml")
    code, _, err = drill("check", "nope", "nope.yaml")
    assert code == 3
    assert "no drill or suite 'nope'" in err
    assert "nope.yaml: cannot be read" not in err  # it is looked into once it is known what to look into


@pytest.mark.parametrize("option", [("--seed", "3"), ("--sandbox",), ("--operator", "alice")])
def test_what_only_a_look_at_the_target_uses_is_not_ignored(drill: Drill, option: tuple[str, ...]) -> None:
    """Without --live these would do nothing."""
    code, _, err = drill("check", *option)
    assert (code, err.splitlines()[-1]) == (3, f"Error: {option[0]}: of a look at the target; add --live")


def test_a_wrong_word_of_an_experiment_is_found_before_the_load_is_up(drill: Drill) -> None:
    """Chaos Toolkit would find it when the drill is in its fault phase."""
    changed("experiments/ehr-outage.yaml", "{mode: blackholed}", "{mode: blackhole, mod: x}")
    code, _, err = drill("check", "ehr-outage")
    where = "experiments/ehr-outage.yaml:27: method: 'ehr-blackholed': ehr_fault"
    assert (code, err.splitlines()) == (3, [
        f"drill: {where} takes no argument 'mod'; did you mean 'mode'?",
        f"{where} knows no mode 'blackhole'; did you mean 'blackholed'?",
    ])  # fmt: skip
