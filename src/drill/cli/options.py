"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from drill import wiring
from drill.embedded import PROFILES, SandboxOptions

_F = TypeVar("_F", bound=Callable[..., Any])
DRILLS = Path("drills")
JSON_OPTION = click.option("--json", "json_", is_flag=True, help="Machine-readable result on stdout.")
DRILLS_OPTION = click.option(
    "--drills", type=click.Path(path_type=Path), default=DRILLS, help="Folder of drill files."
)
APPROVAL_OPTION = click.option(
    "--approval", type=click.Path(path_type=Path), help="Approval of this plan, from `drill approve`."
)
OPERATOR_OPTION = click.option(
    "--operator", default="", help="Who runs the drill; DRILL_OPERATOR, or the login's name, when not given."
)


def target_options(function: _F) -> _F:
    """Which platform is meant."""
    for option in (
        click.option("--target", "name", help="Name of a target in drill.toml."),
        click.option(
            "--target-file", type=click.Path(path_type=Path), help="Target file instead of ./drill.toml."
        ),
        click.option(
            "--sandbox", "embedded", is_flag=True, help="Start a sandbox of its own for this command."
        ),
        click.option(
            "--instance", type=click.IntRange(0, 99), default=0, help="Sandbox instance (its loopback net)."
        ),
        click.option(
            "--profile",
            type=click.Choice(PROFILES),
            default=PROFILES[0],
            help="Its store: ha fails over quickly, realistic with Patroni's stock timers, lite not at all.",
        ),
        click.option("--defect", multiple=True, help="Start that sandbox with this resilience defect."),
        click.option("--proxy", default="auto", help="Its fault proxies: auto, embedded, or a path."),
        click.option(
            "--set", "settings", multiple=True, metavar="KEY=VALUE", help="A setting of that sandbox."
        ),
    ):
        function = option(function)
    return function


def where_of(name: str | None, target_file: Path | None, embedded: bool, **options: Any) -> wiring.Where:
    """The platform that these options mean."""
    if (options["defect"] or options["settings"]) and not embedded:
        raise click.UsageError("--defect and --set belong to a sandbox of this command's own: add --sandbox")
    own = SandboxOptions(
        instance=options["instance"], profile=options["profile"], defects=tuple(options["defect"]),
        proxy=options["proxy"], settings=tuple(options["settings"]),
    )  # fmt: skip
    return wiring.Where(name, target_file, own if embedded else None)
