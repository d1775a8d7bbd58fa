"""The command line: up, status, down. Exit codes: 0 done, 3 it cannot be asked, 4 it did not work out."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from drill.sandbox import commands, defects
from drill.sandbox.commands import UsageError, WorldError
from drill.sandbox.order import PROFILES, Order

ABOUT = """The embedded voice platform, which drills are tried on. Exit codes: 0 done, 3 it cannot be asked,
4 it did not work out, or is not up."""


class _Parser(argparse.ArgumentParser):
    """argparse's own code for a mistake is 2, which here would read as "unknown verdict"."""

    def error(self, message: str) -> NoReturn:
        """One line, exit 3."""
        self.exit(3, f"{self.prog}: {message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    args = parser().parse_args(argv)
    root = (args.state or Path(f".drill/sandbox-{args.instance}")).absolute()
    try:
        if args.command == "up":
            return _up(args, root)
        if args.command == "down":
            print(commands.down(root), file=sys.stderr)
            return 0
        return _status(root, as_json=args.json)
    except UsageError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 3
    except WorldError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 4


def _up(args: argparse.Namespace, root: Path) -> int:
    asked = (args.proxy, args.isolation, args.profile)
    order = Order(args.instance, root, tuple(args.defect), dict(args.set), *asked, backups=args.backups)
    if args.foreground:
        commands.foreground(order, with_parent=args.die_with_parent)
    else:
        print(commands.up(order))
    return 0


def _status(root: Path, *, as_json: bool) -> int:
    status = commands.status(root)
    print(json.dumps(status, indent=1) if as_json else _table(status))
    good = status["phase"] == "ready" and all(it["state"] == "up" for it in status["processes"])
    return 0 if good else 4


def _table(status: dict[str, Any]) -> str:
    if status["phase"] == "down":
        return "down"
    head = f"{status['phase']} (supervisor pid {status['pid']}), profile {status['profile']}, "
    head += f"fault proxy {status['fault_proxy']}, isolation: {status['isolation']}"
    head += f" ({status['isolation_why']})" if status["isolation_why"] else ""
    lines = [head, f"callers: {status['edge']}; for drills: {status['target']}"]
    if status["defects"]:
        lines.append(f"defects: {', '.join(status['defects'])}")
    return "\n".join([*lines, *map(_row, status["processes"])])


def _row(it: dict[str, Any]) -> str:
    where = f"{it['name']:<12}{it['zone']:<9}{it['address']:<20}"
    return f"{where}pid {it['pid']:<9}restarts {it['restarts']:<4}{it['state']}"


def parser() -> _Parser:
    """What `drill sandbox` takes."""
    whole = _Parser(prog="drill sandbox", description=ABOUT)
    commands_ = whole.add_subparsers(dest="command", required=True)
    up = _command(commands_, "up", "start the platform; returns when it is ready")
    up.add_argument(
        "--defect", action="append", default=[], metavar="NAME", help="start it bad in this way; see below"
    )
    up.epilog, up.formatter_class = (
        _listed("defects", list(defects.Defect)),
        argparse.RawDescriptionHelpFormatter,
    )
    up.add_argument(
        "--proxy",
        default="auto",
        help="fault proxies: auto (when not given), embedded, or a toxiproxy-server's path",
    )
    up.add_argument(
        "--set",
        action="append",
        default=[],
        type=_pair,
        metavar="KEY=VALUE",
        help="a setting of its agents, or backups.NAME; a name that is none lists all",
    )
    up.add_argument(
        "--isolation", choices=("auto", "processes"), default="auto", help="how zones are kept together"
    )
    up.add_argument(
        "--profile",
        choices=PROFILES,
        default="ha",
        help="its store: ha (when not given) fails over quickly, realistic with Patroni's stock timers, "
        "lite not at all",
    )
    up.add_argument(
        "--backups",
        action="store_true",
        help="base backups and archived logs, in two regions",
    )
    up.add_argument("--foreground", action="store_true", help="stay until a signal")
    up.add_argument(
        "--die-with-parent", action="store_true", help="with --foreground: end with parent or stdin"
    )
    status = _command(commands_, "status", "say what runs; exit 0 only when all of it does")
    status.add_argument("--json", action="store_true")
    _command(commands_, "down", "end it; fine when it is down already")
    return whole


def _listed(what: str, names: Sequence[str]) -> str:
    """Names that can be copied: none is broken at its hyphens."""
    return textwrap.fill(f"{what}: {', '.join(names)}", 79, break_on_hyphens=False, subsequent_indent="  ")


def _command(commands_: Any, name: str, text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands_.add_parser(name, help=text, description=text)
    command.add_argument(
        "--instance", type=int, default=0, metavar="N", help="its loopback net, 127.(20+N); 0 when not given"
    )
    command.add_argument(
        "--state", type=Path, metavar="DIR", help="its folder; .drill/sandbox-N when not given"
    )
    return command


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value
