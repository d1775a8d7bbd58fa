"""What class of environment the target is, and whose word a production drill needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from drill.definition.target_checks import is_loopback
from drill.model.plan import Plan
from drill.model.target import Target

Answer = tuple[bool, str]
CLASSES = ("sandbox", "staging", "production")


@dataclass(frozen=True, slots=True)
class Consent:
    """Who runs the drill, and the text of the approval that was given with it ("" for none)."""

    operator: str = ""
    approval: str = ""


def environment(target: Target) -> Answer:
    """A sandbox is this machine and nothing else; of a class that is not known nothing is."""
    if target.environment not in CLASSES:
        return False, f"{target.name} is {target.environment!r}, which is none of {', '.join(CLASSES)}"
    outside = sorted({host for host in _hosts(target) if not is_loopback(host)})
    if target.environment == "sandbox" and outside:
        return (
            False,
            f"{target.name} calls itself a sandbox, but {', '.join(outside)} is outside this machine",
        )
    return True, target.environment


def _hosts(target: Target) -> Iterator[str]:
    """Of everything that a drill calls or changes."""
    links = target.ehr.links if target.ehr else ()
    apis = (*(link.api for link in links), *(wire.api for wire in target.wires))
    stages = (url for way in target.stages for url in (way.api, way.probe))
    for url in (target.edge, target.control, *apis, *stages):
        if url:
            yield urlsplit(url).hostname or ""


def approved(plan: Plan, target: Target, consent: Consent, begin: datetime, end: datetime) -> Answer:
    """Only production needs it; but an approval that is given has to hold anywhere."""
    if not consent.approval:
        needed = target.environment == "production"
        said = "none was given; see `drill approve` and docs/safety.md" if needed else "none is needed"
        return not needed, f"{target.environment}: {said}"
    from drill.approval import ApprovalError, Request, check_approval  # with the clouds' signers

    request = Request(plan, consent.operator, begin.astimezone(UTC), end.astimezone(UTC))
    try:
        found = check_approval(consent.approval, target.guards.approvers, request)
    except ApprovalError as error:
        return False, f"the approval does not hold: {error}"
    return True, (
        f"{found.approver} approved plan {found.plan_digest[:12]} for {found.operator}, from "
        f"{found.not_before} to {found.not_after}" + (f": {found.reason}" if found.reason else "")
    )
