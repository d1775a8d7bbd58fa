"""Verbs are found where the table says, and one that runs a drill does not wait for what others need."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from drill.cli.main import VERBS, cli


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_the_command_of_that_name(verb: str) -> None:
    """What is typed is what runs, and what the list of commands says of it is what it says of itself."""
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None
    assert command.name == verb
    assert command.get_short_help_str(80) == VERBS[verb][1]


def test_what_is_no_verb_is_no_command() -> None:
    """Click says so to whoever typed it."""
    assert cli.get_command(click.Context(cli), "runn") is None


def loaded(code: str, *names: str) -> set[str]:
    """Which of these modules a process has after this code."""
    asked = f"import sys\n{code}\nprint(*{set(names)} & {{*sys.modules}}, file=sys.stderr)"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    return set(told.stderr.split())


def test_a_run_that_signs_and_restores_nothing_loads_no_clients_of_clouds() -> None:
    """They take as long to load as half of everything else."""
    assert loaded("import drill.cli.conduct", "boto3", "securesystemslib", "rfc3161_client") == set()


def test_the_list_of_commands_loads_none_of_them() -> None:
    """It is what a new user types first."""
    listing = "from drill.cli.main import cli\ncli(['--help'], standalone_mode=False)"
    assert loaded(listing, "drill.conduct", "drill.evidence", "drill.report") == set()
