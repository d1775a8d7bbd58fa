"""`python -m drill.sandbox.faultproxy --host H --port P [--config FILE] [--die-with-parent]`"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from aiohttp import web

from drill.sandbox.faultproxy.api import make_app
from drill.sandbox.faultproxy.errors import ApiError
from drill.sandbox.faultproxy.parent import die_with_parent
from drill.sandbox.faultproxy.registry import Registry

_SHUTDOWN_S = 2.0


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m drill.sandbox.faultproxy", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8474)
    parser.add_argument("--config", type=Path, help="JSON list of proxies to make at the start")
    parser.add_argument("--die-with-parent", action="store_true")
    return parser.parse_args(argv)


async def _serve(arguments: argparse.Namespace) -> None:
    registry, stop = Registry(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if arguments.config is not None:
        await registry.populate(json.loads(arguments.config.read_bytes()), [])
    runner = web.AppRunner(make_app(registry), access_log=None, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, arguments.host, arguments.port).start()
        await stop.wait()
    finally:
        registry.stop()
        await runner.cleanup()


def main(argv: list[str]) -> int:
    """Serve until told to stop; 4 when it cannot listen, 3 when the config is wrong."""
    arguments = _arguments(argv)
    if arguments.die_with_parent:
        die_with_parent()
    try:
        asyncio.run(_serve(arguments))
    except (OSError, ApiError) as error:
        sys.stderr.write(f"faultproxy: {error}\n")
        return 4
    except ValueError as error:
        sys.stderr.write(f"faultproxy: {arguments.config}: {error}\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
