"""The commands, and how they end; what they do is in `drill.wiring` and the verbs' own modules.

A verb's module is read when the verb is called: all of them take seconds on a slow machine, with what they
bring of clouds, signatures and PDF, and a drill's first seconds are its operator's.
"""

from __future__ import annotations

import importlib
import os
import sys

import click

from drill.cli import bug
from drill.model.errors import DefinitionError, DrillError
from drill.model.verdicts import EXIT_CODES, EXIT_DEFINITION, EXIT_WORLD, Status
from drill.redact import Redactor, known

# Each verb's module, and what it does; the module's own words are held against these in a test.
VERBS = {
    "abort": ("undo", "Stop a drill that runs, from any shell."),
    "approve": ("approve", "Sign one plan for one operator and a time."),
    "check": ("check", "Say every mistake of drills, suites and target file."),
    "compare": ("reports", "Hold two sets of runs against each other."),
    "heal": ("undo", "Bring back what a dead run left."),
    "init": ("begin", "Write a folder to begin with: drill.toml and drills."),
    "judge": ("conduct", "Judge a stored run again from its journal alone."),
    "keygen": ("evidence", "Make a key to sign with."),
    "list": ("begin", "The drills of this folder."),
    "plan": ("begin", "Print the frozen plan of a drill, and its digest."),
    "report": ("reports", "Render a run's report again, or a quarter's."),
    "run": ("conduct", "Conduct drills, judge them and write their reports."),
    "sandbox": ("begin", "Start, show or end the embedded platform."),
    "schema": ("begin", "Print the JSON Schema of a file, for editors."),
    "seal": ("evidence", "Seal a run into one file that anybody can check."),
    "sign": ("evidence", "Sign a bundle as a second person."),
    "verify": ("evidence", "Check bundles: the first broken link is named."),
}


class Verbs(click.Group):
    """Each verb is `<verb>_command` in its module."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs, by name."""
        return sorted([*super().list_commands(ctx), *VERBS])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """None for what is no verb."""
        if cmd_name not in VERBS:
            return super().get_command(ctx, cmd_name)
        module = importlib.import_module(f"drill.cli.{VERBS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What there is, without a verb's module being read."""
        with formatter.section("Commands"):
            formatter.write_dl([(verb, VERBS[verb][1]) for verb in self.list_commands(ctx)])


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="drill")
def cli() -> None:
    """Drills that prove or refute what a disaster-recovery page promises.

    Exit codes: 0 all PASS, 1 some FAIL, 2 some UNKNOWN and no FAIL, 3 definition or usage
    error, 4 the target could not be reached or prepared, or a record not read or written.
    """


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
