"""Who is in the way: every address that is taken, and by whom as far as this user may see."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Mapping

import psutil

from drill.sandbox.layout import Address

_ANY = ("0.0.0.0", "::")  # noqa: S104  # compared with, never bound


def taken(claims: Mapping[str, Address]) -> list[str]:
    """One line for each address that cannot be bound; empty when all are free."""
    busy = {what: address for what, address in claims.items() if not _free(address)}
    holders = _listeners() if busy else {}
    return [f"{address} ({what}): {_blame(address, holders)}" for what, address in busy.items()]


def _free(address: Address) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            # Linux lets two sockets bind with SO_REUSEADDR as long as neither listens.
            probe.listen(1)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
    return True


def _listeners() -> dict[Address, int | None]:
    return {
        Address(found.laddr.ip, found.laddr.port): found.pid
        for found in psutil.net_connections("tcp")
        if found.status == psutil.CONN_LISTEN and found.laddr
    }


def _blame(address: Address, holders: Mapping[Address, int | None]) -> str:
    at = [address, *(Address(host, address.port) for host in _ANY)]
    pid = next((holders[candidate] for candidate in at if holders.get(candidate)), None)
    if pid is None:
        return "held by another user's process" if os.geteuid() else "held by a process that cannot be seen"
    try:
        process = psutil.Process(pid)
        return f"held by pid {pid}, {' '.join(process.cmdline())[:100] or process.name()}"
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return f"held by pid {pid}"
