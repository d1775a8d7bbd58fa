"""What lies beside a run's journal, in its folder or in its bundle: environment, time stamps, an approval.

It is read for people and changes no verdict. An approval is held against its run once more: signed with a
key of the very target file whose digest the plan holds, for this plan and this operator, and not expired
before the run had ended.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from drill.approval import Approval, ApprovalError, Request, check_approval, unverified
from drill.evidence.bundle import ENVIRONMENT
from drill.evidence.record import RUN_STAMP
from drill.evidence.seals import ROLES
from drill.model.errors import DefinitionError
from drill.model.guards import Approver
from drill.model.plan import Plan
from drill.report.values import Fact
from drill.target import read_target

APPROVAL, TARGET = "artefacts/approval.json", "artefacts/target.toml"
STAMPS = {RUN_STAMP: "the plan, before anything was touched"} | {
    f"seals/{role}.tsr": f"the {role}'s seal" for role in ROLES
}
Read = Callable[[str], bytes | None]  # a file by its name in a bundle; None where there is none


@dataclass(frozen=True, slots=True)
class Given:
    """The approval that a run was given. `fault`: why it does not hold; "" when it does.

    `says` is None where the file says nothing that can be read.
    """

    says: Approval | None
    fault: str


@dataclass(frozen=True, slots=True)
class Papers:
    """All of it. `stamps`: what an authority put a time stamp on; `drill verify` looks at the stamps."""

    environment: tuple[Fact, ...] = ()
    stamps: tuple[str, ...] = ()
    given: Given | None = None


def in_folder(folder: Path) -> Read:
    """The files of a run's folder, which has its target file at the top."""

    def read(name: str) -> bytes | None:
        path = folder / ("target.toml" if name == TARGET else name)
        return path.read_bytes() if path.is_file() else None

    return read


def papers(read: Read, plan: Plan, operator: str, began: datetime | None, ended: datetime | None) -> Papers:
    """See the module."""
    approval = read(APPROVAL)
    asked = Request(plan, operator, began, ended or began) if began else None
    text = None if approval is None else approval.decode("utf-8", errors="replace")
    given = None if text is None else _given(text, read(TARGET), asked, plan)
    stamps = tuple(what for name, what in STAMPS.items() if read(name) is not None)
    return Papers(_environment(read(ENVIRONMENT)), stamps, given)


def _given(text: str, target: bytes | None, asked: Request | None, plan: Plan) -> Given:
    try:
        says = unverified(text)
    except ApprovalError as error:
        return Given(None, str(error))
    if asked is None:
        return Given(says, "nothing says when the run began")
    try:
        check_approval(text, _approvers(target, plan), asked)
    except (ApprovalError, DefinitionError) as error:
        return Given(says, str(error))
    return Given(says, "")


def _approvers(data: bytes | None, plan: Plan) -> tuple[Approver, ...]:
    """Whose keys count: those of the target file that the plan was made with, and of no other."""
    if data is None or hashlib.sha256(data).hexdigest() != plan.target_digest:
        raise ApprovalError("the target file beside it, which lists the keys that count, is not the plan's")
    return read_target(data, Path(TARGET), plan.target).guards.approvers


def _environment(data: bytes | None) -> tuple[Fact, ...]:
    try:
        told = json.loads(data or b"")
        host, clock, packages = told["host"], told["clock"], told["packages"]
        system = f"{host['system']} {host['release']}, {host['machine']}, {host['cpus']} CPUs"
        versions = ", ".join(f"{name} {version}" for name, version in sorted(packages.items()))
        offset_ms, error_s = clock["offset_ns"] / 1e6, clock["maximum_error_us"] / 1e6
        kept = {"yes": "kept by a time service", "no": "kept by no time service"}.get(clock["synchronised"])
        off = f"{kept}, offset {offset_ms:g} ms, error at most {error_s:g} s" if kept else "nobody could say"
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
        return (Fact("Conducted on", f"not told: {ENVIRONMENT} is not there, or cannot be read"),)
    return (
        Fact("Conducted on", f"{system}, {told['python']}"), Fact("Packages", versions),
        Fact("Host's clock", f"{clock['source']}, UTC; before the start: {off}"),
    )  # fmt: skip
