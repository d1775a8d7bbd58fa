"""The first call by the platform's own agent: a command that the target names, in a namespace of its own.

It has no network but its own loopback, and the copy's socket: what an agent owes to others, such as notes
that the copy still holds for the EHR, it cannot deliver. Where there are no namespaces it is not run.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from psycopg.conninfo import make_conninfo

from drill.model.errors import WorldError
from drill.restore.instance import loopback
from drill.restore.instance.isolation import Isolation
from drill.restore.instance.server import HungError, tie_to_parent
from drill.restore.proof.place import Place

DSN = "{dsn}"
WITHOUT = "the platform's own was not made: it needs a namespace without a network, and there is none here"
_APART = ("unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
_NOT_STARTED = (126, 127)
_WORDS_MAX = 300


class CommandError(WorldError):
    """The command could not be run, which says nothing of the copy."""


def platforms_call(command: Sequence[str], copy: Place, apart: Isolation, within_s: float) -> str:
    """What came of it, in words; WorldError when the copy did not serve, CommandError when nobody knows."""
    if apart.prefix[:1] != _APART[:1]:
        return WITHOUT
    dsn = make_conninfo(host=copy.host, port=copy.port, user=copy.user, dbname=copy.database)
    argv = [*_APART, sys.executable, "-I", "-S", str(Path(loopback.__file__)), *command]
    try:
        done = subprocess.run(
            [word.replace(DSN, dsn) for word in argv], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, errors="replace", timeout=within_s, check=False, start_new_session=True,
            preexec_fn=tie_to_parent,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise HungError(f"the platform's first call was not over in {within_s:.0f} s") from error
    except OSError as error:
        raise CommandError(f"the platform's first call cannot be made: {error}") from error
    said = _last_line(done.stdout)
    if done.returncode == 0 and said:
        return f"the platform's own: {said}"
    kind = CommandError if done.returncode in _NOT_STARTED else WorldError
    last = _last_line(done.stderr) or said or "without a word"
    raise kind(f"the platform's first call ended with {done.returncode}: {last}")


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")[:_WORDS_MAX]
