"""Start the restored server, wait until recovery is really over, and end it; nothing of it outlives us.

A server that answers may still be replaying, and a recovery that met a hole in the log ends content. So what
counts is pg_is_in_recovery() = false, and the server's own log is read for how far it came.
"""

from __future__ import annotations

import ctypes
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from drill.model.errors import WorldError
from drill.restore.instance.isolation import Isolation
from drill.restore.instance.settings import PORT, Goal, apart, arguments
from drill.restore.proof.place import Place
from drill.restore.proof.wal.names import parse_lsn

SUPERUSER = "postgres"
END_WITHIN_S = 10.0
STOP_WITHIN_S = 20.0
_POLL_S = 0.05
_CONNECT_S = 2
_PR_SET_PDEATHSIG = 1
_HBA = "local all all trust\nlocal replication all trust\n"  # its folder is what keeps others out
_REDONE = re.compile(r"redo done at ([0-9A-F]+/[0-9A-F]+)")
_OUR_ASKING = ("starting up", "not yet accepting connections", "Hot standby mode is disabled")
_STOPPED = re.compile(r"LOG:\s+(recovery stopping .*|archive recovery complete)")


class HungError(WorldError):
    """Recovery was not over at its deadline."""


class RestoreError(WorldError):
    """The server ended, or would not start: with this backup there is no coming back."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """How recovery ended: the last position that was replayed (0 unknown), and the log's own lines."""

    redone: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Folders of one restored instance; `socket` is short, as paths of sockets have to be."""

    data: Path
    socket: Path
    archive: Path
    log: Path


@dataclass(slots=True)
class Server:
    """A running restored server."""

    place: Place
    process: subprocess.Popen[bytes]
    log: Path

    def recovered(self, deadline: float) -> Recovered:
        """Returns when recovery is over; HungError at the deadline (monotonic), RestoreError at its death."""
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RestoreError(f"the restored server ended: {_why(self.log)}")
            if _over(self.place):
                return _read(self.log)
            time.sleep(_POLL_S)
        raise HungError(f"recovery was not over in time; the server's last word: {_why(self.log)}")

    def stop(self) -> None:
        """An orderly end, so that its files are whole; WorldError when it does not come."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        first = next((each for each in family if "postgres" in each.name()), None)
        (first or psutil.Process(self.process.pid)).send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=STOP_WITHIN_S)
        except subprocess.TimeoutExpired as error:
            raise WorldError(f"the restored server did not stop within {STOP_WITHIN_S:.0f} s") from error


@contextmanager
def serving(
    layout: Layout, programs: Path | None, goal: Goal | None, apartness: Isolation
) -> Iterator[Server]:
    """A server on the data folder, for the while; without a goal it is one that recovered before."""
    _prepare(layout, apartness, recover=goal is not None)
    program = "postgres" if programs is None else str(programs.absolute() / "postgres")
    config = layout.data / "postgresql.conf"
    if not config.exists():
        config.write_text("# the cluster's own settings lay elsewhere\n")
    settings = apart(layout.data, layout.socket, layout.archive, goal or Goal())
    argv = [*apartness.prefix, program, "-D", str(layout.data), *arguments(settings)]
    with layout.log.open("ab") as log:
        try:
            process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=tie_to_parent,  # noqa: PLW1509  # nothing here holds a lock across a fork
            )  # fmt: skip
        except OSError as error:
            raise WorldError(f"{argv[0]} cannot be started: {error}") from error
    try:
        yield Server(Place(str(layout.socket), PORT, SUPERUSER, "postgres"), process, layout.log)
    finally:
        end(process)


def _prepare(layout: Layout, apartness: Isolation, *, recover: bool) -> None:
    for name in ("postmaster.pid", "standby.signal"):
        (layout.data / name).unlink(missing_ok=True)
    if recover:
        (layout.data / "recovery.signal").touch()
    (layout.data / "pg_wal").mkdir(exist_ok=True)
    (layout.socket / "hba.conf").write_text(_HBA)
    (layout.socket / "ident.conf").write_text("")
    for folder in (layout.data, layout.socket, layout.archive):
        apartness.own(folder)


def tie_to_parent() -> None:
    """In a child, before it becomes its program: it dies with us."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _over(place: Place) -> bool:
    try:
        with psycopg.connect(
            host=place.host, port=place.port, user=place.user, dbname=place.database, autocommit=True,
            connect_timeout=_CONNECT_S,
        ) as session:  # fmt: skip
            return bool(session.execute("SELECT pg_is_in_recovery()").fetchone() == (False,))
    except psycopg.Error:
        return False


def end(process: subprocess.Popen[bytes]) -> None:
    """At once: the copy is to be destroyed, so nothing is lost by haste. A namespace dies with its first
    process; without one the server has to be asked first, or those that serve its sessions would stay."""
    if process.poll() is None and process.args[0] != "unshare":  # type: ignore[index]  # typed as a command of any form; ours, above, is a list
        process.send_signal(signal.SIGQUIT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=END_WITHIN_S)
    if process.poll() is None:
        process.kill()
    process.wait(timeout=END_WITHIN_S)


def _read(log: Path) -> Recovered:
    text = log.read_text(encoding="utf-8", errors="replace")
    redone = _REDONE.findall(text)
    return Recovered(parse_lsn(redone[-1]) if redone else 0, tuple(_STOPPED.findall(text)))


def _why(log: Path) -> str:
    """What the log says that matters: its first FATAL, else its last line."""
    text = log.read_text(encoding="utf-8", errors="replace")
    lines = [line for line in text.strip().splitlines() if not any(word in line for word in _OUR_ASKING)]
    worst = next(
        (line for line in lines if "FATAL" in line or "PANIC" in line), lines[-1] if lines else "nothing"
    )
    return worst.partition("UTC ")[2][-300:] or worst[-300:]
