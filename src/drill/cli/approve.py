"""`drill approve`: an approver plans the drill by themselves, sees what it would reach, and signs."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from drill import wiring
from drill.approval import Approval, approve, approver_of, signed
from drill.cli.options import DRILLS_OPTION, JSON_OPTION, target_options, where_of
from drill.cli.say import as_json
from drill.conduct.guards.blast import blast
from drill.definition import load_drill
from drill.evidence.keys import signer
from drill.model.errors import DefinitionError
from drill.model.plan import Plan
from drill.model.target import Target
from drill.model.units import parse_duration_s
from drill.plan import plan as make_plan

LASTS = "4h"


@click.command("approve", short_help="Sign one plan for one operator and a time.")
@click.argument("drill")
@target_options
@DRILLS_OPTION
@click.option(
    "--seed", type=int, required=True, help="Seed of the arrivals; the run takes it from the approval."
)
@click.option("--sham", is_flag=True, help="Approve the drill without its fault.")
@click.option("--operator", required=True, help="Who will run it; somebody else than the approver.")
@click.option(
    "--key", "key_file", type=click.Path(path_type=Path), help="Private key; without one nothing is signed."
)
@click.option("--from", "begin", default="", help="UTC, as 2026-11-25T14:00:00Z; now when not given.")
@click.option("--for", "lasts", default=LASTS, help=f"How long it holds, at most 7d; {LASTS} when not given.")
@click.option("--reason", default="", help="A ticket, say; it is signed too.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("approval.json"), help="File to write.")
@JSON_OPTION
def approve_command(
    drill: str, drills: Path, seed: int, sham: bool, operator: str, key_file: Path | None, begin: str,
    lasts: str, reason: str, out: Path, json_: bool, **where: Any,
) -> None:  # fmt: skip
    """Show what is to be approved, and with --key sign it for one operator and a time.

    Plans the drill from the files that are here, so that the approver need not believe a digest.
    """
    starts, length = _times(begin, lasts)
    asked, key = load_drill(wiring.one(drill, drills)), signer(str(key_file)) if key_file else None
    with wiring.opened(where_of(**where)) as target:
        planned = make_plan(asked, target, seed=seed, sham=sham)
        name = approver_of(key[1], target.guards.approvers).name if key else ""
        document = approve(planned, operator, name, starts, starts + length, reason)
        if key is None:
            return _show(planned, target, json_=json_)
    _write(out, signed(document, key[0]))
    _show(planned, target, json_=json_, signed_as=(document, out))
    return None


def _times(begin: str, lasts: str) -> tuple[datetime, timedelta]:
    try:
        starts = datetime.fromisoformat(begin) if begin else datetime.now(UTC)
    except ValueError as error:
        raise DefinitionError(
            f"--from: {begin!r} is no time; write it in UTC, as 2026-11-25T14:00:00Z"
        ) from error
    try:
        length = timedelta(seconds=parse_duration_s(lasts))
    except (ValueError, OverflowError) as error:
        raise DefinitionError(f"--for: {error}") from error
    if starts.tzinfo is None:
        raise DefinitionError(
            f"--from: {begin!r} names no time zone; write it in UTC, as 2026-11-25T14:00:00Z"
        )
    return starts.replace(microsecond=0), length


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise DefinitionError(
            f"{path}: cannot be written: {error.strerror}; name another with --out"
        ) from error


def _show(plan: Plan, target: Target, *, json_: bool, signed_as: tuple[Approval, Path] | None = None) -> None:
    reach = blast(plan, target)
    document = dataclasses.asdict(signed_as[0]) if signed_as else None
    if json_:
        told = {
            "plan": json.loads(_plan_text(plan)),
            "plan_digest": plan.digest,
            "reach": str(reach),
            "approval": document,
        }
        click.echo(as_json(told | {"file": str(signed_as[1]) if signed_as else None}))
        return
    lines = [
        f"{plan.drill} on {plan.target} ({plan.environment}): {plan.title}",
        f"plan      {plan.digest}, seed {plan.seed}{', sham' if plan.sham else ''}",
        f"reaches   {reach}",
    ]
    if signed_as:
        found, out = signed_as
        lines += [
            f"approved  by {found.approver} for {found.operator}, {found.not_before} to {found.not_after}",
            f"written   {out}; run it with: drill run {plan.drill} --target {plan.target} --approval {out}",
        ]
    else:
        lines.append("nothing was signed; see `drill plan` for all of it, and sign with --key")
    click.echo("\n".join(lines))


def _plan_text(plan: Plan) -> str:
    from drill.model.plan import to_json

    return to_json(plan)
