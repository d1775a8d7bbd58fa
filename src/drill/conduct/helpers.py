"""The helper processes of a run: reaper, load, probes, toolkit. Their command lines and their deaths."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from drill.conduct.children import Child, end, spawn
from drill.conduct.lifeline import Lifeline
from drill.conduct.signals import Stop
from drill.definition.needs import stages_hurt
from drill.journal import Journal, is_sealed
from drill.load.order import LoadOrder
from drill.model.errors import JournalError
from drill.model.events import ChildEnded, ChildStarted
from drill.model.plan import Plan
from drill.model.target import Target
from drill.target import allowed_edge
from drill.traffic.schedule import of_plan

LOAD_PATIENCE_S = 20.0
PROBES_PATIENCE_S = 15.0
TOOLKIT_PATIENCE_S = 30.0
HASTE_S = 2.0
# A witness that waits must outwait the fault it looks for, or slow would read as silent.
WITNESS_TIMEOUT_S = 2.0
WITNESS_TIMEOUT_SLOW_S = 6.0


class Helpers:
    """Starts, watches and ends the helpers, and writes down each."""

    def __init__(self, plan: Plan, target: Target, folder: Path, run_id: str, control: Journal) -> None:
        self._plan, self._target, self._folder = plan, target, folder
        self._run_id, self._control = run_id, control
        self._children: dict[str, Child] = {}
        self._gone: set[str] = set()
        self._reaper: Lifeline | None = None

    def check(self) -> None:
        """Stop when a helper that should run does not. The toolkit may end: that is its job.

        Asked at every turn of every wait, so this is also where the reaper gets its beat.
        """
        if self._reaper is not None:
            self._reaper.beat()
        for name, child in self._children.items():
            if name not in self._gone and child.returncode is not None and name != "toolkit":
                self._ended(child, expected=False)
                raise Stop(f"the {name} process died: {child.tail(2)}".rstrip(": "))
        if self._reaper is not None and (trouble := self._reaper.trouble):
            raise Stop(trouble)

    def start_reaper(self, locks: Sequence[int], alive: Sequence[int], lease_s: float) -> None:
        """Before anybody who could inject. It holds on to the target's locks and the run's life."""
        self._reaper = Lifeline(self._folder, self._run_id, locks, alive, lease_s)
        self._began(self._reaper.child)
        self._reaper.beat()

    @property
    def guarded(self) -> bool:
        """Whether the reaper holds the lease."""
        return self._reaper is not None and self._reaper.ready

    def release_reaper(self) -> bool:
        """Have it undo what is left; false when it could not, or there is none."""
        if self._reaper is None:
            return False
        in_order = self._reaper.release()
        if "reaper" not in self._gone:
            self._ended(self._reaper.child, expected=in_order)
        self._reaper = None
        return in_order

    def start_probes(self) -> None:
        """Questions to the platform, every few hundred milliseconds."""
        slow = '"slow"' in self._plan.experiment
        timeout_s = WITNESS_TIMEOUT_SLOW_S if slow else WITNESS_TIMEOUT_S
        stages = [part for stage in stages_hurt(self._plan.experiment) for part in ("--stage", stage)]
        argv = [*self._python("drill.probes"), "--witness-timeout", str(timeout_s), *stages]
        self._start("probes", argv)

    def start_load(self) -> None:
        """Locust, in a process of its own, holding the calls."""
        plan, load = self._plan, self._plan.load
        phases, demand = plan.phases, of_plan(plan)
        order = LoadOrder(
            profile=Path(load.profile),
            edge=self._target.edge,
            run_id=self._run_id,
            stream=self._folder / "journal" / "load.jsonl",
            schedule=self._folder / "schedule.json",
            concurrency=load.concurrency,
            mean_call_s=load.mean_call_s,
            ramp_s=phases.ramp_s,
            seconds=demand.seconds,
            seed=plan.seed,
            arrivals=load.arrivals,
            frame_ms=load.frame_ms,
            windows_s=phases.ramp_s + phases.baseline_s + phases.fault_s + phases.recovery_s,
            allow=allowed_edge(self._target),
            max_calls=self._target.max_calls,
            max_calls_per_s=self._target.max_calls_per_s,
        )
        self._start("load", order.argv(), order.environ(os.environ))

    def start_toolkit(self) -> None:
        """Chaos Toolkit with the resolved experiment."""
        path = self._folder / "experiment.json"
        path.write_text(json.dumps(json.loads(self._plan.experiment), indent=1, sort_keys=True))
        argv = [*self._python("drill.toolkit.runner", "faults"), "--experiment", str(path)]
        self._start("toolkit", [*argv, "--parent", str(os.getpid())])

    def toolkit_ended(self) -> bool:
        """Whether the experiment's process is over."""
        child = self._children.get("toolkit")
        return child is not None and child.returncode is not None

    def end_toolkit(self, hung: Callable[[], bool] = lambda: False) -> None:
        """Let it revert (SIGTERM) if it still runs, unless it is `hung`: then the reaper has to."""
        self._end("toolkit", TOOLKIT_PATIENCE_S, hung)

    def end_load(self, *, haste: bool = False) -> None:
        """Let it flush what is in flight and seal its stream."""
        self._end("load", HASTE_S if haste else LOAD_PATIENCE_S)

    def end_probes(self, *, haste: bool = False) -> None:
        """The last to go."""
        self._end("probes", HASTE_S if haste else PROBES_PATIENCE_S)

    def _python(self, module: str, stream: str = "probes") -> list[str]:
        path = self._folder / "journal" / f"{stream}.jsonl"
        return [sys.executable, "-m", module, "--stream", str(path), "--run-id", self._run_id,
                "--target", str(self._target.file), "--target-name", self._target.name]  # fmt: skip

    def _start(self, name: str, argv: list[str], env: dict[str, str] | None = None) -> None:
        self._began(spawn(name, argv, self._folder / "logs" / f"{name}.log", env))

    def _began(self, child: Child) -> None:
        self._children[child.name] = child
        self._control.append(ChildStarted(child.name, child.process.pid), durable=True)

    def _end(self, name: str, patience_s: float, hung: Callable[[], bool] = lambda: False) -> None:
        child = self._children.get(name)
        if child is None or name in self._gone:
            return
        by_itself = child.returncode is not None
        in_order = end(child, patience_s, self._sleep, hung) and child.returncode == 0
        # The toolkit ends by itself when its experiment is over; everybody else waits to be told.
        self._ended(child, expected=in_order and (not by_itself or name == "toolkit"))

    def _sleep(self, length_s: float) -> None:
        """While we wait for one who ends, we live."""
        if self._reaper is not None:
            self._reaper.beat()
        time.sleep(length_s)

    def _ended(self, child: Child, *, expected: bool) -> None:
        self._gone.add(child.name)
        code = child.returncode if child.returncode is not None else -1
        stream = self._folder / "journal" / f"{'faults' if child.name == 'toolkit' else child.name}.jsonl"
        sealed = is_sealed(stream)
        detail = "" if expected and sealed else child.tail()
        # Unwinding goes on where nothing can be written down any more.
        with contextlib.suppress(JournalError):
            self._control.append(ChildEnded(child.name, code, expected and sealed, detail), durable=True)
