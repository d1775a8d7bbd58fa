"""The replicator: brings every object to the second region, a set time after it was stored, and forgets
there what is gone here.

Oldest first, so that what makes a backup one (its backup.info, stored last) comes last there as well.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta

from aiohttp import web

from drill.sandbox import service
from drill.sandbox.backups import settings
from drill.sandbox.backups.bucket import FAILURES, Bucket, Item
from drill.sandbox.backups.settings import BackupConfig
from drill.sandbox.defects import Defect

PAUSE_S = 1.0


class Replicator:
    """One store's way to its second region."""

    def __init__(self, config: BackupConfig) -> None:
        self._config = config
        self._here, self._there = (Bucket(at, config.credentials, config.bucket) for at in config.regions)
        self._known: dict[str, Item] = {}
        self.rounds = 0

    def app(self) -> web.Application:
        """Routes."""
        app = web.Application()
        app.router.add_get("/health", self._health)
        return app

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"rounds": self.rounds}, status=200 if self.rounds else 503)

    async def run(self) -> None:
        """For ever; a store that is away is asked again next time."""
        while True:
            try:
                await asyncio.to_thread(self.round, datetime.now(UTC))
                self.rounds += 1
            except FAILURES as error:
                print(f"not replicated: {error}", file=sys.stderr, flush=True)
            await asyncio.sleep(PAUSE_S)

    def round(self, now: datetime) -> None:
        """Copy what is due, remove what is gone."""
        self._there.create()
        here = {item.key: item for item in self._here.items(f"{self._config.server}/")}
        due = now - timedelta(seconds=self._config.policy.lag_s)
        for item in sorted(here.values(), key=lambda each: each.modified):
            if item.modified <= due and self._known.get(item.key) != item:
                self._copy(item)
        for key in set(self._known) - set(here):
            self._there.delete(key)
            del self._known[key]

    def _copy(self, item: Item) -> None:
        data, digest = self._here.get(item.key), self._here.digest(item.key)
        if Defect.REPLICATOR_CORRUPTS in self._config.defects and not item.key.endswith(".info"):
            data = os.urandom(len(data))  # the defect: as long as it was, and nothing else
        self._there.put(item.key, data, digest or "")
        self._known[item.key] = item


async def serve(config: BackupConfig, stop: asyncio.Event) -> None:
    """Replicate until told to stop."""
    replicator = Replicator(config)
    async with service.listening(replicator.app(), config.host, config.port):
        work = asyncio.create_task(replicator.run())
        try:
            await stop.wait()
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)


if __name__ == "__main__":
    sys.exit(service.main("drill.sandbox.backups.replicator", settings.backups, serve))
