"""One trial: a drill begins, somebody dies at a random moment, and nothing may be left behind."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from drill.faults.ledger import fence, outstanding
from drill.journal import Stream, merge, read_run
from drill.model.events import Aborted, ChildStarted, FaultRequested, FaultReverted, RunStarted
from drill.model.verdicts import Status
from drill.reaper.alive import is_alive
from drill.reaper.heal import heal_run
from drill.runs import judge_run
from soak.platform import POLITE, TESTS, Rig

LEASE_S = 2.0
ENDS_WITHIN_S = 90.0
VICTIMS = ("conductor", "stopped conductor", "reaper", "toolkit", "load", "proxy", "all")
Action = tuple[str, dict[str, Any]]
ACTIONS: tuple[Action, ...] = (
    *(("ehr_fault", {"mode": m}) for m in ("refused", "blackholed", "slow", "resetting")),
    *(("ehr_fault", {"mode": m}) for m in ("errors", "wrong-patient")),
    *(("media_fault", {"mode": m, "zone": "every"}) for m in ("delay", "jitter", "stall", "bandwidth")),
    ("media_fault", {"mode": "reset", "zone": "a"}),
    *(("zone_fault", {"mode": m, "zone": "a"}) for m in ("kill", "pause", "isolate")),
    ("zone_fault", {"mode": "flap", "zone": "b", "times": 3, "down_s": 0.2, "up_s": 0.1}),
)


@dataclass(frozen=True)
class Trial:
    """What is drilled, who dies, and when: `after_s` from the victim's start, or from the first fault on."""

    victim: str
    action: Action
    from_fault: bool
    after_s: float

    @classmethod
    def drawn(cls, dice: random.Random, victim: str) -> Trial:
        """Half of the moments are counted from the first fault, or few would fall into one."""
        from_fault = victim == "proxy" or dice.random() < 0.6
        return cls(victim, dice.choice(ACTIONS), from_fault, dice.uniform(0.0, 0.9 if from_fault else 2.0))

    @property
    def child(self) -> str:
        """The helper that dies; "" when it is somebody else."""
        return self.victim if self.victim in ("reaper", "toolkit", "load") else ""


@dataclass
class Found:
    """How a trial came out. `undone_s` is from the death until the platform was as before."""

    trial: Trial
    run: Path
    undone_s: float = 0.0
    injected: int = 0
    healed: int = 0
    status: Status = Status.UNKNOWN  # of what has no journal nothing is known
    wrong: list[str] = field(default_factory=list)


