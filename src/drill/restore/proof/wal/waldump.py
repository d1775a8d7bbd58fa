"""`pg_waldump` over a stretch of log: it reads every record, its CRC and its link to the one before.

It reads a record only when all of it lies before the end it was given, and begins at the first record that
starts in its stretch. So stretches that are read side by side would leave out the record that crosses from
one into the next, and nobody would look at it: each is read to the end of the first record of the next.
"""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from drill.model.errors import WorldError
from drill.restore.proof.wal.names import lsn_text, parse_lsn
from drill.restore.proof.wal.transactions import Transaction, Transactions, parse_record

_LSN = re.compile(r"lsn: ([0-9A-F/]+), prev")
_AT = re.compile(r"(?:at|record at|after) ([0-9A-F]+/[0-9A-F]+)")
_ERROR = re.compile(r"pg_waldump: (?:error|fatal|detail|hint): ")
STDERR_MAX = 4000


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of a stretch. `error` is "" when it is whole; `error_lsn` is where it broke, if known."""

    transactions: Transactions
    error: str = ""
    error_lsn: int | None = None


@dataclass(frozen=True, slots=True)
class Waldump:
    """The program, over one folder in which every segment carries `timeline` in its name."""

    binaries: Path
    folder: Path
    timeline: int
    until_s: float  # on the monotonic clock

    def first_records(self, at: int, count: int) -> list[int]:
        """Positions of the first records that begin at or after `at`; fewer when the log is broken there."""
        found: list[int] = []

        def keep(line: str) -> None:
            if match := _LSN.search(line):
                found.append(parse_lsn(match[1]))

        self._run(["-s", lsn_text(at), "-n", str(count)], keep)
        return found

    def read(self, start: int, end: int, wanted_from: int, wanted_to: int) -> Reading:
        """Every record from the first in `start` to `end`, and the transactions that end in `wanted_`."""
        transactions = Transactions()

        def keep(line: str) -> None:
            record: Transaction | None = parse_record(line)
            if record is not None and wanted_from <= record.lsn < wanted_to:
                transactions.add(record)

        said = self._run(["-s", lsn_text(start), "-e", lsn_text(end), "--rmgr=Transaction"], keep)
        error = " ".join(_ERROR.sub("", said).split())
        at = _AT.search(error)
        return Reading(transactions, error, parse_lsn(at[1]) if at else None)

    def _run(self, arguments: list[str], keep: Callable[[str], None]) -> str:
        """Each line of output to `keep`; what it says of an error, "" when it ended well. WorldError when
        it cannot be run or takes too long."""
        argv = [str(self.binaries / "pg_waldump"), "-p", str(self.folder), "-t", str(self.timeline)]
        try:
            process = subprocess.Popen(
                [*argv, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                errors="replace", env={"TZ": "UTC", "LC_ALL": "C"},
            )  # fmt: skip
        except OSError as error:
            raise WorldError(f"pg_waldump cannot be run from {self.binaries}: {error.strerror}") from error
        alarm = threading.Timer(max(0.0, self.until_s - time.monotonic()), process.kill)
        alarm.start()
        try:
            with process:
                assert process.stdout is not None and process.stderr is not None  # noqa: S101  # both are pipes
                for line in process.stdout:
                    keep(line)
                said = process.stderr.read(STDERR_MAX)
        finally:
            alarm.cancel()
            process.kill()
        if time.monotonic() >= self.until_s:
            raise WorldError("pg_waldump did not end in the time that the WAL check was given")
        return "" if process.returncode == 0 else said or f"pg_waldump ended with {process.returncode}"
