"""Every command that the documents name is there, with these options: they are parsed as a shell would."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from documents import PAGES, ROOT, commands, names, rows, text
from drill.cli.main import VERBS, cli
from drill.definition.suites import all_drills, read_suites
from drill.sandbox.cli import parser as sandbox_parser
from drill.scaffold import TOML

DRILLS = {path.stem for path in all_drills(ROOT / "drills")}
SUITES = set(read_suites(ROOT / "drills"))
NAMED = [(page, line) for page in PAGES for line in commands(page, "drill")]
OF_DRILLS = ("run", "plan", "check", "approve")


def words(line: str) -> list[str]:
    """As a shell splits it; of alternatives the first, of what may be left out all."""
    told = re.sub(r"\[(\w[\w ]*)\]", r"\1", line).replace("…", "")
    return [word.split("|")[0] for word in shlex.split(told)]


def parsed(words_: list[str]) -> tuple[str, list[str]]:
    """The command and its arguments; UsageError for one that is not there, or an option that it lacks."""
    name, *rest = words_
    command = cli.get_command(click.Context(cli), name)
    if command is None:
        raise click.UsageError(f"no command {name!r}")
    try:
        options, arguments, _ = command.make_parser(click.Context(command)).parse_args(rest)
    except click.NoSuchOption:
        raise
    except click.BadOptionUsage:  # an option is spoken of, and what it would be given is not
        options, arguments = {}, []
    for option in command.params:
        value = options.get(option.name)
        if isinstance(option, click.Option) and isinstance(option.type, click.Choice):
            for each in value if isinstance(value, list) else [value] if value is not None else []:
                option.type.convert(each, option, None)
    return name, arguments


@pytest.mark.parametrize(("page", "line"), NAMED)
def test_a_command_is_there_with_its_options(page: str, line: str) -> None:
    """And the drills and suites that it names are."""
    _, *told = words(line)
    if told[0] == "COMMAND" or told[0].startswith("-"):
        assert told[-1] in ("--help", "--version")
        return
    if told[0] == "sandbox":
        asked = [each for each in told[1:] if each != "--help"]
        assert not asked or sandbox_parser().parse_args(asked)
        return
    name, arguments = parsed(told)
    if name in OF_DRILLS and not re.search(r"[A-Z]", " ".join(arguments)):
        unknown = [each for each in arguments if not Path(each).suffix and each not in DRILLS | SUITES]
        assert unknown == [], page


def test_commands_are_found_at_all() -> None:
    """A reader that finds nothing would find nothing wrong."""
    assert len(NAMED) > 60
    assert {words(line)[1] for _, line in NAMED} >= set(VERBS)


def test_the_readme_lists_every_command() -> None:
    """Each once."""
    listed = [name.split()[1] for row in rows("README.md", "## Commands") for name in names(row[0])]
    assert sorted(listed) == sorted(VERBS)


@pytest.mark.parametrize("page", PAGES)
def test_targets_of_make_are_there(page: str) -> None:
    """`make soak` and its like."""
    there = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    asked = {line.split()[1] for line in commands(page, "make")}
    assert asked <= there


@pytest.mark.parametrize("page", PAGES)
def test_variables_of_the_environment_are_read_somewhere(page: str) -> None:
    """A name that nobody reads would be set in vain."""
    sources = [*(ROOT / "src").rglob("*.py"), *(ROOT / "experiments").glob("*.yaml")]
    read = {
        name for path in sources for name in re.findall(r"DRILL_[A-Z_]+", path.read_text(encoding="utf-8"))
    }
    assert set(re.findall(r"\bDRILL_[A-Z_]+", text(page))) <= read


def test_what_drill_toml_says_of_commands_is_so() -> None:
    """The comments that `drill init` writes."""
    for line in re.findall(r"`(drill [^`]+)`", TOML):
        assert parsed(words(line)[1:])


def test_no_command_is_cut_short_where_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """`drill --help` is what a newcomer reads first."""
    cli(["--help"], prog_name="drill", standalone_mode=False)
    assert "..." not in capsys.readouterr().out.partition("Commands:")[2]
