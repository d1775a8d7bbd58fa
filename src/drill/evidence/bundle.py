"""A bundle read back: what is in it, as values. Reading believes nothing; that is what `verify` is for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from drill.evidence import container
from drill.evidence.container import Member
from drill.evidence.record import RECORD, Record, parse_record
from drill.evidence.seals import ROLES, Seal, parse_seal, seal_name
from drill.journal import Stream, read_lines
from drill.judge import verdicts_from_json
from drill.model.errors import JournalError
from drill.model.plan import Plan
from drill.model.verdicts import Verdict
from drill.plan import plan_from_json

PLAN, ENVIRONMENT, VERDICTS = "plan.json", "environment.json", "verdicts.json"
_CHUNK_BYTES = 1 << 20


class Reader:
    """An open bundle whose container is in order; members are read when they are asked for."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self.path, self.file = path, file
        self.members: dict[str, Member] = container.members(file)

    def document(self, name: str) -> bytes:
        """A member's bytes; JournalError when there is none of this name."""
        if name not in self.members:
            raise JournalError(f"it holds no {name}")
        return container.document(self.file, self.members[name])

    def text(self, name: str) -> str:
        """A member's text; JournalError when it is none."""
        try:
            return self.document(name).decode()
        except UnicodeDecodeError as error:
            raise JournalError(f"{name}: is no text") from error

    def sha256(self, name: str) -> str:
        """A member's digest."""
        digest, left = hashlib.sha256(), self.members[name].size
        self.file.seek(self.members[name].offset)
        while chunk := self.file.read(min(left, _CHUNK_BYTES)):
            digest.update(chunk)
            left -= len(chunk)
        return digest.hexdigest()

    def lines(self, name: str) -> Iterator[bytes]:
        """A member line by line."""
        with container.opened(self.file, self.members[name]) as file:
            yield from file

    def seals(self) -> tuple[Seal, ...]:
        """Every seal, the operator's first; JournalError when one is damaged."""
        return tuple(
            parse_seal(self.document(seal_name(role)), role)
            for role in ROLES
            if seal_name(role) in self.members
        )

    def record(self) -> Record:
        """The run's record."""
        return parse_record(self.document(RECORD), RECORD)

    def plan(self) -> Plan:
        """The plan."""
        return plan_from_json(self.text(PLAN))

    def stream_names(self) -> list[str]:
        """Names of the journal's streams."""
        return [name[8:-6] for name in self.members if name.startswith("journal/")]

    def streams(self) -> tuple[Stream, ...]:
        """The journal, every chain verified; damage is told in each stream's `fault`."""
        return tuple(
            read_lines(name, f"{name}.jsonl", self.lines(f"journal/{name}.jsonl"))
            for name in self.stream_names()
        )

    def verdicts(self) -> tuple[Verdict, ...]:
        """The verdicts as they were sealed."""
        return verdicts_from_json(self.text(VERDICTS))


@contextmanager
def opened(path: Path) -> Iterator[Reader]:
    """A bundle for reading; JournalError when the file is none."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise JournalError(f"{path}: cannot be read: {error.strerror}") from error
    with file:
        yield Reader(file, path)


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything in a bundle. It is as good as `verify` says it is, and no better."""

    path: Path
    record: Record
    plan: Plan
    environment: str
    streams: tuple[Stream, ...]
    verdicts: tuple[Verdict, ...]
    seals: tuple[Seal, ...]


def read_bundle(path: Path) -> Bundle:
    """Read a bundle without asking whether it is to be believed; JournalError when it cannot be read."""
    with opened(path) as reader:
        return Bundle(
            path, reader.record(), reader.plan(), reader.text(ENVIRONMENT), reader.streams(),
            reader.verdicts(), reader.seals(),
        )  # fmt: skip
