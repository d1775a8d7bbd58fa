"""Commands about evidence: keygen, seal, sign, verify."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from drill.cli.options import a_run
from drill.cli.say import as_json
from drill.evidence import timestamps
from drill.evidence.keys import TrustedKey, keygen, read_public, signer
from drill.evidence.sealing import SUFFIX, Signing, bundle_path, countersign, seal
from drill.evidence.sequence import Wanted, sequence
from drill.evidence.verify import Link, Trust, Verification, verify
from drill.model.errors import DefinitionError, all_or_mistakes
from drill.model.verdicts import EXIT_CODES, Status, worst

_WORDS = {Status.PASS: "ok", Status.UNKNOWN: "--", Status.FAIL: "BROKEN"}
_SAID = {Status.PASS: "VERIFIED", Status.UNKNOWN: "UNKNOWN", Status.FAIL: "BROKEN"}
_PATH = click.Path(path_type=Path)
_KEY = click.option(
    "--key", required=True, metavar="KEY", help="A .key file, or the URI of a key held elsewhere."
)
_PUBLIC = click.option("--public", type=_PATH, help="Public half of a key that is held elsewhere.")
_TSA = click.option(
    "--tsa", metavar="URL", help="Time-stamping authority (RFC 3161) to put a time stamp on it."
)


@click.command("keygen", short_help="Make a key to sign with.")
@click.argument("stem", type=_PATH)
def keygen_command(stem: Path) -> None:
    """Make a key: STEM.key signs and stays with its owner, STEM.pub is handed to whoever verifies."""
    private, public = keygen(stem)
    click.echo(f"{private}  signs; keep it to yourself")
    click.echo(f"{public}  verifies; hand it over by another way than the bundles")
    key = read_public(public)
    click.echo(f"key id {key.keyid}")
    click.echo(f"key    {''.join(key.pem.splitlines()[1:-1])}  for guards.approvers of a target file")


@click.command("seal", short_help="Seal a run into one file that anybody can check.")
@click.argument("run", type=_PATH, callback=a_run)
@_KEY
@_PUBLIC
@_TSA
@click.option("-o", "--out", type=_PATH, help="The bundle's file; beside the run's folder when not given.")
def seal_command(run: Path, key: str, public: Path | None, tsa: str | None, out: Path | None) -> None:
    """Seal a run into one file that anybody can check: plan, journal, artefacts, verdicts, signed."""
    run = run.resolve()
    bundle = out or bundle_path(run)
    if bundle.exists():
        raise DefinitionError(
            f"{bundle} is there already; a bundle is never overwritten (-o names another file)"
        )
    seal(run, _signing(key, public, tsa), bundle)
    click.echo(bundle)


@click.command("sign", short_help="Sign a bundle as a second person.")
@click.argument("bundle", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_KEY
@_PUBLIC
@_TSA
@click.option("--role", type=click.Choice(["reviewer"]), default="reviewer", help="In which role.")
def sign_command(bundle: Path, key: str, public: Path | None, tsa: str | None, role: str) -> None:
    """Add a second person's signature to a bundle, over the operator's; with another key than theirs."""
    countersign(bundle, _signing(key, public, tsa), role)
    click.echo(bundle)


@click.command("verify", short_help="Check bundles: the first broken link is named.")
@click.argument("paths", nargs=-1, required=True, type=_PATH)
@click.option(
    "--key",
    "keys",
    multiple=True,
    required=True,
    metavar="[ROLE=]PUB",
    help="Public key that must have signed, from outside the bundle; ROLE is operator or reviewer.",
)
@click.option("--threshold", type=click.IntRange(1), help="How many of the keys must have signed; else all.")
@click.option("--tsa-root", type=_PATH, help="Root certificates (PEM) of the time-stamping authority.")
@click.option("--runs", metavar="FIRST-LAST", default="", help="Numbers that must be among several bundles.")
@click.option("--json", "json_", is_flag=True, help="Machine-readable result on stdout.")
def verify_command(
    paths: tuple[Path, ...], keys: tuple[str, ...], threshold: int | None, tsa_root: Path | None, runs: str,
    json_: bool,
) -> None:  # fmt: skip
    """Check bundles, or every bundle below a folder: the first broken link is named. Needs no network.

    Exit code 0: all verified; 1: a link is broken; 2: judged by other code than sealed them, and otherwise.
    """
    if threshold is not None and threshold > len(keys):
        raise click.UsageError(f"--threshold {threshold} can never be met by {len(keys)} --key")
    steps: list[Callable[[], Any]] = [partial(_trusted, each) for each in keys]
    *trusted, roots, bundles = all_or_mistakes(
        [*steps, lambda: timestamps.read_roots(tsa_root) if tsa_root else (), lambda: _bundles(paths)]
    )
    trust = Trust(tuple(trusted), threshold or 0, roots)
    found = [verify(path, trust) for path in bundles]
    several = len(bundles) > 1 or bool(runs) or any(path.is_dir() for path in paths)
    gaps = sequence(found, _wanted(runs)) if several else ()
    click.echo(as_json(_document(found, gaps)) if json_ else "\n".join(_lines(found, gaps)))
    sys.exit(EXIT_CODES[worst([each.status for each in found] + [link.status for link in gaps])])


def _signing(key: str, public: Path | None, tsa: str | None) -> Signing:
    who, mine = signer(key, public)
    return Signing(who, mine, stamp=partial(timestamps.ask, tsa) if tsa else None)


def _trusted(text: str) -> TrustedKey:
    role, equals, path = text.partition("=")
    if equals and role in ("operator", "reviewer"):
        return TrustedKey(read_public(Path(path)), role)
    return TrustedKey(read_public(Path(text)))


def _bundles(paths: Sequence[Path]) -> list[Path]:
    if missing := [f"{path}: there is no such bundle or folder" for path in paths if not path.exists()]:
        raise DefinitionError(missing)
    found: list[Path] = []
    for path in paths:
        below = sorted(path.rglob(f"*{SUFFIX}")) if path.is_dir() else [path]
        if not below:
            raise DefinitionError(f"{path}: no bundle (*{SUFFIX}) is below it; `drill seal` makes them")
        found += below
    return found


def _wanted(runs: str) -> Wanted:
    if not runs:
        return Wanted()
    numbers = re.fullmatch(r"([1-9]\d{0,8})-([1-9]\d{0,8})", runs)
    if not numbers or int(numbers[1]) > int(numbers[2]):
        raise click.UsageError(f"--runs {runs!r} is not FIRST-LAST, such as 8-20")
    return Wanted(int(numbers[1]), int(numbers[2]))


def _lines(found: Sequence[Verification], gaps: Sequence[Link]) -> list[str]:
    lines: list[str] = []
    for each in found:
        lines += [f"{link.name:<11}{_WORDS[link.status]:<8}{link.sentence}" for link in each.links]
        why = f" at {each.broken.name}" if each.broken else ""
        lines.append(f"{_SAID[each.status]}{why}: {each.path}\n")
    lines += [f"{link.name:<11}{_WORDS[link.status]:<8}{link.sentence}" for link in gaps]
    return [*lines[:-1], lines[-1].rstrip("\n")]


def _document(found: Sequence[Verification], gaps: Sequence[Link]) -> dict[str, Any]:
    return {
        "bundles": [
            {
                "bundle": str(each.path), "broken": each.broken.name if each.broken else "",
                "links": [_link(link) for link in each.links], "result": _SAID[each.status],
                "overall": each.overall,
            }
            for each in found
        ],
        "sequence": [_link(link) for link in gaps],
    }  # fmt: skip


def _link(link: Link) -> dict[str, str]:
    return {"link": link.name, "status": _WORDS[link.status], "sentence": link.sentence}
