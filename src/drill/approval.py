"""Approvals: somebody else's signed word that one plan may run on one target, by one operator, for a while.

A small JSON document in a DSSE envelope, signed with ed25519. The keys that count stand in the target file,
whose digest is part of the plan's: neither the approval nor the operator can bring a key along.

    approver:  drill approve DRILL --key carol.pem --operator alice --seed 7   (plans by itself, then signs)
    operator:  drill run DRILL --approval approval.json
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import FormatError, VerificationError
from securesystemslib.signer import Signer

from drill.evidence.keys import PublicKey, parse_public
from drill.model.errors import DefinitionError
from drill.model.guards import Approver
from drill.model.plan import Plan

PAYLOAD_TYPE = "application/vnd.drill.approval.v1+json"
FILE_BYTES_MAX = 100_000
LONGEST = timedelta(days=7)
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"


class ApprovalError(Exception):
    """Why an approval does not hold, in words for the operator."""


@dataclass(frozen=True, slots=True)
class Approval:
    """What is signed. `not_before` and `not_after` are UTC, to the second, as `2026-11-25T14:00:00Z`."""

    drill: str
    target: str
    plan_digest: str
    seed: int
    sham: bool
    operator: str
    approver: str
    not_before: str
    not_after: str
    reason: str


@dataclass(frozen=True, slots=True)
class Request:
    """What a run is that needs an approval: its plan, who runs it, from when to when at the latest."""

    plan: Plan
    operator: str
    begin: datetime
    end: datetime


def approve(
    plan: Plan, operator: str, approver: str, begin: datetime, end: datetime, reason: str
) -> Approval:
    """The document for a plan; DefinitionError when it would never hold."""
    wrong = []
    if same_person(operator, approver):
        wrong.append(f"--operator: {operator!r} is the approver too; somebody else has to approve")
    if not begin < end <= begin + LONGEST:
        wrong.append(f"--for: an approval holds for more than no time and at most {LONGEST.days} days")
    if wrong:
        raise DefinitionError(wrong)
    return Approval(
        plan.drill, plan.target, plan.digest, plan.seed, plan.sham, operator, approver,
        begin.astimezone(UTC).strftime(_MOMENT), end.astimezone(UTC).strftime(_MOMENT), reason,
    )  # fmt: skip


def signed(approval: Approval, signer: Signer) -> str:
    """The text of an approval file."""
    payload = json.dumps(dataclasses.asdict(approval), sort_keys=True, ensure_ascii=False).encode()
    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    envelope.sign(signer)
    return json.dumps(envelope.to_dict(), indent=1) + "\n"


def approver_of(key: PublicKey, approvers: Sequence[Approver]) -> Approver:
    """Whom the target file lists with this key; DefinitionError when nobody."""
    found = next((each for each in approvers if _key(each).keyid == key.keyid), None)
    if found is None:
        listed = ", ".join(each.name for each in approvers) or "nobody"
        raise DefinitionError(
            f"key {key.keyid[:12]} is of no approver of this target, which lists {listed}; "
            "add it to guards.approvers of the target file, or sign with another key"
        )
    return found


def _key(approver: Approver) -> PublicKey:
    dashes = "-----{} PUBLIC KEY-----\n"
    pem = f"{dashes.format('BEGIN')}{approver.key}\n{dashes.format('END')}"
    return parse_public(pem, f"the key of approver {approver.name!r}")


def read_approval(path: Path) -> str:
    """The text of an approval file; ApprovalError when there is none."""
    try:
        with path.open("rb") as file:
            return file.read(FILE_BYTES_MAX).decode("utf-8")
    except OSError as error:
        raise ApprovalError(
            f"cannot be read: {error.strerror}; name the file that `drill approve` wrote"
        ) from error
    except UnicodeDecodeError as error:
        raise ApprovalError("is no approval; make one with `drill approve`") from error


def unverified(text: str) -> Approval:
    """What an approval says, whoever wrote it: enough to plan by, and for nothing else."""
    return _document(_envelope(text))


def check_approval(text: str, approvers: Sequence[Approver], request: Request) -> Approval:
    """The approval that lets this run be; ApprovalError with the first reason why it does not."""
    envelope = _envelope(text)
    signer = _signer(envelope, approvers)
    found = _document(envelope)
    if found.approver != signer.name:
        raise ApprovalError(
            f"it names {found.approver!r} as approver, but is signed with the key of {signer.name!r}"
        )
    _people(found, request)
    _subject(found, request.plan)
    _time(found, request)
    return found


def same_person(one: str, other: str) -> bool:
    """Whether two names are one, but for spaces and capitals."""
    return one.strip().casefold() == other.strip().casefold()


def _envelope(text: str) -> Envelope:
    try:
        envelope = Envelope.from_dict(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, FormatError, RecursionError) as error:
        raise ApprovalError("it is no approval; make one with `drill approve`") from error
    if envelope.payload_type != PAYLOAD_TYPE:
        raise ApprovalError(f"it is a signed {envelope.payload_type!r}, not an approval")
    return envelope


def _signer(envelope: Envelope, approvers: Sequence[Approver]) -> Approver:
    """The approver whose key signed it."""
    known = {_key(each).keyid: each for each in approvers}
    ours = [keyid for keyid in envelope.signatures if keyid in known]
    if not ours:
        listed = ", ".join(each.name for each in approvers) or "nobody"
        given = ", ".join(str(keyid)[:12] for keyid in envelope.signatures) or "none at all"
        raise ApprovalError(
            f"it is signed with a key that the target file does not list ({given}); it lists {listed}"
        )
    try:
        accepted = envelope.verify([_key(known[keyid]).verifier for keyid in ours], 1)
    except VerificationError as error:
        raise ApprovalError("it was changed after it was signed: the signature does not fit") from error
    return known[next(iter(accepted))]


def _document(envelope: Envelope) -> Approval:
    try:
        data = json.loads(envelope.payload)
    except (ValueError, RecursionError) as error:
        raise ApprovalError("its payload is no JSON") from error
    fields = {field.name: field.type for field in dataclasses.fields(Approval)}
    kinds: dict[str, type] = {"str": str, "int": int, "bool": bool}
    if not isinstance(data, dict) or set(data) != set(fields):
        raise ApprovalError(f"it has to say {', '.join(fields)}, and nothing else")
    values: dict[str, Any] = data
    wrong = [name for name, kind in fields.items() if type(values[name]) is not kinds[str(kind)]]
    if wrong:
        raise ApprovalError(f"what it says of {', '.join(wrong)} is of the wrong kind")
    return Approval(**values)


def _people(found: Approval, request: Request) -> None:
    if same_person(found.approver, request.operator) or same_person(found.approver, found.operator):
        raise ApprovalError(f"{found.approver!r} approved a drill of their own; somebody else has to")
    if not same_person(found.operator, request.operator):
        raise ApprovalError(f"it is for {found.operator!r}, but {request.operator!r} runs this (--operator)")


def _subject(found: Approval, plan: Plan) -> None:
    if found.target != plan.target:
        raise ApprovalError(f"it is for target {found.target!r}, not {plan.target!r}")
    if found.plan_digest != plan.digest:
        raise ApprovalError(
            f"it is for plan {found.plan_digest[:12]} of {found.drill}, seed {found.seed}, and this plan is "
            f"{plan.digest[:12]}, seed {plan.seed}: the drill, its files or the target file are not the same"
        )


def _time(found: Approval, request: Request) -> None:
    try:
        begin, end = (
            datetime.strptime(each, _MOMENT).replace(tzinfo=UTC)
            for each in (found.not_before, found.not_after)
        )
    except ValueError as error:
        raise ApprovalError(f"its times have to look like 2026-11-25T14:00:00Z: {error}") from error
    if end - begin > LONGEST:
        raise ApprovalError(f"it holds for longer than {LONGEST.days} days")
    if request.begin < begin:
        raise ApprovalError(f"it is not valid before {found.not_before}")
    if request.begin >= end:
        raise ApprovalError(f"it expired at {found.not_after}")
    if request.end > end:
        latest = request.end.astimezone(UTC).strftime(_MOMENT)
        raise ApprovalError(f"it expires at {found.not_after}, before this drill is surely over ({latest})")
