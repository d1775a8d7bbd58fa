"""`python -m soak.conductor`: for each order on a line of standard input, a conductor, forked from here.

So that one second of imports is paid once. A conductor is the leader of a process group, as under a shell.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from drill.conduct.guards import Consent
from drill.conduct.helpers import Helpers
from drill.conduct.loop import conduct
from drill.conduct.run import Crew
from drill.definition import load_drill
from drill.plan import plan
from drill.runs import judge_run, new_run, write_results
from drill.target import load_target

LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
os.execv(sys.argv[2], sys.argv[2:])
"""


class Stubs(Helpers):
    """One stub for load and probes; reaper and toolkit as ever."""

    def start_load(self) -> None:
        """See the module `soak.stub`."""
        stream = self._folder / "journal" / "load.jsonl"
        self._start("load", [sys.executable, "-m", "soak.stub", str(stream), self._run_id])

    def start_probes(self) -> None:
        """The load's stub says what probes would."""

    def _start(self, name: str, argv: list[str], env: dict[str, str] | None = None) -> None:
        """The toolkit with no more room in each of its files than the order gives it."""
        if name == "toolkit" and (room := os.environ["SOAK_ROOM"]) != "0":
            argv = [sys.executable, "-c", LIMITED, room, *argv]
        super()._start(name, argv, env)


def conducted(order: dict[str, Any]) -> None:
    """One drill from file to results."""
    os.environ["SOAK_ROOM"] = str(order["room"])
    target = load_target(Path(order["target"]))
    planned = plan(load_drill(Path(order["drill"])), target, seed=1, sham=False)
    folder, run_id = new_run(Path(order["runs"]), planned, target)
    crew = Crew(Helpers if order["locust"] else Stubs, order["lease_s"])
    conduct(planned, target, folder, run_id, ("soak",), "0", lambda _: None, Consent(), crew)
    write_results(judge_run(folder))


def main() -> None:
    """Fork and go on; children are collected by the kernel."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _child(json.loads(line))
        print(pid, flush=True)


def _child(order: dict[str, Any]) -> None:
    os.setpgid(0, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with Path(order["runs"], "conductor.log").open("ab", buffering=0) as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    code = 0
    try:
        conducted(order)
    except BaseException:  # noqa: BLE001  # told to the log; a fork must never return into the loop
        traceback.print_exc()
        code = 1
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
