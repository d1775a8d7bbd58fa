"""`data.checksums`: every page of every relation file against the checksum in it.

    base backup    of a running server: it reads all files past its own cache and checks each page as it goes;
                   what it sends is thrown away
    pg_checksums   of a folder whose server was shut down cleanly

Both see heap, indexes, TOAST and catalogs of all databases. Neither sees a page that was damaged before its
checksum was reckoned, or an old page in the place of a newer one: their checksums are right, and
`rows.equal` sees them.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from drill.model.errors import WorldError
from drill.model.restore import Check, Coverage, concluded, undecided
from drill.restore.proof.catalog import PAGE_BYTES
from drill.restore.proof.clock import timed
from drill.restore.proof.place import Place

NAME = "data.checksums"
WITHIN_S = 600.0
_OFF = "The cluster keeps no data checksums, so damage on disk cannot be told from data."
_BAD_PAGE = re.compile(r"checksum verification failed in (?:backup )?file \"([^\"]+)\", block (\d+)")
_BLOCKS = re.compile(r"Blocks scanned:\s+(\d+)")
_BAD = re.compile(r"Bad checksums:\s+(\d+)")
_SIZE = "SELECT sum(pg_database_size(oid))::int8, current_setting('data_checksums') FROM pg_database"


def check_checksums(place: Place, binaries: Path, within_s: float = WITHIN_S) -> Check:
    """Of a running server, by a role that may take base backups. WorldError when it cannot be reached."""
    with timed() as clock:
        with place.session() as session:
            row = session.execute(_SIZE).fetchone()
        if row is None or row[1] != "on":
            return undecided(NAME, "pages", _OFF)
        argv = [
            str(binaries / "pg_basebackup"), "-h", place.host, "-p", str(place.port), "-U", place.user,
            "--no-password", "--pgdata=-", "--format=tar", "--wal-method=none", "--checkpoint=fast",
            "--no-manifest",
        ]  # fmt: skip
        environment = {"PGPASSFILE": str(place.passfile)} if place.passfile else {}
        code, said = _run(argv, environment, within_s)
        return clock.stamp(_of_backup(code, said, int(row[0]) // PAGE_BYTES))


def _of_backup(code: int, said: str, pages: int) -> Check:
    wrong = [f"{name.removeprefix('./')} page {page}" for name, page in _BAD_PAGE.findall(said)]
    if code and not wrong:
        last = next(iter(said.strip().splitlines()[-1:]), f"it ended with {code}")
        return undecided(NAME, "pages", f"The server's files could not be read as a base backup: {last}")
    return _concluded(pages, wrong, len(wrong), "base backup")


def check_stopped(folder: Path, binaries: Path, within_s: float = WITHIN_S) -> Check:
    """Of a data folder whose server was shut down cleanly."""
    with timed() as clock:
        argv = [str(binaries / "pg_checksums"), "--check", "--pgdata", str(folder)]
        code, said = _run(argv, {}, within_s)
        if "not enabled" in said:
            return undecided(NAME, "pages", _OFF)
        wrong = [f"{Path(n).relative_to(folder)} page {page}" for n, page in _BAD_PAGE.findall(said)]
        blocks, bad = _BLOCKS.search(said), _BAD.search(said)
        if blocks is None or bad is None or (code and not int(bad[1])):
            last = next(iter(said.strip().splitlines()[-1:]), f"it ended with {code}")
            return undecided(NAME, "pages", f"pg_checksums could not read the folder: {last}")
        return clock.stamp(_concluded(int(blocks[1]), wrong, int(bad[1]), "pg_checksums"))


def _run(argv: list[str], environment: Mapping[str, str], within_s: float) -> tuple[int, str]:
    """How it ended and all that it said but the backup itself; WorldError when it cannot run or hangs."""
    both = argv[0].endswith("pg_checksums")
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if both else subprocess.DEVNULL,
            stderr=subprocess.PIPE, timeout=within_s, check=False, text=True, errors="replace",
            env={"LC_ALL": "C", "PATH": os.environ.get("PATH", ""), **environment},
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise WorldError(f"{Path(argv[0]).name} did not end within {within_s:.0f} s") from error
    except OSError as error:
        raise WorldError(f"{Path(argv[0]).name} cannot be run: {error.strerror}") from error
    return done.returncode, f"{done.stdout or ''}{done.stderr}"


def _concluded(pages: int, wrong: list[str], bad: int, way: str) -> Check:
    detail = f"{pages} pages of all databases were read, {bad} do not match their checksum"
    detail += f"; first: {wrong[0]}." if wrong else "."
    coverage = Coverage(pages, pages, "pages")
    named = wrong or ["a page that is not named"] * min(bad, 1)
    return concluded(NAME, coverage, detail, named, measured=f"{bad} bad pages", limit="0", way=way)
