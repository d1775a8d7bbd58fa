"""One sandbox service as a real process, for as long as a block lasts."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

READY_S = 20.0


@contextmanager
def service(
    name: str, config: Mapping[str, object], home: Path, host: str, port: int
) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m drill.sandbox.NAME`, listening; it dies with us, whatever happens to us."""
    file = home / f"{name}.json"
    file.write_text(json.dumps(config))
    with (home / f"{name}.log").open("ab") as log:
        command = [sys.executable, "-m", f"drill.sandbox.{name}", "--config", str(file), "--die-with-parent"]
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        await_port(process, host, port)
        yield process
    finally:
        process.kill()
        process.wait(10)


def await_port(process: subprocess.Popen[bytes], host: str, port: int) -> None:
    """Returns when somebody listens there."""
    until_s = time.monotonic() + READY_S
    while time.monotonic() < until_s:
        assert process.poll() is None, f"ended with {process.returncode}"
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex((host, port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens on {host}:{port}")
