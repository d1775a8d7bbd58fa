"""`drill check`: every mistake of drill files, suites and target file; with --live what a run would touch.

With --live it also has every guard's word."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
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
from drill.definition import Drill, load_drill
from drill.model.errors import DefinitionError, all_or_mistakes
from drill.model.target import Target
from drill.model.verdicts import EXIT_WORLD
from drill.objectives.say import count
from drill.plan import plan


@click.command("check", short_help="Say every mistake of drills, suites and target file.")
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
    """Say every mistake of drill files, suites and target file at once, and which drills a target can take.

    PATHS are files, folders, or names of drills and suites; all drills when not given. Touches nothing.

    With --live: find everything on the target that the drills would touch, and say from when to when, and how
    it is undone; and ask every guard but the rehearsal, which would give orders. Only reads.
    """
    meant = where_of(**where)
    if live:
        files = _files(paths, drills)
        all_or_mistakes([partial(load_drill, file) for file in files])
        _live(files, meant, wiring.How(seed=seed, operator=operator, approval=approval), json_=json_)
    asked = {
        "--seed": seed is not None,
        "--approval": approval,
        "--operator": operator,
        "--sandbox": where["embedded"],
    }
    if idle := [name for name, given in asked.items() if given]:
        raise click.UsageError(f"{' and '.join(idle)}: of a look at the target; add --live")
    try:
        _still(paths, drills, meant, json_=json_)
    except DefinitionError as error:
        if json_:
            click.echo(as_json({"files": None, "fits": {}, "mistakes": error.mistakes}))
        raise


def _still(paths: tuple[Path, ...], drills: Path, where: wiring.Where, *, json_: bool) -> None:
    """What the files alone tell."""
    steps: list[Callable[[], Any]] = [
        lambda: _drills(_files(paths, drills)),
        lambda: wiring.targets_meant(where),
        lambda: wiring.read_suites(drills),
    ]
    found, targets, _ = all_or_mistakes(steps)
    fits = {target.name: [each.drill for each in found if _fits(each, target)] for target in targets}
    if json_:
        click.echo(as_json({"files": len(found), "fits": fits, "mistakes": []}))
        return
    read = [count(len(found), "drill file"), *sorted({str(target.file) for target in targets})]
    click.echo(f"{' and '.join(read)}: no mistake")
    for name, able in fits.items():
        click.echo(f"{name} can take {len(able)} of them: {', '.join(able) or '-'}")
    if any(len(able) < len(found) for able in fits.values()):
        click.echo("`drill plan DRILL` says what a target lacks for another")


def _drills(files: list[Path]) -> list[Drill]:
    """Every drill; two of one name are a mistake, for their runs would lie in one folder."""
    found = all_or_mistakes([partial(load_drill, file) for file in files])
    first: dict[str, Path] = {}
    mistakes = [
        f"{each.file}:{_line(each)}: {first[each.drill]} is called {each.drill!r} too; give one another name"
        for each in found
        if first.setdefault(each.drill, each.file) != each.file
    ]
    if mistakes:
        raise DefinitionError(mistakes)
    return found


def _line(drill: Drill) -> int:
    """Where a file says its drill's name."""
    lines = drill.file.read_text(encoding="utf-8").splitlines()
    return next((n for n, line in enumerate(lines, start=1) if line.startswith("drill:")), 1)


def _fits(drill: Drill, target: Target) -> bool:
    try:
        plan(drill, target, seed=0, sham=False)
    except DefinitionError:
        return False
    return True


def _live(files: list[Path], where: wiring.Where, how: wiring.How, *, json_: bool) -> None:
    with wiring.opened(where) as target:
        found = all_or_mistakes([partial(wiring.rehearse_drill, file, target, how) for file in files])
    click.echo(as_json([as_data(each) for each in found]) if json_ else rehearsals(found))
    sys.exit(0 if all(each.ok for each in found) else EXIT_WORLD)


def _files(paths: tuple[Path, ...], drills: Path) -> list[Path]:
    """All of the folder, or those that are named: as files, folders, drills or suites."""
    if not paths:
        return wiring.all_drills(drills)
    named = all_or_mistakes([partial(_named, path, drills) for path in paths])
    return list(dict.fromkeys(file for files in named for file in files))


def _named(path: Path, drills: Path) -> list[Path]:
    if path.suffix:
        return [path]
    if path.is_dir() and not (drills / f"{path}.yaml").is_file():
        return wiring.all_drills(path)
    return wiring.expand([str(path)], drills)
