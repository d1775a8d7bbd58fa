"""`drill list`, `plan`, `init`, `schema` and `sandbox`: what there is to drill, and where to begin."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from drill import wiring
from drill.cli.options import DRILLS_OPTION, JSON_OPTION, target_options, where_of
from drill.cli.say import as_json, table
from drill.definition import load_drill
from drill.model.plan import to_json
from drill.plan import plan as make_plan
from drill.scaffold import init as scaffold
from drill.schema import drill_schema, target_schema


@click.command("list")
@DRILLS_OPTION
@JSON_OPTION
def list_command(drills: Path, json_: bool) -> None:
    """The drills of this folder."""
    found = [(path, load_drill(path)) for path in wiring.all_drills(drills)]
    rows = [{"drill": d.drill, "title": d.title, "schedule": d.schedule, "file": str(p)} for p, d in found]
    click.echo(as_json(rows) if json_ else table(rows))


@click.command("plan", short_help="Print the frozen plan of a drill, and its digest.")
@click.argument("drill")
@target_options
@DRILLS_OPTION
@click.option("--seed", type=int, default=0, help="Seed of the arrivals; 0 when not given.")
def plan_command(drill: str, drills: Path, seed: int, **where: Any) -> None:
    """Print the frozen plan of a drill as JSON, and its digest on stderr."""
    asked = load_drill(wiring.one(drill, drills))
    with wiring.opened(where_of(**where)) as target:
        planned = make_plan(asked, target, seed=seed, sham=False)
    click.echo(json.dumps(json.loads(to_json(planned)), indent=1, ensure_ascii=False))
    click.echo(f"digest {planned.digest}", err=True)


@click.command("init", short_help="Write a folder to begin with: drill.toml and drills.")
@click.argument("folder", type=click.Path(path_type=Path))
def init_command(folder: Path) -> None:
    """Write a commented drill.toml and copy the shipped drills, experiments and load profiles."""
    for path in scaffold(folder):
        click.echo(path)


@click.command("schema", short_help="Print the JSON Schema of a file, for editors.")
@click.argument("what", type=click.Choice(["drill", "target"]), default="drill")
def schema_command(what: str) -> None:
    """Print the JSON Schema of the drill file (when nothing is said) or of drill.toml, for editors."""
    click.echo(as_json(drill_schema() if what == "drill" else target_schema()))


@click.command(
    "sandbox",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    short_help="Start, show or end the embedded platform.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sandbox_command(arguments: tuple[str, ...]) -> None:
    """up | status | down: the embedded voice platform (see `drill sandbox --help`)."""
    sys.exit(subprocess.run([sys.executable, "-m", "drill.sandbox", *arguments], check=False).returncode)
