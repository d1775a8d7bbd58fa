"""`drill run` and `drill judge`: drills conducted, or stored runs judged again, and what is said of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from drill import wiring
from drill.cli.options import (
    APPROVAL_OPTION,
    DRILLS_OPTION,
    JSON_OPTION,
    OPERATOR_OPTION,
    RUN_FOLDER,
    target_options,
    where_of,
)
from drill.cli.progress import Terminal
from drill.cli.say import as_json, failures
from drill.definition import load_drill
from drill.definition.drill_table import CONTROLS
from drill.model.errors import all_or_mistakes
from drill.model.verdicts import EXIT_CODES, worst
from drill.runs import Judged, judge_run, write_results


@click.command("run")
@click.argument("drills_or_suite", nargs=-1, required=True)
@target_options
@DRILLS_OPTION
@click.option(
    "--seed", type=int, default=None, help="Seed of the arrivals; drawn and recorded when not given."
)
@click.option("--sham", is_flag=True, help="Everything but the fault; must end UNKNOWN.")
@click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=wiring.RUNS,
    help="Folder for the runs; runs when not given.",
)
@click.option(
    "--tsa", metavar="URL", help="Have the plan time-stamped (RFC 3161) before anything is touched."
)
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
@click.option(
    "--controls",
    type=click.Choice(CONTROLS),
    default=None,
    help="Damages that a drill of a restore plants in copies; as the drill says when not given.",
)
@APPROVAL_OPTION
@OPERATOR_OPTION
@JSON_OPTION
def run_command(
    drills_or_suite: tuple[str, ...], drills: Path, seed: int | None, sham: bool, runs: Path,
    tsa: str | None, quiet: bool, controls: str | None, approval: Path | None, operator: str,
    json_: bool, **where: Any,
) -> None:  # fmt: skip
    """Conduct drills, judge them and write their reports."""
    files = wiring.expand(drills_or_suite, drills)
    all_or_mistakes([partial(load_drill, file) for file in files])
    how = wiring.How(
        argv=("drill", *sys.argv[1:]),
        seed=seed,
        sham=sham,
        runs=runs,
        tsa=tsa,
        operator=operator,
        approval=approval,
        controls=controls,
    )
    with Terminal(quiet=quiet) as terminal:
        _finish(_conducted(files, where_of(**where), how, terminal), json_=json_)


def _conducted(
    files: Sequence[Path], where: wiring.Where, how: wiring.How, terminal: Terminal
) -> list[Judged]:
    """One after the other. A sandbox of one's own takes backups only while drills need them: on two cores
    they take from what the calls of the others have."""
    judged: list[Judged] = []
    for backups, some in groupby(files, wiring.needs_backups):
        with wiring.opened(replace(where, backups=backups)) as target:
            for file in some:
                terminal.say(f"{file.stem} on {target.name}")
                judged.append(wiring.run_drill(file, target, how, terminal.show))
                terminal.say(failures(judged[-1]))
                if wiring.was_stopped(judged[-1]):
                    left = ", ".join(each.stem for each in files[len(judged) :])
                    terminal.say(f"stopped; not begun: {left or 'none'}")
                    return judged
    return judged


@click.command("judge", short_help="Judge a stored run again from its journal alone.")
@RUN_FOLDER
@JSON_OPTION
def judge_command(run_folder: Path, json_: bool) -> None:
    """Judge a stored run again from its journal alone; same journal, same bytes."""
    judged = judge_run(run_folder)
    write_results(judged)
    _finish([judged], json_=json_)


def _finish(judged: list[Judged], *, json_: bool) -> None:
    status = worst(each.status for each in judged)
    if json_:
        click.echo(as_json([_summary(each) for each in judged]))
    else:
        for each in judged:
            click.echo(f"{each.status.name:<8}{each.plan.drill:<22}{each.folder / 'report.html'}")
    sys.exit(EXIT_CODES[status])


def _summary(judged: Judged) -> dict[str, Any]:
    return {
        "drill": judged.plan.drill,
        "status": judged.status.name,
        "run": str(judged.folder),
        "report": str(judged.folder / "report.html"),
        "verdicts": {v.objective: {"status": v.status.name, "sentence": v.sentence} for v in judged.verdicts},
    }
