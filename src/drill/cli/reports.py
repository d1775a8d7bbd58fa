"""`drill report` and `drill compare`: what stored runs say, one by one and together."""

from __future__ import annotations

import dataclasses
import sys
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from drill.cli.options import JSON_OPTION, MAYBE_RUN_FOLDER, RUNS_OPTION
from drill.cli.say import as_json
from drill.model.errors import DefinitionError, all_or_mistakes
from drill.model.verdicts import EXIT_CODES, worst
from drill.objectives.say import count
from drill.quarter.calendar import Quarter, parse_quarter
from drill.quarter.compare import Compared
from drill.quarter.compare import compare as compare_runs
from drill.quarter.population import population, within
from drill.quarter.tables import junit, objectives_csv
from drill.quarter.trial import Trial, trial
from drill.quarter.write import FORMATS, Asked, read_quarter, write_quarter
from drill.runs import judge_run, write_file, write_results

_PATH = click.Path(path_type=Path)
_MANY = 20  # runs, of which a PDF takes minutes
_OF_QUARTER = ("out", "as_of", "findings", "drills", "runs")


@click.command("report", short_help="Render a run's report again, or a quarter's.")
@MAYBE_RUN_FOLDER
@click.option("--quarter", help="Report a quarter of runs instead of one, such as 2026Q4.")
@click.option(
    "--format", "formats", multiple=True, type=click.Choice(FORMATS),
    help="What to write; may be given several times. Of a quarter everything when not given.",
)  # fmt: skip
@click.option("--out", type=_PATH, help="Folder for a quarter's files; reports/QUARTER when not given.")
@click.option("--as-of", help="The day that a quarter's report speaks of; today, or the quarter's last.")
@click.option("--findings", type=_PATH, help="What people add; RUNS/findings.yaml when it is there.")
@click.option(
    "--drills", type=_PATH, default=Path("drills"), help="Folder of drill files; drills when not given."
)
@RUNS_OPTION
@JSON_OPTION
@click.pass_context
def report_command(
    context: click.Context, /, run_folder: Path | None, quarter: str | None, formats: tuple[str, ...],
    json_: bool, **where: Any,
) -> None:  # fmt: skip
    """Render a stored run's report again, or a quarter's; prints where it is."""
    if (run_folder is None) == (quarter is None):
        raise click.UsageError("name one run's folder, or a quarter with --quarter 2026Q4")
    if run_folder and (idle := [name for name in _OF_QUARTER if _given(context, name)]):
        said = " and ".join(f"--{name.replace('_', '-')}" for name in idle)
        raise click.UsageError(f"{said}: of a quarter's report; one run's is written beside its journal")
    written = _of_run(run_folder, formats) if run_folder else _of_quarter(str(quarter), formats, **where)
    if run_folder and not formats:
        click.echo(as_json({"report": str(written[0])}) if json_ else str(written[0]))
        return
    names = [str(path) for path in written]
    click.echo(as_json({"files": names}) if json_ else "\n".join(names))


def _given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _of_run(folder: Path, formats: tuple[str, ...]) -> list[Path]:
    if others := {"pdf", "oscal"} & set(formats):
        raise click.UsageError(f"{' and '.join(sorted(others))}: of a quarter; name one instead of a run")
    judged = judge_run(folder)
    html = write_results(judged)
    own = (trial(judged, folder.parent.parent),)
    texts = {"junit": ("junit.xml", junit), "csv": ("objectives.csv", objectives_csv)}
    for name in formats:
        if name in texts:
            file, make = texts[name]
            write_file(folder / file, make(own).encode())
    files = {"html": html.name, "md": "report.md", "junit": "junit.xml", "csv": "objectives.csv"}
    return [folder / files[name] for name in formats or ("html",)]


def _of_quarter(
    text: str, formats: tuple[str, ...], runs: Path, drills: Path, findings: Path | None, out: Path | None,
    as_of: str | None,
) -> list[Path]:  # fmt: skip
    quarter = parse_quarter(text)
    asked = Asked(quarter, _as_of(as_of, quarter), runs, drills, findings)
    view = read_quarter(asked)
    folder = out or Path("reports") / str(quarter)
    wanted = sorted(formats or FORMATS, key=FORMATS.index)
    if "pdf" in wanted and len(view.trials) > _MANY:
        said = f"drill: report.pdf comes last: of {len(view.trials)} runs it takes some ten seconds a run"
        click.echo(said, err=True)
    left_out = None if formats else lambda said: click.echo(f"drill: {said}", err=True)
    return write_quarter(view, folder, wanted, left_out)


def _as_of(text: str | None, quarter: Quarter) -> date:
    """The day given, or today while the quarter lasts; a day before the quarter has nothing to report."""
    try:
        day = date.fromisoformat(text) if text else min(datetime.now(UTC).date(), quarter.last)
    except ValueError:
        raise DefinitionError(f"--as-of {text!r} is not a day; write it as 2026-12-31") from None
    if day < quarter.first:
        raise DefinitionError(
            f"{quarter} begins on {quarter.first}, after {day}; name another quarter or day"
        )
    return min(day, quarter.last)


@click.command("compare", short_help="Hold two sets of runs against each other.")
@click.argument("before")
@click.argument("after")
@RUNS_OPTION
@JSON_OPTION
def compare_command(before: str, after: str, runs: Path, json_: bool) -> None:
    """Hold two sets of runs against each other: each a quarter (2026Q3), a run's folder, or a folder of runs.

    Exit codes: 0 nothing became worse and the tests could have seen it, 1 something is shown to be
    worse, 2 they could not have seen it.
    """
    found = compare_runs(*all_or_mistakes([partial(_set, each, runs) for each in (before, after)]))
    if not found:
        raise DefinitionError(f"no drill was really run both in {before} and in {after}; nothing to compare")
    click.echo(as_json([_as_values(each) for each in found]) if json_ else "\n\n".join(map(_told, found)))
    sys.exit(EXIT_CODES[worst(each.status for each in found)])


def _set(text: str, runs: Path) -> tuple[Trial, ...]:
    folder = Path(text)
    if (folder / "plan.json").is_file():
        return (trial(judge_run(folder), folder.parent.parent),)
    if folder.is_dir():
        return population(folder)
    try:
        quarter = parse_quarter(text)
    except DefinitionError as error:
        said = (
            f"{text!r} is neither a run, nor a folder of runs, nor a quarter; write 2026Q4 or name a folder"
        )
        raise DefinitionError(said) from error
    return within([t for t in population(runs) if t.day], quarter)


def _told(of: Compared) -> str:
    lines = [f"{of.drill}: {count(of.before, 'run')} before, {of.after} after"]
    lines += [of.warning] if of.warning else []
    for change in of.changes:
        lines += [f"  {change.status.name:<8}{change.metric}: {change.before} -> {change.after}"]
        lines += [f"          {change.sentence}"]
    lines += [f"  {t.status.name:<8}{t.objective}: passed {t.counts}; {t.sentence}" for t in of.turned]
    return "\n".join(lines)


def _as_values(of: Compared) -> dict[str, Any]:
    return {
        "drill": of.drill, "before": of.before, "after": of.after, "status": of.status.name,
        "warning": of.warning,
        "changes": [{**dataclasses.asdict(c), "status": c.status.name} for c in of.changes],
        "objectives": [{**dataclasses.asdict(t), "status": t.status.name} for t in of.turned],
    }  # fmt: skip
