"""An experiment is copied into every run: no secret stands in it, nor becomes an argument of a process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from drill.definition import load_drill

Refused = Callable[..., list[str]]
FIRST = "title: EHR outage\n"
NAMED = "secrets: {api: {token: {type: env, key: API_TOKEN}}}\n"
LOOK = "method:\n  - type: probe\n    name: look\n    provider: "
HTTP = '{type: http, url: "http://127.0.0.1/", headers: {Authorization: "Bearer ${token}"}, secrets: [api]}\n'
RUN = "{type: process, path: sh, arguments: \"-c 'curl -u ${token}'\", secrets: [api]}\n"


def test_secrets_that_are_only_named_are_welcome(folder: Path) -> None:
    """From the environment, used in a header."""
    path = folder / "experiment.yaml"
    text = path.read_text().replace(FIRST, FIRST + NAMED).replace("method:\n", LOOK + HTTP)
    path.write_text(text)
    assert load_drill(folder / "drill.yaml").drill == "outage"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (FIRST, f"{FIRST}secrets: {{api: {{token: abcdefghijkl}}}}\n", "stands in the experiment"),
        (
            FIRST,
            f"{FIRST}secrets: {{api: {{t: {{type: env, key: T, default: abcdefgh}}}}}}\n",
            "the value of t.default",
        ),
        ("  hold_s: 20\n", "  hold_s: 20\n  db_password: abcdefghijkl\n", "stands in the experiment"),
        ("  hold_s: 20\n", "  hold_s: 20 # postgresql://u:abcdefgh@h/d\n", "a password in an address"),
        ("method:\n", LOOK + HTTP.replace("${token}", "abcdefghijkl"), "stands in the experiment"),
    ],
)
def test_secrets_that_are_written_out_are_refused(refused: Refused, old: str, new: str, words: str) -> None:
    """Each at its line, and what to write instead."""
    (found,) = refused((old, new), file="experiment.yaml")
    assert words in found
    assert found.startswith("experiment.yaml:")
    assert "{type: env, key: NAME}" in found
    assert "abcdefgh" not in found


def test_secrets_among_the_arguments_of_a_process_are_refused(refused: Refused) -> None:
    """Whoever lists processes would read them."""
    (found,) = refused((FIRST, FIRST + NAMED), ("method:\n", LOOK + RUN), file="experiment.yaml")
    assert "the secret token would stand in the list of processes" in found


def test_a_secret_in_the_drill_file_is_refused(refused: Refused) -> None:
    """It is part of the plan."""
    assert refused(("owner: on-call", "owner: on-call  # api_key=abcdefghijkl")) == [
        "drill.yaml:3: a secret stands in the file, which is copied into every run; take it out"
    ]
