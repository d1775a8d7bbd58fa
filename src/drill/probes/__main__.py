"""`python -m drill.probes`: watch a target into a journal stream until SIGTERM or until the parent dies."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
from pathlib import Path

from drill.journal import Journal
from drill.output import guard_output
from drill.probes.watch import Watcher
from drill.target import load_target, redactor_of

FLUSH_EVERY_S = 0.25


async def _watch(args: argparse.Namespace) -> None:
    target = load_target(args.target, args.target_name)
    redactor = redactor_of(target)
    guard_output(redactor.clean)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    journal = Journal(args.stream, args.run_id, redactor=redactor)
    flusher = asyncio.create_task(_flush(journal, stop))
    await Watcher(target, journal, args.witness_timeout, args.stage).run(stop)
    flusher.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await flusher
    journal.seal()


async def _flush(journal: Journal, stop: asyncio.Event) -> None:
    """Until cancelled. What cannot be written down need not be asked: an error here ends the watch."""
    parent = os.getppid()
    try:
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            journal.flush()
            if os.getppid() != parent:
                stop.set()
    finally:
        stop.set()


def main() -> None:
    """Parse the arguments and watch."""
    parser = argparse.ArgumentParser(prog="drill.probes")
    parser.add_argument("--target", type=Path, required=True)
    parser.add_argument("--target-name", required=True)
    parser.add_argument("--stream", type=Path, required=True)
    parser.add_argument("--run-id", required=True)
    parser.add_argument("--witness-timeout", type=float, default=2.0)
    parser.add_argument("--stage", action="append", default=[], help="of speech and model, what to ask")
    asyncio.run(_watch(parser.parse_args()))


if __name__ == "__main__":
    main()
