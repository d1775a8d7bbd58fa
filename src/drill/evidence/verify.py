"""Verifying a bundle: a chain of links, each looked at in turn, the first broken one named.

    container   the file is a bundle: nothing before, between or behind its members
    seal        each seal is what its own key signed
    signer      enough of the keys that were brought along have signed, each person in one role
    content     every member is the one that was sealed, none is missing or added
    record      plan, environment and journal are those of this numbered run
    journal     every line follows from the one before, up to the heads that were sealed
    clock       record, start, end and seal follow each other
    timestamp   the authority saw the record before T0, and the seal when it was made
    verdict     judged again, the journal gives the verdicts that were sealed

Each link is looked at only once those before it hold, so nothing that a stranger wrote is folded or judged
before a key that was brought along has vouched for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

from cryptography.x509 import Certificate

from drill.evidence import timestamps
from drill.evidence.bundle import ENVIRONMENT, PLAN, VERDICTS, Reader
from drill.evidence.judging_code import installed_judge
from drill.evidence.keys import TrustedKey
from drill.evidence.moments import Moments, backwards, moments, of_utc
from drill.evidence.record import RECORD, RUN_STAMP, Record
from drill.evidence.seals import ROLES, Seal, SealedStream, seal_name
from drill.journal import Stream
from drill.judge import judge, overall, verdicts_to_json
from drill.model.errors import JournalError
from drill.model.events import RunStarted, StreamOpened
from drill.model.plan import Plan
from drill.model.verdicts import Status

STAMP_TOLERANCE_S = 300.0
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Trust:
    """What the one who verifies brings along; nothing of it is taken from the bundle.

    Attributes:
        threshold: how many of the keys must have signed; 0 for all of them.
        roots: root certificates of time-stamping authorities.
    """

    keys: tuple[TrustedKey, ...]
    threshold: int = 0
    roots: tuple[Certificate, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain and what was found of it. `status`: PASS holds, FAIL is broken, UNKNOWN cannot be
    told here."""

    name: str
    status: Status
    sentence: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of verifying one bundle; `record`, `seals` and `overall` only once they were found true."""

    path: Path
    links: tuple[Link, ...]
    record: Record | None = None
    seals: tuple[Seal, ...] = ()
    overall: str = ""

    @property
    def broken(self) -> Link | None:
        """The first broken link."""
        return next((link for link in self.links if link.status is Status.FAIL), None)

    @property
    def status(self) -> Status:
        """PASS only when every link holds that could be looked at here and the verdicts came out the same."""
        if not self.links or self.broken:
            return Status.FAIL
        unknown = any(link.status is Status.UNKNOWN and link.name == "verdict" for link in self.links)
        return Status.UNKNOWN if unknown else Status.PASS


def verify(path: Path, trust: Trust) -> Verification:
    """Look at every link of a bundle until one is broken; never raises for what is in the file."""
    try:
        with path.open("rb") as file:
            return verify_file(file, path, trust)
    except OSError as error:
        return Verification(path, (Link("container", Status.FAIL, f"cannot be read: {error.strerror}"),))


def verify_file(file: BinaryIO, path: Path, trust: Trust) -> Verification:
    """As `verify`, of a file that is open; `path` is what it is called."""
    links: list[Link] = []
    try:
        reader = Reader(file, path)
        links.append(Link("container", Status.PASS, f"a bundle of {len(reader.members)} members"))
        return _verified(path, reader, trust, links)
    except JournalError as error:
        broken = getattr(error, "link", None) or ("container" if not links else "content")
        links.append(Link(broken, Status.FAIL, str(error)))
        return Verification(path, tuple(links))


class _BrokenError(JournalError):
    def __init__(self, link: str, sentence: str) -> None:
        super().__init__(sentence)
        self.link = link


def _verified(path: Path, reader: Reader, trust: Trust, links: list[Link]) -> Verification:
    def held(name: str, sentence: str, status: Status = Status.PASS) -> None:
        links.append(Link(name, status, sentence))

    seals = _told("seal", reader.seals)
    if seal_name("operator") not in reader.members:
        raise _BrokenError("seal", "nobody sealed it as its operator")
    held("seal", "; ".join(f"{s.role} {s.keyid[:16]} at {s.sealed_utc}" for s in seals))
    held("signer", _signers(seals, trust))
    held("content", _content(reader, seals))
    record, plan = _told("record", reader.record), _told("record", reader.plan)
    held("record", _record(reader, record, plan, seals))
    streams = reader.streams()
    held("journal", _journal(streams, record, seals[0].said.streams))
    times = moments(record, streams, [(s.role, s.sealed_utc) for s in seals])
    held("clock", _clock(times))
    for status, sentence in _stamps(reader, trust.roots, times):
        held("timestamp", sentence, status)
    status, sentence = _verdicts(reader, plan, streams, seals)
    held("verdict", sentence, status)
    return Verification(path, tuple(links), record, seals, seals[0].said.overall)


def _told(link: str, read: Callable[[], _T]) -> _T:
    try:
        return read()
    except JournalError as error:
        raise _BrokenError(link, str(error)) from error


def _signers(seals: Sequence[Seal], trust: Trust) -> str:
    """Keys that are not known do no harm, but do not count."""
    if len({s.keyid for s in seals}) < len(seals):
        raise _BrokenError("signer", "one key signed in two roles: operator and reviewer are the same person")
    needed = trust.threshold or len(trust.keys)
    known = {(each.key.keyid, role) for each in trust.keys for role in ([each.role] if each.role else ROLES)}
    trusted = [s for s in seals if (s.keyid, s.role) in known]
    told = ", ".join(f"{s.role} {s.keyid[:16]}" for s in seals)
    if len(trusted) < needed:
        counted = f"{len(trusted)} of the {len(trust.keys)} keys given here signed it, {needed} must"
        raise _BrokenError("signer", f"{counted}; it is signed by {told}")
    unknown = ", ".join(f"{s.role} {s.keyid[:16]}" for s in seals if s not in trusted)
    others = f"; not asked for: {unknown}" if unknown else ""
    return f"{' and '.join(s.role for s in trusted)} signed with a key given here{others}"


def _content(reader: Reader, seals: Sequence[Seal]) -> str:
    digests = {name: reader.sha256(name) for name in reader.members}
    for seal, later in zip(seals, (ROLES, ROLES[1:]), strict=False):
        apart = {f"seals/{role}{end}" for role in later for end in (".json", ".tsr")}
        stands = {name: digest for name, digest in digests.items() if name not in apart}
        for name in sorted(set(stands) | set(seal.subjects)):
            if stands.get(name) != seal.subjects.get(name):
                raise _BrokenError("content", f"{name} {_how(reader, name, stands, seal)}")
    return f"all {len(seals[0].subjects)} sealed members are there as they were sealed"


def _how(reader: Reader, name: str, stands: Iterable[str], seal: Seal) -> str:
    if name not in seal.subjects:
        return f"was added after the {seal.role} had sealed"
    if name not in stands:
        return "is missing"
    if name.startswith("journal/"):
        stream = next(s for s in reader.streams() if f"journal/{s.name}.jsonl" == name)
        return f"is not what was sealed: {stream.fault or 'it was written anew, with a chain of its own'}"
    return "is not what was sealed"


def _record(reader: Reader, record: Record, plan: Plan, seals: Sequence[Seal]) -> str:
    said = seals[0].said
    if any(seal.said != said for seal in seals):
        raise _BrokenError("record", "operator and reviewer do not say the same of the run")
    claims = (
        ("number, id or target", (record.target, record.number, record.run_id, record.sha256),
         (said.target, said.number, said.run_id, said.record_sha256)),
        ("plan", (record.plan_sha256, record.drill, record.target), (plan.digest, plan.drill, plan.target)),
        ("environment", record.environment_sha256, reader.sha256(ENVIRONMENT)),
    )  # fmt: skip
    for what, recorded, found in claims:
        if recorded != found:
            raise _BrokenError("record", f"the {what} in {RECORD} is not that of {PLAN} and of the seal")
    before = (
        f"after run {record.previous.number} ({record.previous.run_id})" if record.previous else "the first"
    )
    return f"run {record.number} of target {record.target!r} ({record.run_id}), {before}"


def _journal(streams: Sequence[Stream], record: Record, sealed: Sequence[SealedStream]) -> str:
    found = tuple(SealedStream(s.name, len(s.events), s.head, s.fault) for s in streams)
    for here, told in zip(found, sealed, strict=False):
        if here != told:
            raise _BrokenError("journal", f"{here.name}: {here.fault or 'it ends'} where {told} was sealed")
    if len(found) != len(sealed):
        raise _BrokenError("journal", f"{len(found)} streams where {len(sealed)} were sealed")
    for stream in streams:
        for recorded in stream.events:
            if (
                isinstance(recorded.event, StreamOpened | RunStarted)
                and recorded.event.run_id != record.run_id
            ):
                raise _BrokenError(
                    "journal", f"{stream.name} is of run {recorded.event.run_id}, not of this one"
                )
            if isinstance(recorded.event, RunStarted) and recorded.event.plan_digest != record.plan_sha256:
                raise _BrokenError("journal", "the run began with another plan than its record has")
    torn = [stream.fault for stream in streams if stream.fault]
    more = f"; as it was sealed, not whole: {'; '.join(torn)}" if torn else ""
    return f"{len(streams)} streams, {sum(len(s.events) for s in streams)} events{more}"


def _clock(times: Moments) -> str:
    if told := backwards(times.told):
        raise _BrokenError("clock", told)
    return f"from {times.told[0].utc} to {times.told[-1].utc}, never back"


def _stamps(reader: Reader, roots: Sequence[Certificate], times: Moments) -> Iterable[tuple[Status, str]]:
    told = {RUN_STAMP: (RECORD, "created")}
    told |= {f"seals/{role}.tsr": (seal_name(role), f"sealed by the {role}") for role in ROLES}
    there = [name for name in told if name in reader.members]
    if not there:
        yield Status.UNKNOWN, "none: when all this was is told by the host's own clock alone"
    for name in there:
        if not roots:
            yield Status.UNKNOWN, f"{name} was not looked at: no root certificate was given"
            continue
        of, moment = told[name]
        yield Status.PASS, _stamp(reader, roots, times, name, of, moment)


def _stamp(
    reader: Reader, roots: Sequence[Certificate], times: Moments, name: str, of: str, moment: str
) -> str:
    token, message = reader.document(name), reader.document(of)
    seen = _told("timestamp", lambda: timestamps.check(token, message, roots, name))
    by = next(each for each in times.told if each.what == moment)
    if abs(apart_s := (seen - of_utc(by.utc)).total_seconds()) > STAMP_TOLERANCE_S:
        raise _BrokenError(
            "clock",
            f"the host said {by.utc} when it was {moment}, the authority {seen:%FT%TZ}: {apart_s:.0f} s off",
        )
    if name == RUN_STAMP and times.touched and seen > times.touched:
        raise _BrokenError(
            "timestamp", f"the authority saw the plan at {seen:%FT%TZ}, after the platform was touched"
        )
    before = ", before the platform was touched" if name == RUN_STAMP and times.touched else ""
    return f"{of} was there at {seen:%FT%TZ}{before}"


def _verdicts(
    reader: Reader, plan: Plan, streams: tuple[Stream, ...], seals: Sequence[Seal]
) -> tuple[Status, str]:
    said, here = seals[0].said, installed_judge()
    verdicts = judge(plan, streams)
    same = verdicts_to_json(verdicts).encode() == reader.document(VERDICTS)
    other = f"sealed by drill {said.judge.version} ({said.judge.code_sha256[:12]}), "
    other += f"judged now by {here.version} ({here.code_sha256[:12]})"
    if same and overall(verdicts).name == said.overall:
        by = f"judged again by drill {here.version}" if said.judge == here else other
        return Status.PASS, f"{said.overall}: {by}, all {len(verdicts)} verdicts the same"
    if said.judge != here:
        return Status.UNKNOWN, f"{other}, which says {overall(verdicts).name} where {said.overall} was sealed"
    raise _BrokenError(
        "verdict", f"the journal gives {overall(verdicts).name}; {said.overall} was sealed, or other words"
    )
