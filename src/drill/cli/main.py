"""Commands and their options; what they do is in `drill.wiring` and the verbs' own modules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from drill import wiring
from drill.cli import evidence
from drill.cli.approve import approve_command
from drill.cli.check import check_command
from drill.cli.options import APPROVAL_OPTION, OPERATOR_OPTION
from drill.cli.options import DRILLS_OPTION as _DRILLS
from drill.cli.options import JSON_OPTION as _JSON
from drill.cli.options import MAYBE_RUN_FOLDER as _MAYBE_RUN_FOLDER
from drill.cli.options import RUN_FOLDER as _RUN_FOLDER
from drill.cli.options import RUNS_OPTION as _RUNS
from drill.cli.options import target_options as _target_options
from drill.cli.options import where_of as _where
from drill.cli.progress import Terminal
from drill.cli.reports import compare, report
from drill.cli.say import as_json, failures, healed_json, healing, table
from drill.definition import load_drill
from drill.definition.drill_table import CONTROLS
from drill.model.errors import DefinitionError, DrillError, WorldError, all_or_mistakes
from drill.model.plan import to_json
from drill.model.units import seconds
from drill.model.verdicts import EXIT_CODES, EXIT_DEFINITION, EXIT_WORLD, Status, worst
from drill.plan import plan as make_plan
from drill.reaper.abort import abort as abort_run
from drill.reaper.abort import living
from drill.reaper.heal import heal_run
from drill.redact import Redactor, known
from drill.runs import Judged, judge_run, write_results
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
    approve_command, check_command, evidence.keygen, evidence.seal, evidence.sign, evidence.verify,
):  # fmt: skip
    cli.add_command(_command)


@cli.command("list")
@_DRILLS
@_JSON
def list_(drills: Path, json_: bool) -> None:
    """The drills of this folder."""
    found = [(path, load_drill(path)) for path in wiring.all_drills(drills)]
    rows = [{"drill": d.drill, "title": d.title, "schedule": d.schedule, "file": str(p)} for p, d in found]
    click.echo(as_json(rows) if json_ else table(rows))


@cli.command(short_help="Print the frozen plan of a drill, and its digest.")
@click.argument("drill")
@_target_options
@_DRILLS
@click.option("--seed", type=int, default=0, help="Seed of the arrivals; 0 when not given.")
def plan(drill: str, drills: Path, seed: int, **where: Any) -> None:
    """Print the frozen plan of a drill as JSON, and its digest on stderr."""
    asked = load_drill(wiring.one(drill, drills))
    with wiring.opened(_where(**where)) as target:
        planned = make_plan(asked, target, seed=seed, sham=False)
    click.echo(json.dumps(json.loads(to_json(planned)), indent=1, ensure_ascii=False))
    click.echo(f"digest {planned.digest}", err=True)


@cli.command()
@click.argument("drills_or_suite", nargs=-1, required=True)
@_target_options
@_DRILLS
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
@_JSON
def run(
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
        _finish(_conducted(files, _where(**where), how, terminal), json_=json_)


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


@cli.command(short_help="Judge a stored run again from its journal alone.")
@_RUN_FOLDER
@_JSON
def judge(run_folder: Path, json_: bool) -> None:
    """Judge a stored run again from its journal alone; same journal, same bytes."""
    judged = judge_run(run_folder)
    write_results(judged)
    _finish([judged], json_=json_)


@cli.command(short_help="Bring back what a dead run left.")
@_MAYBE_RUN_FOLDER
@_RUNS
@_JSON
def heal(run_folder: Path | None, runs: Path, json_: bool) -> None:
    """Bring back the prior state of every fault that a run left behind, from its journal alone.

    Without RUN_FOLDER, of every run that left something behind. Exit code 4 when something could not be
    restored.
    """
    found = [run_folder] if run_folder else wiring.left_behind(runs)
    healed = {folder: heal_run(folder) for folder in found}  # before copies go: it refuses a run that lives
    swept = [_swept(folder) for folder in found]
    click.echo(as_json({str(f): healed_json(h) for f, h in healed.items()}) if json_ else healing(healed))
    if not all(swept) or not all(each.whole for each in healed.values()):
        sys.exit(EXIT_WORLD)


def _swept(run_folder: Path) -> bool:
    try:
        if wiring.sweep_copy(run_folder):
            click.echo(f"{run_folder}: a restored copy was removed", err=True)
    except WorldError as error:
        click.echo(f"{run_folder}: {error}", err=True)
        return False
    return True


@cli.command(short_help="Stop a drill that runs, from any shell.")
@_MAYBE_RUN_FOLDER
@_RUNS
@_JSON
def abort(run_folder: Path | None, runs: Path, json_: bool) -> None:
    """Stop a drill that runs, from any shell, and wait until everything it did is undone.

    Without RUN_FOLDER, every drill that runs. The drill itself ends in order: it is judged, never PASS.
    """
    found = [run_folder] if run_folder else living(runs)
    if not found:
        raise WorldError(f"no drill runs below {runs}/")
    stopped = [abort_run(folder) for folder in found]
    rows = [{"run": str(each.run), "took_s": round(each.took_s, 3)} for each in stopped]
    click.echo(as_json(rows) if json_ else "\n".join(
        f"{each.run}: stopped, and nothing is outstanding, after {seconds(each.took_s)}" for each in stopped
    ))  # fmt: skip


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


cli.add_command(report)
cli.add_command(compare)


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
        click.echo(_bug(error), err=True)
        sys.exit(EXIT_WORLD)


def _bug(error: Exception) -> str:
    """One line about a mistake of ours; the traceback goes to a file, without what is secret."""
    clean = Redactor(known(os.environ)).clean
    said = f"drill: this is a bug of drill, not a verdict: {type(error).__name__}: {clean(str(error))[:200]}"
    try:
        held, log = tempfile.mkstemp(prefix="drill-bug-", suffix=".log")
        with os.fdopen(held, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(clean("".join(traceback.format_exception(error))))
    except OSError as trouble:
        return f"{said}; its log could not be written: {trouble.strerror}"
    return f"{said}; its log is {log}"
