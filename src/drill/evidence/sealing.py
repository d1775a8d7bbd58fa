"""From a run's folder to one sealed file, and a second signature on it.

Everything that a verdict rests on goes in, and the verdicts as they are reached now; logs and reports do
not: the first are no evidence, the second can be made again.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from securesystemslib.signer import Signer

from drill.evidence import container
from drill.evidence.bundle import ENVIRONMENT, PLAN, VERDICTS, opened
from drill.evidence.judging_code import installed_judge
from drill.evidence.keys import PublicKey
from drill.evidence.record import RECORD, RUN_STAMP, parse_record
from drill.evidence.register import read_register
from drill.evidence.seals import Said, SealedStream, seal_name, sign
from drill.journal import Stream, read_stream
from drill.judge import judge, overall, verdicts_to_json
from drill.model.errors import DefinitionError, JournalError
from drill.plan import plan_from_json

SUFFIX = ".evidence.tar"
MAX_ARTEFACTS = 200


@dataclass(frozen=True, slots=True)
class Signing:
    """Who signs, when, and how a time stamp over the seal is got; None for none."""

    who: Signer
    key: PublicKey
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    stamp: Callable[[bytes], bytes] | None = None

    def utc(self) -> str:
        """The moment of signing."""
        return self.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def bundle_path(run: Path) -> Path:
    """Where a run's bundle stands unless something else is asked for: beside its folder."""
    return run.with_name(run.name + SUFFIX)


def seal(run: Path, signing: Signing, out: Path) -> Path:
    """Judge a run and seal it as the operator; JournalError when the folder is not a numbered run."""
    with ExitStack() as stack:
        members = _members(run, stack)
        streams = tuple(read_stream(path) for path in sorted((run / "journal").glob("*.jsonl")))
        verdicts = judge(plan_from_json(_text(members[PLAN])), streams)
        members[VERDICTS] = verdicts_to_json(verdicts).encode()
        said = _said(run, _bytes(members[RECORD]), streams, overall(verdicts).name)
        _sealed(members, {}, "operator", signing, said)
        container.write_container(out, members)
    return out


def countersign(path: Path, signing: Signing, role: str = "reviewer") -> None:
    """Add a second signature to a bundle, in place.

    Raises DefinitionError when this key, or somebody in this role, has signed it already.
    """
    with opened(path) as reader, ExitStack() as stack:
        seals = reader.seals()
        if not seals:
            raise JournalError(f"{path}: nobody has sealed it yet; `drill seal` makes a bundle of a run")
        if any(each.keyid == signing.key.keyid for each in seals):
            raise DefinitionError(
                f"this key has signed {path} as its {seals[0].role}; a {role} must be somebody else, with "
                "another key"
            )
        if any(each.role == role for each in seals):
            raise DefinitionError(f"{path} has a {role}'s signature already")
        members: dict[str, bytes | BinaryIO] = {
            name: stack.enter_context(container.opened(reader.file, member))
            for name, member in reader.members.items()
        }
        digests = {name: reader.sha256(name) for name in reader.members}
        _sealed(members, digests, role, signing, seals[0].said)
        container.write_container(path, members)


def _sealed(
    members: dict[str, bytes | BinaryIO],
    digests: Mapping[str, str],
    role: str,
    signing: Signing,
    said: Said,
) -> None:
    known = {name: digests.get(name) or _sha256(data) for name, data in members.items()}
    envelope = sign(signing.who, signing.key, role, signing.utc(), said, known)
    members[seal_name(role)] = envelope
    if signing.stamp:
        members[f"seals/{role}.tsr"] = signing.stamp(envelope)


def _members(run: Path, stack: ExitStack) -> dict[str, bytes | BinaryIO]:
    """What goes in, by name; the newline that the plan's file ends with is no part of the plan."""
    found: dict[str, bytes | BinaryIO] = {}
    for name in (RECORD, PLAN, ENVIRONMENT):
        try:
            found[name] = (run / name).read_bytes()
        except OSError as error:
            raise JournalError(
                f"{run} holds no {name}: it is no folder of a run, or was made before runs had numbers"
            ) from error
    found[PLAN] = _bytes(found[PLAN]).removesuffix(b"\n")
    artefacts = [path for path in sorted((run / "artefacts").glob("*")) if path.is_file()]
    artefacts += [
        p for p in (run / "target.toml", run / "experiment.json", run / "schedule.json") if p.is_file()
    ]
    if len(artefacts) > MAX_ARTEFACTS:
        raise JournalError(f"{run / 'artefacts'} holds more than {MAX_ARTEFACTS} files")
    named = [(f"artefacts/{path.name}", path) for path in artefacts]
    named += [(f"journal/{path.name}", path) for path in sorted((run / "journal").glob("*.jsonl"))]
    named += [(RUN_STAMP, run / RUN_STAMP)] if (run / RUN_STAMP).is_file() else []
    for name, path in named:
        if path.is_symlink():
            raise JournalError(f"{path} is a link; evidence is made of plain files")
        found[name] = stack.enter_context(_opened(path))
    return found


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise JournalError(f"{path}: cannot be read: {error.strerror}") from error


def _said(run: Path, record: bytes, streams: tuple[Stream, ...], status: str) -> Said:
    of = parse_record(record, str(run / RECORD))
    latest = [each.number for each in read_register(run.parent.parent) if each.target == of.target]
    return Said(
        of.target, of.number, of.run_id, of.sha256, max([of.number, *latest]), status, installed_judge(),
        tuple(SealedStream(s.name, len(s.events), s.head, s.fault) for s in streams),
    )  # fmt: skip


def _bytes(data: bytes | BinaryIO) -> bytes:
    return data if isinstance(data, bytes) else data.read()


def _text(data: bytes | BinaryIO) -> str:
    return _bytes(data).decode("utf-8", errors="surrogateescape")


def _sha256(data: bytes | BinaryIO) -> str:
    source = io.BytesIO(data) if isinstance(data, bytes) else data
    source.seek(0)
    return hashlib.file_digest(source, "sha256").hexdigest()  # type: ignore[arg-type]  # file_digest calls nothing but readinto, which every binary file here has
