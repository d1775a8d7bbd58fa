"""What the services share: read the configuration, bind, serve until told to stop.

Exit codes are the product's: 3 for a configuration that cannot be used, 4 for an address
that cannot be bound. `--die-with-parent` asks the kernel for a SIGKILL when the parent goes.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from drill.sandbox.settings import ConfigError

C = TypeVar("C")
_PR_SET_PDEATHSIG = 1


def main(
    name: str,
    read: Callable[[Mapping[str, Any]], C],
    serve: Callable[[C, asyncio.Event], Awaitable[None]],
    argv: list[str] | None = None,
) -> int:
    """Run one service; returns its exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m {name}")
    parser.add_argument("--config", type=Path, required=True, help="JSON file")
    parser.add_argument("--die-with-parent", action="store_true")
    args = parser.parse_args(argv)
    try:
        if args.die_with_parent:
            die_with_parent(os.getppid())
        config = read(json.loads(args.config.read_text(encoding="utf-8")))
        asyncio.run(_until_told(config, serve))
    except (ConfigError, json.JSONDecodeError) as error:
        print(f"{args.config}: {error}", file=sys.stderr)
        return 3
    except OSError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 4
    return 0


async def _until_told(config: C, serve: Callable[[C, asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(config, stop)


@asynccontextmanager
async def listening(app: web.Application, host: str, port: int) -> AsyncIterator[None]:
    """The application answers on this address inside the block."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield
    finally:
        await runner.cleanup()


def die_with_parent(parent: int) -> None:
    """Let the kernel kill us with our parent; a parent that is already gone is caught too."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        raise OSError("the parent process is gone")
