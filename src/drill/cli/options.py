"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from drill import wiring
from drill.embedded import PROFILES, SandboxOptions
from drill.model.errors import DefinitionError

_F = TypeVar("_F", bound=Callable[..., Any])
DRILLS = Path("drills")
JSON_OPTION = click.option("--json", "json_", is_flag=True, help="Machine-readable result on stdout.")
DRILLS_OPTION = click.option(
    "--drills",
    type=click.Path(path_type=Path),
    default=DRILLS,
    help="Folder of drill files; drills when not given.",
)
_OF_SANDBOX = ("instance", "profile", "defect", "proxy", "settings")
APPROVAL_OPTION = click.option(
    "--approval", type=click.Path(path_type=Path), help="Approval of this plan, from `drill approve`."
)
OPERATOR_OPTION = click.option(
    "--operator", default="", help="Who runs the drill; DRILL_OPERATOR, or the login's name, when not given."
)


def a_run(_ctx: click.Context, _param: click.Parameter, folder: Path | None) -> Path | None:
    """A run's folder, or that of an experiment that was run alone, whose only record is its journal."""
    if folder is None or (folder / "plan.json").is_file() or (folder / "journal").is_dir():
        return folder
    there = "holds neither plan.json nor a journal" if folder.is_dir() else "is not there"
    raise DefinitionError(f"{folder}: is no folder of a run: it {there}; name runs/DRILL/RUN")


def _some_runs(ctx: click.Context, param: click.Parameter, folder: Path) -> Path:
    """The folder of all runs. One that was named has to be there: in a wrong one nothing is ever amiss."""
    told = ctx.get_parameter_source(str(param.name)) is not ParameterSource.DEFAULT
    if told and not folder.is_dir():
        raise DefinitionError(f"{folder}: there is no such folder of runs; name one with --runs")
    return folder


RUN_FOLDER = click.argument("run_folder", type=click.Path(path_type=Path), callback=a_run)
MAYBE_RUN_FOLDER = click.argument(
    "run_folder", type=click.Path(path_type=Path), callback=a_run, required=False
)
RUNS_OPTION = click.option(
    "--runs", type=click.Path(path_type=Path), default=wiring.RUNS, callback=_some_runs,
    help="Folder of the runs; runs when not given.",
)  # fmt: skip


def target_options(function: _F) -> _F:
    """Which platform is meant."""
    options = (
        click.option("--target", "name", help="Name of a target in drill.toml."),
        click.option(
            "--target-file", type=click.Path(path_type=Path), help="Target file instead of ./drill.toml."
        ),
        click.option(
            "--sandbox", "embedded", is_flag=True, help="Start a sandbox of its own for this command."
        ),
        click.option(
            "--instance", type=click.IntRange(0, 99), help="Its loopback net, 127.(20+N); 0 when not given."
        ),
        click.option(
            "--profile",
            type=click.Choice(PROFILES),
            help="Its store: ha (when not given) fails over quickly, realistic with Patroni's stock timers, "
            "lite not at all.",
        ),
        click.option(
            "--defect",
            multiple=True,
            metavar="NAME",
            help="A resilience defect that it is started with; `drill sandbox up --help` lists them.",
        ),
        click.option(
            "--proxy",
            help="Its fault proxies: auto (when not given), embedded, or a toxiproxy-server's path.",
        ),
        click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A setting of it."),
    )
    for option in reversed(options):  # help shows the one that was added last first
        function = option(function)
    return function


def where_of(name: str | None, target_file: Path | None, embedded: bool, **options: Any) -> wiring.Where:
    """The platform that these options mean; UsageError for those that would be ignored."""
    if not embedded:
        if idle := [option for option in _OF_SANDBOX if options[option] not in (None, ())]:
            said = " and ".join(f"--{option}" for option in idle).replace("--settings", "--set")
            raise click.UsageError(f"{said}: of a sandbox of this command's own; add --sandbox")
        return wiring.Where(name, target_file)
    if name or target_file:
        raise click.UsageError("--sandbox and --target or --target-file: one platform is drilled at a time")
    own = SandboxOptions(defects=tuple(options["defect"]), settings=tuple(options["settings"]))
    said_too = {key: options[key] for key in ("instance", "profile", "proxy") if options[key] is not None}
    return wiring.Where(embedded=replace(own, **said_too))
