"""The register of runs: `runs/register.jsonl`, one record a line, of all targets.

A number is given under a lock and is on disk before the run has a folder. So two runs at once get two
numbers, and a run that ended at once, was refused, or was deleted afterwards still has its line, and its
number is missing everywhere else.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from drill.evidence.record import Previous, Record, parse_record, record_bytes
from drill.model.errors import JournalError

REGISTER = "register.jsonl"
LOCK_WITHIN_S = 10.0
_CHAIN = re.compile(rb',"chain":"([0-9a-f]{64})"}\n')
_TAIL_BYTES = 1 << 20  # longer than any journal line


def enrol(
    root: Path,
    *,
    target: str,
    drill: str,
    run_id: str,
    created_utc: str,
    plan_sha256: str,
    environment_sha256: str,
) -> Record:
    """The next record of a target, on disk when this returns.

    Raises JournalError when the register is damaged, gone although numbered runs are there, or held by
    somebody for longer than ten seconds.
    """
    root.mkdir(parents=True, exist_ok=True)
    with _locked(root / REGISTER) as file:
        records = _read(file, root)
        last = next((each for each in reversed(records) if each.target == target), None)
        record = Record(
            target, last.number + 1 if last else 1, run_id, drill, created_utc, plan_sha256,
            environment_sha256, _before(root, last) if last else None,
        )  # fmt: skip
        file.write(record_bytes(record) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return record


def read_register(root: Path) -> tuple[Record, ...]:
    """Every run that was begun in a folder of runs, in order; JournalError when a line was changed."""
    path = root / REGISTER
    if not path.is_file():
        return ()
    return _records(path.read_bytes(), path)


def _read(file: BinaryIO, root: Path) -> tuple[Record, ...]:
    """What the register holds. A torn last line never became a run: its writer died before it had one."""
    file.seek(0)
    data = file.read()
    if not data and any(root.glob("*/*/run.json")):
        raise JournalError(
            f"{root / REGISTER} is gone, but numbered runs are below {root}: bring it back, or begin a new "
            "folder of runs (--runs); numbers are not given twice"
        )
    whole = data[: data.rfind(b"\n") + 1]
    file.truncate(len(whole))
    file.seek(0, os.SEEK_END)
    return _records(whole, root / REGISTER)


def _records(data: bytes, path: Path) -> tuple[Record, ...]:
    last: dict[str, Record] = {}
    records = []
    for number, line in enumerate(data.split(b"\n")[:-1], start=1):
        where = f"{path}:{number}"
        record = parse_record(line, where)
        before = last.get(record.target)
        told = record.previous.record_sha256 if record.previous else None
        if told != (before.sha256 if before else None):
            raise JournalError(f"{where}: does not follow from the record before it: a line was changed")
        last[record.target] = record
        records.append(record)
    return tuple(records)


def _before(root: Path, last: Record) -> Previous:
    return Previous(last.number, last.run_id, last.sha256, heads(root / last.drill / last.run_id / "journal"))


def heads(journal: Path) -> dict[str, str]:
    """The last chain value of each stream as it stands; a stream without a whole line has none."""
    found = {path.stem: _head(path) for path in sorted(journal.glob("*.jsonl"))}
    return {stream: head for stream, head in found.items() if head}


def _head(path: Path) -> str:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL_BYTES))
        lines = _CHAIN.findall(file.read())
    return lines[-1].decode() if lines else ""


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    deadline = time.monotonic() + LOCK_WITHIN_S
    with path.open("a+b") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise JournalError(f"{path} is held by another process for too long") from None
                time.sleep(0.02)
        yield file
