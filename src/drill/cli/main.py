"""The commands, and how they end; what they do is in `drill.wiring` and the verbs' own modules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from drill import wiring
from drill.cli import bug, evidence
from drill.cli.approve import approve_command
from drill.cli.check import check_command
from drill.cli.conduct import judge_command, run_command
from drill.cli.options import DRILLS_OPTION, JSON_OPTION, target_options, where_of
from drill.cli.reports import compare, report
from drill.cli.say import as_json, table
from drill.cli.undo import abort_command, heal_command
from drill.definition import load_drill
from drill.model.errors import DefinitionError, DrillError
from drill.model.plan import to_json
from drill.model.verdicts import EXIT_CODES, EXIT_DEFINITION, EXIT_WORLD, Status
from drill.plan import plan as make_plan
from drill.redact import Redactor, known
from drill.scaffold import init as scaffold
from drill.schema import drill_schema, target_schema


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="drill")
def cli() -> None:
    """Drills that prove or refute what a disaster-recovery page promises.

    Exit codes: 0 all PASS, 1 some FAIL, 2 some UNKNOWN and no FAIL, 3 definition or usage
    error, 4 the target could not be reached or prepared, or a record not read or written.
    """


for _command in (
    run_command, judge_command, approve_command, check_command, heal_command, abort_command,
    evidence.keygen, evidence.seal, evidence.sign, evidence.verify, report, compare,
):  # fmt: skip
    cli.add_command(_command)


@cli.command("list")
@DRILLS_OPTION
@JSON_OPTION
def list_(drills: Path, json_: bool) -> None:
    """The drills of this folder."""
    found = [(path, load_drill(path)) for path in wiring.all_drills(drills)]
    rows = [{"drill": d.drill, "title": d.title, "schedule": d.schedule, "file": str(p)} for p, d in found]
    click.echo(as_json(rows) if json_ else table(rows))


@cli.command(short_help="Print the frozen plan of a drill, and its digest.")
@click.argument("drill")
@target_options
@DRILLS_OPTION
@click.option("--seed", type=int, default=0, help="Seed of the arrivals; 0 when not given.")
def plan(drill: str, drills: Path, seed: int, **where: Any) -> None:
    """Print the frozen plan of a drill as JSON, and its digest on stderr."""
    asked = load_drill(wiring.one(drill, drills))
    with wiring.opened(where_of(**where)) as target:
        planned = make_plan(asked, target, seed=seed, sham=False)
    click.echo(json.dumps(json.loads(to_json(planned)), indent=1, ensure_ascii=False))
    click.echo(f"digest {planned.digest}", err=True)


@cli.command(short_help="Write a folder to begin with: drill.toml and drills.")
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Write a commented drill.toml and copy the shipped drills, experiments and load profiles."""
    for path in scaffold(folder):
        click.echo(path)


@cli.command(short_help="Print the JSON Schema of a file, for editors.")
@click.argument("what", type=click.Choice(["drill", "target"]), default="drill")
def schema(what: str) -> None:
    """Print the JSON Schema of the drill file (when nothing is said) or of drill.toml, for editors."""
    click.echo(as_json(drill_schema() if what == "drill" else target_schema()))


@cli.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    short_help="Start, show or end the embedded platform.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sandbox(arguments: tuple[str, ...]) -> None:
    """up | status | down: the embedded voice platform (see `drill sandbox --help`)."""
    sys.exit(subprocess.run([sys.executable, "-m", "drill.sandbox", *arguments], check=False).returncode)


def main() -> None:
    """Entry point: errors of ours become one message and an exit code, never a traceback."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_DEFINITION)
    except click.Abort:
        sys.exit(EXIT_CODES[Status.UNKNOWN])
    except DrillError as error:
        click.echo(f"drill: {Redactor(known(os.environ)).clean(str(error))}", err=True)
        sys.exit(EXIT_DEFINITION if isinstance(error, DefinitionError) else EXIT_WORLD)
    except OSError as error:
        # Of a disk or a terminal, somewhere on the way: its own code (1) would read as a verdict.
        click.echo(f"drill: {Redactor(known(os.environ)).clean(str(error))}", err=True)
        sys.exit(EXIT_WORLD)
    except Exception as error:  # noqa: BLE001  # the last resort: Python's own exit code 1 would read as FAIL
        click.echo(bug.told(error), err=True)
        sys.exit(EXIT_WORLD)
