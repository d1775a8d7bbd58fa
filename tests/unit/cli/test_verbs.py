"""Verbs are found where the table says, and one that runs a drill does not wait for what others need."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from drill.cli.main import VERBS, cli


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_the_command_of_that_name(verb: str) -> None:
    """What is typed is what runs."""
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None
    assert command.name == verb


def test_what_is_no_verb_is_no_command() -> None:
    """Click says so to whoever typed it."""
    assert cli.get_command(click.Context(cli), "runn") is None


def test_a_run_that_signs_and_restores_nothing_loads_no_clients_of_clouds() -> None:
    """They take as long to load as half of everything else."""
    unwanted = {"boto3", "securesystemslib", "rfc3161_client"}
    asked = f"import sys, drill.cli.conduct; print(*{unwanted} & {{*sys.modules}})"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.split() == []
