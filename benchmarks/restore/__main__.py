"""Ratios within one run, so that they hold on any machine; absolute figures beside them."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil
from tests.postgres import BINARIES

from benchmarks.restore.ground import Ground, ground
from benchmarks.restore.peer import as_data_diff, as_text
from benchmarks.show import show
from drill.model.restore import Check
from drill.model.verdicts import Status
from drill.restore.proof.catalog import PAGE_BYTES, Table, tables
from drill.restore.proof.checksums import check_checksums
from drill.restore.proof.indexes import check_indexes
from drill.restore.proof.keys import check_foreign_keys, check_sequences
from drill.restore.proof.manifest import check_manifest
from drill.restore.proof.rows import check_rows, digest
from drill.restore.proof.schema import check_schema
from drill.restore.proof.wal.archive import follow
from drill.restore.proof.wal.continuity import prove_wal
from drill.restore.proof.wal.names import lsn_text

GB = 1e9


@dataclass(frozen=True, slots=True)
class Cost:
    """What some work took: by the clock, and of processor time in the server."""

    wall_s: float
    cpu_s: float


def cost(at: Ground, work: Callable[[], object]) -> Cost:
    """The better of two runs, each by its own measure."""
    runs = [_once(at, work) for _ in range(2)]
    return Cost(min(run.wall_s for run in runs), min(run.cpu_s for run in runs))


def _once(at: Ground, work: Callable[[], object]) -> Cost:
    before, began = _spent_s(at), time.perf_counter()
    work()
    return Cost(time.perf_counter() - began, _spent_s(at) - before)


def _spent_s(at: Ground) -> float:
    """Processor time of the server's sessions that have ended."""
    assert at.server.process is not None
    time.sleep(0.2)
    times = psutil.Process(at.server.process.pid).cpu_times()
    return float(times.children_user + times.children_system)


def rows(at: Ground) -> None:
    """Digests of one side: of all tables, then of each, since documents cost everybody their text."""
    with at.copy.session() as session:
        listed = tables(session)
    for some in (listed, *([table] for table in listed)):
        _digests(at, some)


def _digests(at: Ground, listed: Sequence[Table]) -> None:
    names = " and ".join(table.name for table in listed)
    ours, alone = cost(at, lambda: digest(at.copy, listed, 2)), cost(at, lambda: digest(at.copy, listed, 1))
    size_gb = sum(table.pages for table in listed) * PAGE_BYTES / GB
    note = f"{size_gb:.2f} GB of rows in {ours.wall_s:.2f} s; one session {alone.wall_s:.2f} s; "
    note += f"{size_gb / ours.cpu_s:.2f} GB for each second of a core"
    show(f"row digest of {names}, 128 bits, two sessions, at least", size_gb / ours.wall_s, 0.5, "GB/s", note)
    # One session is how such tools start; two are for whoever asks them for more.
    one, two = (cost(at, partial(as_data_diff, at.copy, listed, n)) for n in (1, 2))
    note = f"{one.wall_s:.2f} s on one session, {two.wall_s:.2f} s on two; by processor time "
    note += f"{one.cpu_s / ours.cpu_s:.1f}x for each core"
    show(f"two sessions against one of data-diff, {names}, at least", one.wall_s / ours.wall_s, 6, "x", note)
    one, two = (cost(at, partial(as_text, at.copy, listed, n)) for n in (1, 2))
    print(
        f"  of md5 of rows as text, by our pages: {one.wall_s / ours.wall_s:.1f}x; {one.wall_s:.2f} s on "
        f"one session, {two.wall_s:.2f} s on two; {one.cpu_s / ours.cpu_s:.1f}x for each core"
    )


def log(at: Ground) -> None:
    """Continuity of the archive."""
    whole = follow(at.archive, at.start)
    argv = [str(BINARIES / "pg_waldump"), "-q", "-p", str(at.archive), "-s", lsn_text(at.start)]
    argv += ["-e", lsn_text(whole.end)]
    one_s = cost(at, lambda: subprocess.run(argv, check=True)).wall_s
    two_s = cost(at, lambda: proved(prove_wal(at.archive, at.start, BINARIES, workers=2).check)).wall_s
    note = f"{at.archive_bytes / GB:.2f} GB; {one_s:.2f} s by one, {two_s:.2f} s by two"
    show("WAL by two ranges against one pg_waldump, at least", one_s / two_s, 1.8, "x", note)


def proved(check: Check) -> Check:
    """A figure of a check that did not pass is no figure."""
    assert check.status is Status.PASS, check
    return check


def whole(at: Ground) -> None:
    """Every check of a copy, one after the other, each on two cores."""
    work: list[Callable[[], Check]] = [
        lambda: check_manifest(at.backup),
        lambda: prove_wal(at.archive, at.start, BINARIES).check,
        lambda: check_checksums(at.copy, BINARIES),
        lambda: check_indexes(at.copy),
        lambda: check_schema(at.source, at.copy),
        lambda: check_foreign_keys(at.copy),
        lambda: check_sequences(at.copy),
        lambda: check_rows(at.source, at.copy),
    ]
    checks = [proved(one()) for one in work]
    for check in checks:
        print(f"  {check.name:16} {check.took_s:6.2f} s  {check.coverage.covered} {check.coverage.unit}")
    total_s = sum(check.took_s for check in checks)
    proved_gb = (at.database_bytes + at.archive_bytes) / GB
    note = (
        f"{total_s:.1f} s; {at.database_bytes / GB:.2f} GB of database, {at.archive_bytes / GB:.2f} GB of log"
    )
    show("whole proof, source and copy on one machine", total_s / proved_gb, 6, "s/GB", note)
    print(f"  {total_s / (at.database_bytes / GB):.1f} s for each GB of the database alone")


def main() -> None:
    """All of it; with fewer turns than the gigabyte needs when a number is given, to see that it runs."""
    with tempfile.TemporaryDirectory(prefix="drill-bench-") as folder:
        Path(folder).chmod(0o755)
        began = time.perf_counter()
        with ground(Path(folder), *map(int, sys.argv[1:2])) as at:
            print(f"  ground: {time.perf_counter() - began:.0f} s")
            rows(at)
            log(at)
            whole(at)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    show("memory of the prover", peak_mb, 300, "MB", "its own process at its peak")


if __name__ == "__main__":
    main()
