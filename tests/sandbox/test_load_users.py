"""Callers as Locust counts them, in a Python of their own, since Locust patches the whole process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

_SCRIPT = """
import gc
import gevent, greenlet
from locust.env import Environment
from drill.load.user import CallUser
from drill.traffic.schedule import Arrival

class Caller(CallUser):
    pass

class Session:
    def __init__(self):
        self.leaves = []
    def hold(self, arrival, said, dialect, leave):
        self.leaves.append(leave)

def waiting():
    gc.collect()
    return sum(isinstance(each, greenlet.greenlet) and bool(each) for each in gc.get_objects())

def spawned(number):
    for user in runner.spawn_users({"Caller": number}):
        user.session, user.arrival = session, Arrival(0.0, 9.0, "synthetic-0002", 1)
    gevent.sleep(0.01)

runner, session = Environment(user_classes=[Caller]).create_local_runner(), Session()
"""


def said(script: str) -> str:
    """What it prints; it has nothing else to say."""
    argv = [sys.executable, "-c", _SCRIPT + script]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_a_caller_counts_until_it_leaves() -> None:
    """Once, and under its class."""
    steps = (
        "spawned(3); print(runner.user_count, runner.user_classes_count)\n"
        "session.leaves.pop()(); gevent.sleep(0.01); print(runner.user_count)"
    )
    assert said(steps).splitlines() == ["3 {'Caller': 3}", "2"]


def test_a_thousand_callers_that_talk_keep_no_greenlet_waiting() -> None:
    """Each would have a stack, and be half of what a call takes."""
    steps = "spawned(1); before = waiting(); spawned(1000); print(runner.user_count, waiting() - before)"
    assert said(steps) == "1001 0"


def test_a_user_without_an_arrival_leaves_at_once() -> None:
    """It came by Locust's own means, and is nobody's call."""
    assert said("runner.spawn_users({'Caller': 3}); gevent.sleep(0.01); print(runner.user_count)") == "0"


def test_locust_may_stop_a_caller_and_it_leaves_once() -> None:
    """The end of its call comes later, and finds it gone."""
    steps = "spawned(3); runner.stop_users({'Caller': 2}); [leave() for leave in session.leaves]\n"
    assert said(steps + "gevent.sleep(0.01); print(runner.user_count)") == "0"


def test_a_call_that_outlived_every_limit_ends_the_run() -> None:
    """Somebody has to look: nobody waits for a call any more who would notice."""
    steps = """
from pathlib import Path
from types import SimpleNamespace
from drill.load import session as module
from drill.load.settings import from_environ
module._BEAT_S, ended = 0.001, []
runner.quit = lambda: ended.append(True)
settings = from_environ({"DRILL_EDGE": "ws://127.60.0.1:17076/media"}, Path.cwd(), "")
held = module.Session(runner.environment, settings, [Caller])
held._engine.outlived = lambda now_ns: SimpleNamespace(identity=SimpleNamespace(call_sid="CA1"))
with gevent.Timeout(20.0):
    held._beat()
gevent.sleep(0.01)
print(runner.environment.process_exit_code, ended)
"""
    argv = [sys.executable, "-c", _SCRIPT + steps]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "4 [True]"
    assert "call CA1 outlived every limit" in done.stderr


def test_what_would_never_run_is_refused(tmp_path: Path) -> None:
    """Tasks and on_start, of each class, before any call."""
    (tmp_path / "file.py").write_text(
        "from locust import task\nfrom drill.load.user import CallUser, OpenArrivals\n"
        "class A(CallUser):\n    @task\n    def more(self): ...\n"
        "class B(CallUser):\n    def on_start(self): ...\nclass C(OpenArrivals): ...\n"
    )
    argv = [sys.executable, "-m", "locust", "-f", str(tmp_path / "file.py"), "--headless"]
    environ = os.environ | {"DRILL_EDGE": "ws://127.60.0.1:17075/media"}
    done = subprocess.run(
        argv, env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 3
    for name in ("A", "B"):
        assert f"file.py: {name} holds a call and nothing else; its tasks" in done.stderr
