"""A seal: what one signer says of a bundle, an in-toto Statement in a DSSE envelope.

    subject    every member that stands in the bundle when the seal is made, with its SHA-256
    predicate  the role, the key, the moment, the run, the streams' heads, the overall verdict, who judged

The role stands inside what is signed. The operator seals first; the reviewer's subjects hold the operator's
seal, so a review cannot be moved to another bundle, and nobody can be both (each key signs once).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import Signer

from drill.evidence.canonical import canonical, strict_members, strict_parse, text_of
from drill.evidence.keys import PublicKey, parse_public
from drill.model.errors import DefinitionError, JournalError

ROLES = ("operator", "reviewer")
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:drill:evidence:v1"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_COUNT = re.compile(r"0|[1-9]\d{0,17}")


@dataclass(frozen=True, slots=True)
class SealedStream:
    """One stream as the signer found it; `fault` is "" where it is whole."""

    name: str
    events: int
    head: str
    fault: str


@dataclass(frozen=True, slots=True)
class Judge:
    """By which code verdicts were reached: the version, and the digest of everything that judges."""

    version: str
    code_sha256: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a signer says of the run, apart from the digests.

    Attributes:
        latest: number of the newest run of this target that had been begun when the seal was made.
    """

    target: str
    number: int
    run_id: str
    record_sha256: str
    latest: int
    overall: str
    judge: Judge
    streams: tuple[SealedStream, ...]


@dataclass(frozen=True, slots=True)
class Seal:
    """One signer's seal. `subjects` maps a member's name to its SHA-256."""

    role: str
    key: PublicKey
    sealed_utc: str
    said: Said
    subjects: dict[str, str]

    @property
    def keyid(self) -> str:
        """Id of the key that signed; see `keys`."""
        return self.key.keyid


def seal_name(role: str) -> str:
    """The member that holds a role's seal."""
    return f"seals/{role}.json"


def sign(
    who: Signer, key: PublicKey, role: str, sealed_utc: str, said: Said, subjects: Mapping[str, str]
) -> bytes:
    """The envelope's bytes."""
    statement = {
        "_type": STATEMENT_TYPE,
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "role": role, "sealed_utc": sealed_utc, "said": _texts(said),
            "signer": {"keyid": key.keyid, "public_key": key.pem},
        },
        "subject": [{"name": name, "digest": {"sha256": subjects[name]}} for name in sorted(subjects)],
    }  # fmt: skip
    envelope = Envelope(canonical(statement), PAYLOAD_TYPE, {})
    envelope.sign(who)
    return canonical(envelope.to_dict())


def _texts(said: Said) -> dict[str, Any]:
    """Numbers as text: a JSON reader may take a long one for something else."""
    fields = asdict(said)
    fields["streams"] = [{**stream, "events": str(stream["events"])} for stream in fields["streams"]]
    return {**fields, "number": str(said.number), "latest": str(said.latest)}


def parse_seal(data: bytes, role: str) -> Seal:
    """A seal that its own key signed, byte for byte; JournalError otherwise.

    Whether that key is one to be believed is another question: see `verify`.
    """
    where = seal_name(role)
    raw = strict_members(strict_parse(data, where), ("payload", "payloadType", "signatures"), where)
    try:
        envelope = Envelope.from_dict(json.loads(data))
        same = envelope.to_dict() == raw
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise JournalError(f"{where}: is no DSSE envelope") from error
    if not same or raw["payloadType"] != PAYLOAD_TYPE or len(envelope.signatures) != 1:
        raise JournalError(f"{where}: is not an envelope of one signature as this program writes it")
    found = _statement(envelope.payload, where)
    if found.role != role:
        raise JournalError(f"{where}: is signed by the {found.role[:40]!r}")
    try:
        envelope.verify([found.key.verifier], 1)
    except VerificationError as error:
        raise JournalError(f"{where}: the signature does not fit what is signed: it was changed") from error
    return found


def _statement(payload: bytes, where: str) -> Seal:
    found = strict_members(
        strict_parse(payload, where), ("_type", "predicate", "predicateType", "subject"), where
    )
    if (found["_type"], found["predicateType"]) != (STATEMENT_TYPE, PREDICATE_TYPE):
        raise JournalError(f"{where}: is no statement of this format; another version wrote it")
    predicate = strict_members(found["predicate"], ("role", "said", "sealed_utc", "signer"), where)
    signer = strict_members(predicate["signer"], ("keyid", "public_key"), where)
    try:
        key = parse_public(text_of(signer, "public_key", where), where)
    except DefinitionError as error:
        raise JournalError(str(error)) from error
    if signer["keyid"] != key.keyid:
        raise JournalError(f"{where}: names another key than it carries")
    return Seal(
        text_of(predicate, "role", where), key, text_of(predicate, "sealed_utc", where, _UTC),
        _said(predicate["said"], where), _subjects(found["subject"], where),
    )  # fmt: skip


def _subjects(value: Any, where: str) -> dict[str, str]:
    if not isinstance(value, list):
        raise JournalError(f"{where}: has no list of subjects")
    found: dict[str, str] = {}
    for each in value:
        subject = strict_members(each, ("digest", "name"), where)
        digest = strict_members(subject["digest"], ("sha256",), where)
        found[text_of(subject, "name", where)] = text_of(digest, "sha256", where, _SHA256)
    if list(found) != sorted(found) or len(found) != len(value):
        raise JournalError(f"{where}: its subjects are not sorted, or one is named twice")
    return found


def _said(value: Any, where: str) -> Said:
    names = ("judge", "latest", "number", "overall", "record_sha256", "run_id", "streams", "target")
    found = strict_members(value, names, where)
    judge = strict_members(found["judge"], ("code_sha256", "version"), where)
    if not isinstance(found["streams"], list):
        raise JournalError(f"{where}: has no list of streams")
    return Said(
        text_of(found, "target", where), int(text_of(found, "number", where, _COUNT)),
        text_of(found, "run_id", where), text_of(found, "record_sha256", where, _SHA256),
        int(text_of(found, "latest", where, _COUNT)), text_of(found, "overall", where),
        Judge(text_of(judge, "version", where), text_of(judge, "code_sha256", where, _SHA256)),
        tuple(_stream(each, where) for each in found["streams"]),
    )  # fmt: skip


def _stream(value: Any, where: str) -> SealedStream:
    found = strict_members(value, ("events", "fault", "head", "name"), where)
    return SealedStream(
        text_of(found, "name", where), int(text_of(found, "events", where, _COUNT)),
        text_of(found, "head", where, _SHA256), text_of(found, "fault", where),
    )  # fmt: skip
