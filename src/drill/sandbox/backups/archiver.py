"""The resident archiver: takes in log files, takes base backups, keeps what the policy says, beats, and
erases who asks to be forgotten.

A log file is acknowledged when the object store has it. One that is there already with other content is
refused: two servers that both believe they lead must not write over each other.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import sys
from collections.abc import AsyncIterator

import psycopg
from aiohttp import web

from drill.sandbox import service
from drill.sandbox.backups import basebackup, catalog, retention, settings
from drill.sandbox.backups.basebackup import BackupError
from drill.sandbox.backups.bucket import FAILURES, Bucket
from drill.sandbox.backups.erasures import Erasures
from drill.sandbox.backups.settings import BackupConfig
from drill.sandbox.defects import Defect
from drill.sandbox.truth import Truth

MOST_BYTES = 64 << 20
SKIPPED_EACH = 3
TORN_SHARE = 0.6
AGAIN_S = 0.5
_BEAT = "SELECT pg_current_xact_id()"  # taking a number is enough for a commit record


class Archiver:
    """One store's backups."""

    def __init__(self, config: BackupConfig) -> None:
        self.config = config
        self.bucket = Bucket(config.regions[0], config.credentials, config.bucket)
        self.truth = Truth(config.truth)
        self.backups = 0
        self._segments = 0

    def app(self) -> web.Application:
        """Routes."""
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_put("/wal/{name}", self._wal)
        app.router.add_get("/health", self._health)
        return app

    async def _health(self, _request: web.Request) -> web.Response:
        """Ready once there is something to go back to."""
        return web.json_response({"backups": self.backups}, status=200 if self.backups else 503)

    async def _wal(self, request: web.Request) -> web.Response:
        name, data = request.match_info["name"], await request.read()
        if self._skipped(name):
            self.truth.write(skipped=name)
            return web.Response()
        try:
            await asyncio.to_thread(self._archive, name, data)
        except (*FAILURES, ValueError) as error:
            return web.Response(status=503, text=str(error))
        self.truth.write(archived=name)
        return web.Response()

    def _archive(self, name: str, data: bytes) -> None:
        key, digest = catalog.wal_key(self.config.server, name), hashlib.sha256(data).hexdigest()
        known = self.bucket.digest(key)
        if known not in (None, digest):
            raise ValueError(f"{name} is archived already, and is another")
        if known is None:
            self.bucket.put(key, data, digest)

    def _skipped(self, name: str) -> bool:
        """The defect: every third log file is acknowledged and thrown away."""
        if Defect.WAL_ARCHIVER_SKIPS not in self.config.defects or "." in name:
            return False
        self._segments += 1
        return self._segments % SKIPPED_EACH == 0

    async def back_up(self) -> None:
        """For ever: a base backup, then let go what the policy does."""
        work = self.config.work
        while True:
            pause_s = self.config.policy.every_s
            try:
                taken = await basebackup.take(
                    self.config.programs / "pg_basebackup", self.config.dsn, self.config.passfile,
                    self.config.server, work,
                )  # fmt: skip
                await asyncio.to_thread(basebackup.store, self.bucket, taken, work, self._spoil)
                if not self.config.held.exists():
                    await asyncio.to_thread(self._hold, taken.backup_id)
                self.backups += 1
                await asyncio.to_thread(self._let_go)
            except (BackupError, *FAILURES) as error:
                print(f"no base backup: {error}", file=sys.stderr, flush=True)
                pause_s = AGAIN_S
            await asyncio.sleep(pause_s)

    def _spoil(self, data: bytes) -> bytes:
        """The defect: less than all of it is sent, and nobody looks."""
        torn = Defect.BACKUP_JOB_FAILS_SILENTLY in self.config.defects
        return data[: int(len(data) * TORN_SHARE)] if torn else data

    def _hold(self, backup_id: str) -> None:
        """Somebody wants this one kept: noted as Barman does, and then in a register that lies elsewhere."""
        key = catalog.base_key(self.config.server, backup_id, catalog.KEEP)
        self.bucket.put(key, catalog.STANDALONE.encode())
        self.config.held.write_text(f"{backup_id} {catalog.STANDALONE}\n", encoding="utf-8")

    def _let_go(self) -> None:
        server, bucket, keep = self.config.server, self.bucket, self.config.policy.keep
        keys = [item.key for item in bucket.items(f"{server}/base/")]
        infos = {key.split("/")[-2]: key for key in keys if key.endswith(f"/{catalog.INFO}")}
        spans = {name: catalog.span(bucket.get(key).decode()) for name, key in infos.items()}
        held = {key.split("/")[2] for key in keys if key.endswith(f"/{catalog.KEEP}")}
        if Defect.HOLD_IGNORED in self.config.defects:
            held = set()
        for backup_id in retention.expired(spans, keep, held):
            parts = [key for key in keys if key.split("/")[2] == backup_id]
            for key in sorted(
                parts, key=lambda each: each != infos[backup_id]
            ):  # what makes it one goes first
                bucket.delete(key)
        names = [item.key.rpartition("/")[2] for item in bucket.items(f"{server}/wals/")]
        for name in retention.useless(names, spans, keep, held):
            bucket.delete(catalog.wal_key(server, name))

    async def beat(self) -> None:
        """For ever: commit something small, so that every moment has a commit after it."""
        while True:
            with contextlib.suppress(psycopg.Error):
                async with await psycopg.AsyncConnection.connect(
                    self.config.dsn, passfile=self.config.passfile, dbname="postgres", autocommit=True,
                    connect_timeout=2, options="-c synchronous_commit=local",
                ) as connection:  # fmt: skip
                    while True:
                        await connection.execute(_BEAT)
                        await asyncio.sleep(self.config.policy.heartbeat_s)
            await asyncio.sleep(AGAIN_S)

    async def prepare(self) -> None:
        """Until the bucket is there."""
        while True:
            try:
                return await asyncio.to_thread(self.bucket.create)
            except FAILURES:
                await asyncio.sleep(AGAIN_S)


@contextlib.asynccontextmanager
async def _working(archiver: Archiver) -> AsyncIterator[None]:
    config = archiver.config
    erasures = Erasures(config.eraser, config.passfile, config.erased, config.policy.erase_s)
    work = [asyncio.create_task(each) for each in (archiver.back_up(), archiver.beat(), erasures.run())]
    try:
        yield
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)


async def serve(config: BackupConfig, stop: asyncio.Event) -> None:
    """Archive until told to stop."""
    archiver = Archiver(config)
    await archiver.prepare()
    try:
        async with service.listening(archiver.app(), config.host, config.port), _working(archiver):
            await stop.wait()
    finally:
        archiver.truth.close()


if __name__ == "__main__":
    sys.exit(service.main("drill.sandbox.backups.archiver", settings.backups, serve))
