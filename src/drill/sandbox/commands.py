"""What the command line does: everything that can be refused is refused before anything is touched."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from drill.sandbox import configs, defects, edge, ports, settings
from drill.sandbox.backups import objects
from drill.sandbox.backups import settings as backup_settings
from drill.sandbox.layout import Layout
from drill.sandbox.order import Order, proxy_program
from drill.sandbox.state import HeldError, State, StateError
from drill.sandbox.zones import isolation

_UP_DEADLINE_S = 135.0  # the supervisor gives up after 120 and says why
_DOWN_DEADLINE_S = 15.0
_LAST_MOMENT_S = 2.0
_POLL_S = 0.05
# A platform that has just started takes 0.15 GB as lite and 0.65 otherwise: etcd reserves 64 MB twice for
# each of three members. The rest is for what calls write.
_ROOM_MB = {"lite": 300, "ha": 1000, "realistic": 1000}
_INSTALL = "install the platform's parts: pip install 'drill[sandbox]'"


class UsageError(Exception):
    """What was asked cannot be."""


class WorldError(Exception):
    """It did not work out."""


def up(order: Order) -> str:
    """Start a supervisor that outlives this process; returns when it is ready, with the target file."""
    _refuse(order)
    state = State(order.root)
    with state.hold():
        state.renew()
    said = state.root / "supervisor.log"
    with said.open("wb") as log:
        child = subprocess.Popen(
            _again(order), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    deadline_s = time.monotonic() + _UP_DEADLINE_S
    try:
        while child.poll() is None and time.monotonic() < deadline_s:
            if state.read_status().get("phase") == "ready":
                print(_text(said), file=sys.stderr)
                return str(state.target)
            time.sleep(_POLL_S)
    except KeyboardInterrupt:
        child.terminate()
        raise
    child.kill()
    why = _text(said) or f"no answer from the supervisor in {_UP_DEADLINE_S:.0f} s"
    raise (UsageError if child.wait() == 3 else WorldError)(why.removeprefix("sandbox: "))


def _again(order: Order) -> list[str]:
    """This command, in the foreground."""
    words = [sys.executable, "-m", "drill.sandbox", "up", "--foreground"]
    words += ["--instance", str(order.instance), "--state", str(order.root)]
    words += ["--proxy", order.proxy, "--isolation", order.isolation, "--profile", order.profile]
    for name in order.defects:
        words += ["--defect", name]
    words += ["--backups"] if order.backups else []
    for key, value in order.settings.items():
        words += ["--set", f"{key}={value}"]
    return words


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").strip()


def _refuse(order: Order) -> None:
    """Everything that is wrong with what was asked, or in the way of it."""
    try:
        layout = Layout(order.instance)
        defects.check(list(order.defects), order.profile, backups=order.backups)
        state = State(order.root)
        state.check()
        settings.agent(configs.agent(layout, state, "a", {"dsn": ""}, order.defects, order.agents))
        _refuse_policy(order)
    except (ValueError, StateError) as error:
        raise UsageError(str(error)) from error
    if state.held():
        pid = state.read_status().get("pid", "unknown")
        raise WorldError(f"{state.root} is up already (supervisor pid {pid}); end it with `down` first")
    program = proxy_program(order.proxy)
    if program is not None and not os.access(program, os.X_OK):
        raise UsageError(f"--proxy {order.proxy}: {program} is not a program")
    if busy := ports.taken(layout.claims(cluster=order.profile != "lite", backups=order.backups)):
        raise WorldError("\n  ".join(["addresses are in use, nothing was started:", *busy]))
    _refuse_full_disk(order)


def _refuse_full_disk(order: Order) -> None:
    """A disk that fills up while drills run would tell of itself, not of the platform."""
    place = next(folder for folder in (order.root, *order.root.parents) if folder.is_dir())
    free_mb, room_mb = shutil.disk_usage(place).free // 1_000_000, _ROOM_MB[order.profile]
    if free_mb < room_mb:
        raise WorldError(
            f"{place} has {free_mb} MB left, profile {order.profile} takes {room_mb} MB: make room, or name "
            "a folder elsewhere with --state"
        )


def _refuse_policy(order: Order) -> None:
    """Settings of backups that are none, or that a platform without backups has no place for."""
    if order.policy and not order.backups:
        first = next(iter(order.policy))
        raise ValueError(f"backups.{first} is set for a platform without backups: --backups")
    backup_settings.policy(order.policy)


def foreground(order: Order, *, with_parent: bool) -> None:
    """Be the supervisor until a signal, or with `with_parent` until the parent or standard input ends."""
    _refuse(order)
    state = State(order.root)
    try:
        lock = state.hold()
    except HeldError as error:
        raise WorldError(f"{error} is up already") from error
    with lock:
        asyncio.run(_supervise(order, state, os.getppid() if with_parent else None))


async def _supervise(order: Order, state: State, parent: int | None) -> None:
    # Here and not above: only a supervisor pays for psycopg's import.
    from drill.sandbox.stores import make, make_backups
    from drill.sandbox.supervisor import FailedError, Supervisor

    envoy = edge.program()
    backups = make_backups(order, state)
    store = None if envoy is None else make(order, state, isolation(order.isolation), envoy, backups)
    if envoy is None or store is None or (order.backups and objects.program() is None):
        raise WorldError(_INSTALL)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    if parent is not None:
        _end_with(parent, stop)
    try:
        await Supervisor(order, state, store, envoy, backups).run(stop)
    except FailedError as error:
        raise WorldError(str(error)) from error
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise WorldError(f"the disk of {state.root} is full; make room on it, or name another") from error


def _end_with(parent: int, stop: asyncio.Event) -> None:
    """Stop when the parent process ends, or when standard input does if somebody holds its other side.

    A pidfd and not PDEATHSIG: that one means the thread that started us, which may be short-lived.
    """
    loop = asyncio.get_running_loop()
    try:
        watched = os.pidfd_open(parent)
    except ProcessLookupError:
        stop.set()
        return
    loop.add_reader(watched, stop.set)
    if os.getppid() != parent:
        stop.set()
    mode = os.fstat(0).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):

        def drain() -> None:
            if not os.read(0, 4096):
                stop.set()
                loop.remove_reader(0)

        loop.add_reader(0, drain)


def status(root: Path) -> dict[str, Any]:
    """What the supervisor last wrote, if there is one."""
    state = State(root)
    known = state.read_status()
    if not known or not state.held():
        return {"phase": "down", "processes": []}
    return known


def down(root: Path) -> str:
    """End the supervisor and with it everything; returns what was done."""
    state = State(root)
    if not state.held():
        return "down already"
    pid = int(state.read_status().get("pid", 0))
    for number in (signal.SIGTERM, signal.SIGKILL):
        if pid:
            _signal(pid, number)
        deadline_s = time.monotonic() + _DOWN_DEADLINE_S
        while state.held() and time.monotonic() < deadline_s:
            time.sleep(_POLL_S)
        if not state.held():
            # The lock goes a moment before the process does.
            with suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
                psutil.Process(pid).wait(_LAST_MOMENT_S)
            return "down"
    raise WorldError(f"the supervisor of {root} (pid {pid or 'unknown'}) does not end")


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise WorldError(f"pid {pid} belongs to another user") from error
