"""`wal.continuity`: from one position to another every segment is there, whole, and leads on to the next.

    names    each segment that the timelines' histories ask for is in the archive, at its full size
    headers  each one is what its name says: position, timeline, segment size, and the same cluster
    records  each record's CRC and back link, by pg_waldump, stretches side by side

A list of names alone is no proof: a segment of garbage has a name too. What it cannot see: log that was
never archived behind the newest segment; `ledger.rpo` sees that.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from drill.model.restore import Check, Coverage, concluded, undecided
from drill.restore.proof.clock import timed
from drill.restore.proof.wal.archive import Log, follow, headers
from drill.restore.proof.wal.names import Span, lsn_text, segment_name
from drill.restore.proof.wal.transactions import Transactions
from drill.restore.proof.wal.waldump import Reading, Waldump

NAME = "wal.continuity"
WITHIN_S = 600.0
_STRETCH_MIN = 2  # segments: below that, starting another pg_waldump costs more than it saves
_REST = 6  # one part of so many is left for whoever is done first: log is not dense alike everywhere


@dataclass(frozen=True, slots=True)
class WalProof:
    """The check, and what it read on the way: transactions in the log's order, and up to where."""

    check: Check
    transactions: Transactions
    end: int
    spans: tuple[Span, ...]


def prove_wal(
    archive: Path,
    start: int,
    binaries: Path,
    *,
    end: int | None = None,
    timeline: int | None = None,
    sysid: int | None = None,
    workers: int = 2,
    within_s: float = WITHIN_S,
) -> WalProof:
    """The archive, a folder of plain segments and history files, from `start` (the backup's checkpoint) on.

    Args:
        end: position up to which there must be log; None for the end of the newest segment.
        timeline: the one to recover along; None for the newest in the archive.
        sysid: the cluster's identifier from pg_control; None to take the first segment's.
        workers: parts that are read at the same time.
        within_s: what all of it may take; WorldError after that.
    """
    until_s = time.monotonic() + within_s
    with timed() as clock:
        proof = _prove(archive, start, binaries, end, timeline, sysid, workers, until_s)
    return WalProof(clock.stamp(proof.check), proof.transactions, proof.end, proof.spans)


def _prove(
    archive: Path, start: int, binaries: Path, end: int | None, timeline: int | None, sysid: int | None,
    workers: int, until_s: float,
) -> WalProof:  # fmt: skip
    try:
        log = follow(archive, start, end, timeline)
    except FileNotFoundError as error:
        return WalProof(undecided(NAME, "segments", f"{error}."), Transactions(), start, ())
    except ValueError as error:
        return WalProof(_broken(str(error)), Transactions(), start, ())
    wrong, good = headers(log, sysid)
    readings = _read_all(log, good, binaries, workers, until_s) if good else []
    return _proof(log, wrong, readings)


def _broken(why: str) -> Check:
    return concluded(NAME, Coverage(0, 1, "segments"), f"The archive cannot be followed: {why}.", [why])


def _read_all(
    log: Log, good: Sequence[int], binaries: Path, workers: int, until_s: float
) -> list[tuple[range, Reading]]:
    """Each stretch of neighbouring good segments, in parts read side by side, in the log's order."""
    every = [part for stretch in _stretches(good) for part in parts(stretch, workers)]
    with tempfile.TemporaryDirectory(prefix="drill-wal-") as scratch:
        # One name for all timelines, so that pg_waldump follows the log across their borders.
        for number in good:
            link = Path(scratch) / segment_name(1, number, log.size_bytes)
            link.symlink_to((log.archive / log.wanted[number]).resolve())
        dump = Waldump(binaries, Path(scratch), 1, until_s)
        with ThreadPoolExecutor(max(1, workers)) as pool:
            joined = {a.stop for a, b in pairwise(every) if a.stop == b.start}
            readings = pool.map(lambda part: _read_part(log, dump, part, part.stop in joined), every)
            return list(zip(every, readings, strict=True))


def _stretches(numbers: Sequence[int]) -> list[range]:
    stretches: list[range] = []
    for number in numbers:
        if stretches and stretches[-1].stop == number:
            stretches[-1] = range(stretches[-1].start, number + 1)
        else:
            stretches.append(range(number, number + 1))
    return stretches


def parts(stretch: range, workers: int) -> list[range]:
    """What `workers` read side by side: a large part for each, and a small one for whoever is done first.
    None is shorter than `_STRETCH_MIN`, unless the stretch is."""
    rest = len(stretch) // _REST if workers > 1 else 0
    large = len(stretch) - (rest if rest >= _STRETCH_MIN else 0)
    shares = max(1, min(workers, large // _STRETCH_MIN))
    cuts = [*(large * n // shares for n in range(shares)), *dict.fromkeys((large, len(stretch)))]
    return [range(stretch.start + a, stretch.start + b) for a, b in pairwise(cuts)]


def _read_part(log: Log, dump: Waldump, part: range, leads_on: bool) -> Reading:
    """One part, up to and with the first record of the next when that is read as well."""
    begin, stop = part.start * log.size_bytes, part.stop * log.size_bytes
    start, wanted_to, end = max(begin, log.start), stop, min(stop, log.end)
    if leads_on:
        seam = dump.first_records(stop, 2)
        if len(seam) < 2:
            return Reading(Transactions(), f"no record can be read behind {lsn_text(stop)}", stop)
        wanted_to, end = seam
    return dump.read(start, end, 0, wanted_to)


def _proof(
    log: Log, wrong: list[str], readings: Sequence[tuple[range, Reading]]
) -> WalProof:  # fmt: skip
    covered, transactions = 0, Transactions()
    for part, reading in readings:
        covered += len(part)
        if reading.error:
            wrong.append(reading.error)
            at = reading.error_lsn
            covered -= part.stop - (max(part.start, at // log.size_bytes) if at is not None else part.start)
        # Behind a hole the order goes on, but recovery never gets there.
        for record in reading.transactions:
            transactions.add(record)
    timelines = [span.timeline for span in log.spans]
    detail = (
        f"{covered} of {len(log.wanted)} segments from {lsn_text(log.start)} to {lsn_text(log.end)} are "
        f"whole, along timeline {' to '.join(map(str, timelines))}; {len(transactions)} transactions' ends "
        "are in them."
    )
    if wrong:
        detail += f" First: {wrong[0]}."
    measured = f"{covered} of {len(log.wanted)} segments"
    check = concluded(NAME, Coverage(covered, len(log.wanted), "segments"), detail, wrong, measured=measured)
    return WalProof(check, transactions, log.end, log.spans)
