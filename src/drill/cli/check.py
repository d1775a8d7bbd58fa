"""`drill check`: every mistake of drill files; with --live what a run would touch, and every guard's word."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from drill import wiring
from drill.cli.options import (
    APPROVAL_OPTION,
    DRILLS_OPTION,
    JSON_OPTION,
    OPERATOR_OPTION,
    target_options,
    where_of,
)
from drill.cli.rehearsal import as_data, rehearsals
from drill.cli.say import as_json
from drill.conduct.rehearse import Rehearsal
from drill.definition import load_drill
from drill.model.errors import DefinitionError
from drill.model.target import Target
from drill.model.verdicts import EXIT_WORLD


@click.command("check")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--live", is_flag=True, help="Ask the target too; nothing on it is changed.")
@click.option("--seed", type=int, default=None, help="With --live: seed of the arrivals.")
@APPROVAL_OPTION
@OPERATOR_OPTION
@target_options
@DRILLS_OPTION
@JSON_OPTION
def check_command(
    paths: tuple[Path, ...], live: bool, seed: int | None, approval: Path | None, operator: str, drills: Path,
    json_: bool, **where: Any,
) -> None:  # fmt: skip
    """Read drill files and say every mistake at once; touches nothing.

    With --live: find everything on the target that the drills would touch, and say from when to when, and how
    it is undone; and ask every guard but the rehearsal, which would give orders. Only reads.
    """
    files = _files(paths, drills)
    _mistakes(files, json_=json_ and not live)
    if not live:
        if not json_:
            click.echo(f"{len(files)} drill files, no mistake")
        return
    how = wiring.How(seed=seed, operator=operator, approval=approval)
    with wiring.opened(where_of(**where)) as target:
        found = _rehearse(files, target, how)
    click.echo(as_json([as_data(each) for each in found]) if json_ else rehearsals(found))
    sys.exit(0 if all(each.ok for each in found) else EXIT_WORLD)


def _files(paths: tuple[Path, ...], drills: Path) -> list[Path]:
    """All of the folder, or those that are named: as files, or by the names of drills and suites."""
    if not paths:
        return wiring.all_drills(drills)
    named = [path for path in paths if not path.suffix]
    return [*(path for path in paths if path.suffix), *wiring.expand(map(str, named), drills)]


def _rehearse(files: list[Path], target: Target, how: wiring.How) -> list[Rehearsal]:
    """Each drill's rehearsal; DefinitionError with everything that this target lacks for any of them."""
    found: list[Rehearsal] = []
    mistakes: list[str] = []
    for file in files:
        try:
            found.append(wiring.rehearse_drill(file, target, how))
        except DefinitionError as error:
            mistakes += error.mistakes
    if mistakes:
        raise DefinitionError(mistakes)
    return found


def _mistakes(files: list[Path], *, json_: bool) -> None:
    mistakes: list[str] = []
    for path in files:
        try:
            load_drill(path)
        except DefinitionError as error:
            mistakes += error.mistakes
    if json_:
        click.echo(as_json({"files": len(files), "mistakes": mistakes}))
    if mistakes:
        raise DefinitionError(mistakes)
