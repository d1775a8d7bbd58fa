"""`drill heal` and `drill abort`: what a run left behind is undone, and a run that lives is stopped."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from drill import wiring
from drill.cli.options import JSON_OPTION, MAYBE_RUN_FOLDER, RUNS_OPTION
from drill.cli.say import as_json, healed_json, healing
from drill.model.errors import WorldError
from drill.model.units import seconds
from drill.model.verdicts import EXIT_WORLD
from drill.reaper.abort import abort, living
from drill.reaper.heal import heal_run
from drill.restore.workspace import swept


@click.command("heal", short_help="Bring back what a dead run left.")
@MAYBE_RUN_FOLDER
@RUNS_OPTION
@JSON_OPTION
def heal_command(run_folder: Path | None, runs: Path, json_: bool) -> None:
    """Bring back the prior state of every fault that a run left behind, from its journal alone.

    Without RUN_FOLDER, of every run that left something behind. Exit code 4 when something could not be
    restored.
    """
    found = [run_folder] if run_folder else wiring.left_behind(runs)
    healed = {folder: heal_run(folder) for folder in found}  # before copies go: it refuses a run that lives
    gone = [_copy_gone(folder) for folder in found]
    click.echo(as_json({str(f): healed_json(h) for f, h in healed.items()}) if json_ else healing(healed))
    if not all(gone) or not all(each.whole for each in healed.values()):
        sys.exit(EXIT_WORLD)


def _copy_gone(run_folder: Path) -> bool:
    try:
        if swept(run_folder):
            click.echo(f"{run_folder}: a restored copy was removed", err=True)
    except WorldError as error:
        click.echo(f"{run_folder}: {error}", err=True)
        return False
    return True


@click.command("abort", short_help="Stop a drill that runs, from any shell.")
@MAYBE_RUN_FOLDER
@RUNS_OPTION
@JSON_OPTION
def abort_command(run_folder: Path | None, runs: Path, json_: bool) -> None:
    """Stop a drill that runs, from any shell, and wait until everything it did is undone.

    Without RUN_FOLDER, every drill that runs. The drill itself ends in order: it is judged, never PASS.
    """
    found = [run_folder] if run_folder else living(runs)
    if not found:
        raise WorldError(f"no drill runs below {runs}/")
    stopped = [abort(folder) for folder in found]
    rows = [{"run": str(each.run), "took_s": round(each.took_s, 3)} for each in stopped]
    click.echo(as_json(rows) if json_ else "\n".join(
        f"{each.run}: stopped, and nothing is outstanding, after {seconds(each.took_s)}" for each in stopped
    ))  # fmt: skip