class Worker:
    """A platform and a place to fork conductors from; one trial at a time. Use as a context."""

    def __init__(self, folder: Path) -> None:
        self.rig = Rig(folder / "platform")
        self.folder, self.count = folder, 0

    def __enter__(self) -> Worker:
        self.rig.__enter__()
        env = os.environ | {"PYTHONPATH": str(TESTS), "DRILL_STATE": str(self.folder / "state")}
        self.zygote = subprocess.Popen(
            [*POLITE, sys.executable, "-m", "soak.conductor"],
            env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        return self

    def __exit__(self, *error: Any) -> None:
        self.zygote.kill()
        self.zygote.wait(10)
        self.rig.__exit__(*error)

    def begin(
        self, action: Action, hold: str = "", *, locust: bool = False, room: int = 0, wires: str = "",
        lease_s: float = LEASE_S,
    ) -> Begun:  # fmt: skip
        """Fork a conductor for a drill of this action.

        `hold`: what the experiment does meanwhile; `room`: bytes that each file of the toolkit's may have;
        `wires`: the drill's `abort_when`.
        """
        self.count += 1
        runs = self.folder / f"runs-{self.count}"
        runs.mkdir()
        order = {"target": str(self.rig.target), "drill": str(drill_file(runs, action, hold, wires)),
                 "runs": str(runs), "locust": locust, "lease_s": lease_s, "room": room}  # fmt: skip
        assert self.zygote.stdin is not None and self.zygote.stdout is not None
        self.zygote.stdin.write(json.dumps(order) + "\n")
        self.zygote.stdin.flush()
        return Begun(runs, int(self.zygote.stdout.readline()))

    def run(self, trial: Trial) -> Found:
        """The whole trial."""
        before = self.rig.state()
        begun = self.begin(trial.action, locust=trial.victim == "load")
        died_s = self._kill(trial, begun)
        found = Found(trial, begun.folder)
        if trial.victim == "proxy":
            time.sleep(0.3)
            self.rig.start_proxy()
        self._await_undone(before, begun, died_s, found)
        self._judge(before, begun, found)
        return found

    def _kill(self, trial: Trial, begun: Begun) -> float:
        """SIGKILL; the moment of it."""
        if trial.from_fault:
            begun.await_event(FaultRequested)
        elif trial.child:
            begun.await_event(ChildStarted, trial.child)
        else:
            begun.await_event(RunStarted)
        time.sleep(trial.after_s)
        died_s = time.monotonic()
        match trial.victim:
            case "proxy":
                self.rig.kill_proxy()
            case "conductor":
                begun.kill_group(signal.SIGKILL)
            case "stopped conductor":
                begun.kill_group(signal.SIGSTOP)
            case "all":
                for child in ("reaper", "toolkit"):
                    begun.kill_child(child)
                begun.kill_group(signal.SIGKILL)
            case child:
                begun.kill_child(child)
        return died_s

    def _await_undone(self, before: dict[str, Any], begun: Begun, died_s: float, found: Found) -> None:
        """Until nobody of it lives, or only a stopped conductor, which then goes on."""
        if found.trial.victim == "all":
            _heal(begun, found)
        while begun.lives() or begun.outstanding():
            if time.monotonic() - died_s > ENDS_WITHIN_S:
                found.wrong.append(f"not undone within {ENDS_WITHIN_S:g} s: {begun.reason()}")
                break
            if self.rig.state() != before:
                found.undone_s = time.monotonic() - died_s
            elif _reaped(begun, died_s) and not begun.outstanding():
                begun.kill_group(signal.SIGCONT)
            time.sleep(0.02)
        begun.kill_group(signal.SIGCONT)
        begun.await_end()

    def _judge(self, before: dict[str, Any], begun: Begun, found: Found) -> None:
        if (after := self.rig.state()) != before:
            found.wrong.append(f"left behind: {[name for name in before if before[name] != after.get(name)]}")
        streams = begun.streams()
        found.wrong += [f"unreadable: {stream.fault}" for stream in streams if stream.changed]
        found.injected = sum(isinstance(r.event, FaultRequested) for s in streams for r in s.events)
        if streams:
            found.status = judge_run(begun.folder).status
        if found.status is Status.PASS:
            found.wrong.append("was judged PASS")
        found.wrong += [f"still runs: {name}" for name in begun.await_nobody()]


@dataclass
class Begun:
    """A drill that was begun by the conductor `pid`, which leads a process group of that number."""

    runs: Path
    pid: int

    @property
    def folder(self) -> Path:
        """Its run's folder, once there is one."""
        return next(iter(self.runs.glob("*/*/journal")), self.runs / "none").parent

    def streams(self) -> tuple[Stream, ...]:
        """Its journal so far."""
        journals = self.folder / "journal"
        return read_run(journals) if any(journals.glob("*.jsonl")) else ()

    def outstanding(self) -> list[FaultRequested]:
        """What its journal says is outstanding."""
        return outstanding(merge(self.streams()))

    def lives(self) -> bool:
        """Whether its conductor or its reaper does."""
        return psutil.pid_exists(self.pid) or is_alive(self.folder)

    def await_event(self, kind: type, child: str = "", within_s: float = 60.0, count: int = 1) -> None:
        """Until so many such events are in the journal, or the drill is over."""
        deadline = time.monotonic() + within_s
        while (
            sum(
                isinstance(r.event, kind) and child in ("", getattr(r.event, "child", ""))
                for s in self.streams()
                for r in s.events
            )
            < count
        ):
            assert time.monotonic() < deadline, f"no {kind.__name__} {child} within {within_s:g} s"
            if not psutil.pid_exists(self.pid):
                return
            time.sleep(0.01)

    def kill_group(self, number: signal.Signals) -> None:
        """A signal to the conductor's process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def child_pid(self, name: str) -> int:
        """A helper's process; 0 when it was not started."""
        started = [r.event for s in self.streams() for r in s.events if isinstance(r.event, ChildStarted)]
        return next((each.pid for each in started if each.child == name), 0)

    def kill_child(self, name: str) -> None:
        """SIGKILL to one helper, if it was started."""
        with contextlib.suppress(ProcessLookupError):
            if pid := self.child_pid(name):
                os.kill(pid, signal.SIGKILL)

    def requested(self) -> list[FaultRequested]:
        """Every fault of which its journal holds the request."""
        return [r.event for s in self.streams() for r in s.events if isinstance(r.event, FaultRequested)]

    def await_end(self, within_s: float = ENDS_WITHIN_S) -> None:
        """Until neither conductor nor reaper lives."""
        await_true(lambda: not self.lives(), within_s)

    def processes(self) -> list[str]:
        """Command lines of all processes that were given this run's folder."""
        found = []
        for process in psutil.process_iter(["cmdline", "status"]):
            words = process.info["cmdline"] or []
            if process.info["status"] != psutil.STATUS_ZOMBIE and any(str(self.runs) in w for w in words):
                found.append(" ".join(words[1:4]))
        return found

    def await_nobody(self, within_s: float = 20.0) -> list[str]:
        """Who of it still runs after that long."""
        deadline = time.monotonic() + within_s
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return left

    def reason(self) -> str:
        """Why it was aborted."""
        return "; ".join(
            r.event.reason for s in self.streams() for r in s.events if isinstance(r.event, Aborted)
        )

    def last_revert_s(self) -> float:
        """When the last fault was undone, by the steady clock."""
        return max(
            r.t_ns / 1e9 for s in self.streams() for r in s.events if isinstance(r.event, FaultReverted)
        )


def _reaped(begun: Begun, died_s: float) -> bool:
    """The reaper has acted, or there was none yet whose lease could end."""
    return fence(begun.folder).exists() or time.monotonic() - died_s > 3 * LEASE_S


def _heal(begun: Begun, found: Found) -> None:
    if not begun.streams():
        return
    begun.await_nobody()
    healed = heal_run(begun.folder)
    found.healed = len(healed.restored)
    found.wrong += healed.failed
    if heal_run(begun.folder).restored:
        found.wrong.append("healing twice restored twice")


def await_true(holds: Callable[[], bool], within_s: float) -> None:
    """Poll until it holds."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"not true within {within_s:g} s"
        time.sleep(0.02)


def drill_file(runs: Path, action: Action, hold: str, wires: str) -> Path:
    """Drill file, experiment and load profile of a fast drill; `hold` names a function of `soak.hang`."""

    def step(name: str, module: str, func: str, **arguments: Any) -> dict[str, Any]:
        provider = {"type": "python", "module": module, "func": func, "arguments": arguments}
        return {"type": "action", "name": name, "provider": provider}

    ours = "drill.toolkit.actions"
    held = (
        step("hold", "soak.hang", hold, seconds=60)
        if hold
        else step("hold", ours, "hold", seconds="${hold_s}")
    )
    experiment = {
        "title": "fast", "description": "fast", "configuration": {"hold_s": 1},
        "method": [step("fault", ours, action[0], **action[1]), held, step("revert", ours, "revert")],
        "rollbacks": [step("revert", ours, "revert")],
    }  # fmt: skip
    (runs / "experiment.json").write_text(json.dumps(experiment))
    profile = TESTS.parent / "loadprofiles" / "steady_calls.py"
    (runs / "drill.yaml").write_text(
        "drill: fast\ntitle: fast\nowner: soak\nseverity: SEV4\nexperiment: experiment.json\n"
        f"load: {{profile: {profile}, concurrency: 2, mean_call: 60s}}\n"
        f"phases: {{ramp: 100ms, baseline: 100ms, fault: {'2m' if hold else '600ms'}, recovery: 600ms}}\n"
        "objectives:\n  recovery: {turn_slo: 1500ms, breach_share: 50%, back_share: 50%, sustained: 200ms,"
        " within: 600ms, breached_call_seconds: 100}\n" + (f"abort_when: {wires}\n" if wires else "")
    )
    return runs / "drill.yaml"
