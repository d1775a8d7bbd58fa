"""A run's record: which number it has among all runs of its target, and which run stands before it.

    record n names record n-1 by its digest, and what the journal of run n-1 had said by then

It is written when the run's folder is made, before anything is touched, whatever becomes of the run. A run
that is left out later leaves a hole in the numbers; one that is put in its place has another digest.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass
from typing import Any

from drill.evidence.canonical import canonical, strict_members, strict_parse, text_of
from drill.model.errors import JournalError

FORMAT = "drill-run-v1"
# Of a record and of the time stamp on it, in the run's folder and in its bundle.
RECORD, RUN_STAMP = "run.json", "run.tsr"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@dataclass(frozen=True, slots=True)
class Previous:
    """The run before: its number, id, record, and the last chain value of each of its streams by then.

    A stream that went on afterwards still holds that value in one of its lines.
    """

    number: int
    run_id: str
    record_sha256: str
    heads: dict[str, str]


@dataclass(frozen=True, slots=True)
class Record:
    """One run of a target.

    Attributes:
        number: from 1, without gaps, per target and folder of runs.
        plan_sha256: digest of the plan, which holds every limit the run is judged by.
        environment_sha256: digest of `environment.json`.
        previous: the run before; None for the first.
    """

    target: str
    number: int
    run_id: str
    drill: str
    created_utc: str
    plan_sha256: str
    environment_sha256: str
    previous: Previous | None

    @property
    def sha256(self) -> str:
        """Digest of `run.json`; the next record names it."""
        return hashlib.sha256(record_bytes(self)).hexdigest()


def record_bytes(record: Record) -> bytes:
    """`run.json`, byte for byte."""
    return canonical({"format": FORMAT, **asdict(record)})


def parse_record(data: bytes, where: str) -> Record:
    """The record that these bytes are; JournalError when they are not exactly one."""
    found = strict_members(
        strict_parse(data, where),
        ("created_utc", "drill", "environment_sha256", "format", "number", "plan_sha256", "previous",
         "run_id", "target"),
        where,
    )  # fmt: skip
    if found["format"] != FORMAT:
        raise JournalError(f"{where}: its format is {str(found['format'])[:40]!r}, not {FORMAT!r}")
    record = Record(
        target=text_of(found, "target", where), number=_number(found, where),
        run_id=text_of(found, "run_id", where), drill=text_of(found, "drill", where),
        created_utc=text_of(found, "created_utc", where, _UTC),
        plan_sha256=text_of(found, "plan_sha256", where, _SHA256),
        environment_sha256=text_of(found, "environment_sha256", where, _SHA256),
        previous=_previous(found["previous"], where),
    )  # fmt: skip
    if (record.previous.number if record.previous else 0) != record.number - 1:
        raise JournalError(f"{where}: run {record.number} does not name run {record.number - 1} before it")
    return record


def _previous(value: Any, where: str) -> Previous | None:
    if value is None:
        return None
    found = strict_members(value, ("heads", "number", "record_sha256", "run_id"), f"{where} previous")
    heads = found["heads"]
    if not isinstance(heads, dict):
        raise JournalError(f"{where}: previous.heads is no table of streams")
    return Previous(
        _number(found, where), text_of(found, "run_id", where),
        text_of(found, "record_sha256", where, _SHA256),
        {name: text_of(heads, name, where, _SHA256) for name in heads},
    )  # fmt: skip


def _number(found: dict[str, Any], where: str) -> int:
    number = found["number"]
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise JournalError(f"{where}: {str(number)[:40]!r} is no number of a run")
    return number
