"""A vault: a bucket whose objects nobody can delete before their time (S3 Object Lock), by moto's server.

It is there to be tried at and holds nothing but what drills put there: the platform's own backups lie in the
two regions, whose store knows no locks. All of it is in memory.
"""

from __future__ import annotations

import asyncio
import sys

from moto.server import ThreadedMotoServer

from drill.sandbox import service
from drill.sandbox.backups import settings
from drill.sandbox.backups.bucket import Bucket
from drill.sandbox.backups.settings import VaultConfig
from drill.sandbox.defects import Defect

DAYS = 1  # the least that there is


async def serve(config: VaultConfig, stop: asyncio.Event) -> None:
    """Refuse until told to stop."""
    server = ThreadedMotoServer(config.host, config.port, verbose=False)
    await asyncio.to_thread(server.start)
    try:
        bucket = Bucket(f"http://{config.host}:{config.port}", config.credentials, config.bucket)
        # The defect: versions are kept, and nothing keeps anybody from deleting them.
        days = 0 if Defect.VAULT_DELETES in config.defects else DAYS
        await asyncio.to_thread(bucket.create_versioned, days)
        await stop.wait()
    finally:
        await asyncio.to_thread(server.stop)


if __name__ == "__main__":
    sys.exit(service.main("drill.sandbox.backups.vault", settings.vault, serve))
