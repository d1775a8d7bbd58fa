"""The platform's own first call: a command in a namespace without a network, and what is made of its end."""

from __future__ import annotations

import sys

import pytest

from drill.model.errors import WorldError
from drill.restore.exercise.first_call import CommandError, platforms_call
from drill.restore.instance.isolation import Isolation, isolation
from drill.restore.instance.server import HungError
from drill.restore.proof.place import Place

COPY = Place("/tmp/drill-x y", 5432, "postgres", "voice")  # noqa: S108  # nothing is there
APART = isolation()
needs_namespaces = pytest.mark.skipif(APART.prefix[:1] != ("unshare",), reason="no namespaces here")


def said(code: str, *more: str, within_s: float = 20.0) -> str:
    return platforms_call([sys.executable, "-I", "-S", "-c", code, *more], COPY, APART, within_s)


@needs_namespaces
def test_the_last_line_of_a_command_that_succeeds_is_kept() -> None:
    assert said("print('starting'); print('call 7 is stored'); print()") == (
        "the platform's own: call 7 is stored"
    )


@needs_namespaces
def test_the_copys_place_is_one_word_and_no_shell_reads_it() -> None:
    assert said("import sys; print(sys.argv[1:])", "--dsn={dsn}", "$HOME") == (
        "the platform's own: [\"--dsn=host='/tmp/drill-x y' port=5432 user=postgres dbname=voice\", '$HOME']"
    )


@needs_namespaces
def test_a_command_has_a_loopback_and_nothing_else() -> None:
    code = (
        "import socket; server = socket.create_server(('127.0.0.1', 17001))\n"
        "socket.create_connection(('127.0.0.1', 17001), 1)\n"
        "try: socket.create_connection(('192.0.2.1', 80), 1)\n"
        "except OSError as error: print(error.strerror)"
    )
    assert said(code) == "the platform's own: Network is unreachable"


@needs_namespaces
def test_a_command_that_fails_is_the_copys_failure_with_its_last_word() -> None:
    with pytest.raises(WorldError, match="ended with 3: no turn") as error:
        said("import sys; print('no turn', file=sys.stderr); sys.exit(3)")
    assert not isinstance(error.value, CommandError)


@needs_namespaces
def test_a_command_that_says_nothing_proves_nothing() -> None:
    with pytest.raises(WorldError, match="without a word"):
        said("pass")


@needs_namespaces
def test_a_command_that_hangs_ends_at_the_deadline() -> None:
    with pytest.raises(HungError, match="not over in 1 s"):
        said("import time; time.sleep(60)", within_s=1.0)


def test_a_command_that_is_not_there_says_nothing_of_the_copy() -> None:
    with pytest.raises(CommandError, match="No such file"):
        platforms_call(["/nowhere/first-call", "{dsn}"], COPY, APART, 20.0)


def test_without_namespaces_the_command_is_not_run_and_that_is_said() -> None:
    apart = Isolation((), None, "the network is there")
    assert "was not made" in platforms_call(["/nowhere/first-call", "{dsn}"], COPY, apart, 1.0)
