"""An experiment that a drill could not believe in is refused, at its own line in its own file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from drill.definition import load_drill

Refused = Callable[..., list[str]]
ACTIONS = "module: drill.toolkit.actions"


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ("title: EHR outage\n", "", "1: the experiment lacks the key 'title'; write title: and some text"),
        (
            "rollbacks:",
            "rollback:",
            (
                "1: the experiment has no rollbacks; write what undoes the method, so "
                "that no fault is left behind"
            ),
        ),
        ("method:", "method: []\nx:", "5: the experiment has no method; write what injects the fault"),
        (
            "  hold_s: 20",
            "  other: 20",
            (
                "3: the experiment has no configuration 'hold_s', by which a drill "
                "sets how long its fault holds; write configuration: {hold_s: 30} and ${hold_s} "
                "where it is used"
            ),
        ),
        (
            ACTIONS,
            "module: drill.tolkit.actions",
            (
                "8: method: 'cut': there is no Python module "
                "'drill.tolkit' here; correct the name or install what brings it"
            ),
        ),
        (
            ACTIONS,
            "module: chaosnone.actions",
            (
                "8: method: 'cut': there is no Python module 'chaosnone' "
                "here; correct the name or install what brings it"
            ),
        ),
        (
            "type: python",
            "type: pyton",
            ("8: method: 'cut': unknown provider type 'pyton'; did you mean 'python'?"),
        ),
        ("type: action", "type: act", "6: method: 'act' is no type of activity; write action or probe"),
        ("    name: cut\n", "", "6: method: an activity has no name; write name: and what it does"),
        (", func: ehr_fault", "", "8: method: 'cut': a Python provider lacks module or func; write both"),
        (
            "    provider:\n      type: python",
            "    x:\n      type: python",
            ("9: method: 'hold' has no provider; write provider: and its type"),
        ),
        (
            "- type: action\n    name: revert",
            "- nothing\n  - type: action\n    name: revert",
            ("17: rollbacks: an activity has keys; write type, name and provider"),
        ),
    ],
)
def test_one_mistake_one_message(refused: Refused, old: str, new: str, mistake: str) -> None:
    """Each kind of mistake in an experiment."""
    assert f"experiment.yaml:{mistake}" in refused((old, new), file="experiment.yaml")


def test_an_unknown_function_is_refused_with_those_there_are(refused: Refused) -> None:
    """A function that its module does not have would only fail once the load is up."""
    (mistake,) = refused(("func: ehr_fault", "func: ehr_falt"), file="experiment.yaml")
    assert mistake == (
        "experiment.yaml:8: method: 'cut': the module 'drill.toolkit.actions' has no function 'ehr_falt'; "
        "its functions are ehr_fault, hold, media_fault, model_fault, restore_backup, revert, service_fault, "
        "sham, speech_fault, zone_fault"
    )


@pytest.mark.parametrize(
    ("arguments", "mistakes"),
    [
        ("{mode: refusd}", ["ehr_fault knows no mode 'refusd'; did you mean 'refused'?"]),
        ("{}", ["ehr_fault needs the argument 'mode'; write it below arguments:"]),
        (
            "{mode: refused, taget: x}",
            ["ehr_fault takes no argument 'taget'; did you mean 'target'?"],
        ),
        ('{mode: "${how}"}', []),
    ],
)
def test_what_a_function_is_told_is_looked_at(
    folder: Path, refused: Refused, arguments: str, mistakes: list[str]
) -> None:
    """A typo there would only show once the load is up; what the configuration will say is not known yet."""
    change = ("arguments: {mode: refused}", f"arguments: {arguments}")
    if mistakes:
        assert refused(change, file="experiment.yaml") == [
            f"experiment.yaml:8: method: 'cut': {said}" for said in mistakes
        ]
    else:
        file = folder / "experiment.yaml"
        file.write_text(file.read_text().replace(*change))
        assert load_drill(folder / "drill.yaml").drill == "outage"


def test_a_method_that_only_looks_is_refused(refused: Refused) -> None:
    """Without an action nothing is injected, and nothing can be proven."""
    changes = (("type: action", "type: probe"), ("type: action", "type: probe"))
    assert refused(*changes, file="experiment.yaml") == [
        "experiment.yaml:5: the method only looks; write an action that injects"
    ]


def test_an_experiment_that_is_not_yaml(refused: Refused) -> None:
    """What the YAML parser says, at the line it says it of."""
    (mistake,) = refused(("title: EHR outage", "title: 'EHR outage"), file="experiment.yaml")
    assert mistake.startswith("experiment.yaml:2")
    assert "is not YAML" in mistake


def test_an_experiment_that_is_a_list(refused: Refused, folder: Path) -> None:
    """Only a mapping can be an experiment."""
    (folder / "experiment.yaml").write_text("- a\n")
    assert refused() == [
        "experiment.yaml:1: is not an experiment; write title, description, method and rollbacks"
    ]


def test_json_with_tabs_is_an_experiment_too(folder: Path) -> None:
    """Chaos Toolkit takes JSON, and JSON may be indented with tabs."""
    import json

    import yaml

    experiment = yaml.safe_load((folder / "experiment.yaml").read_text())
    (folder / "experiment.json").write_text(json.dumps(experiment, indent="\t"))
    drill = folder / "drill.yaml"
    same = load_drill(drill).experiment
    drill.write_text(drill.read_text().replace("experiment.yaml", "experiment.json"))
    assert load_drill(drill).experiment == same


def test_nothing_is_imported_to_check_an_experiment(folder: Path) -> None:
    """Checking a file must not run the code of the extensions that it names."""
    (folder / "loud.py").write_text("raise SystemExit('imported')\ndef cut(mode): pass\n")
    file = folder / "experiment.yaml"
    file.write_text(file.read_text().replace(ACTIONS + ", func: ehr_fault", "module: loud, func: cut"))
    import sys

    sys.path.insert(0, str(folder))
    try:
        assert '"module":"loud"' in load_drill(folder / "drill.yaml").experiment
    finally:
        sys.path.remove(str(folder))
