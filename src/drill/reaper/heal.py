"""Undo what a run left behind, from its journal alone: in another shell, after a reboot, twice if need be."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drill.faults import Proxies, World
from drill.faults.ledger import fence, left, outstanding, read_ledger, revert_surely
from drill.journal import Journal, Stream, merge
from drill.model.errors import WorldError
from drill.model.events import FaultRequested, StreamOpened
from drill.reaper.alive import is_alive

WAIT_S = 45.0
# So soon a reaper has noticed that its conductor is gone, and put up the fence.
NOTICED_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Healed:
    """What was restored, what could not be, and what of the record cannot be read; each a sentence.

    A stream without its end is no damage here: a request is whole on disk before its effect. A line that
    was changed is: what stands after it is not known.
    """

    restored: tuple[str, ...]
    failed: tuple[str, ...]
    damage: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether everything that there was to restore is known to be restored."""
        return not self.failed and not any(each.startswith("unknown") for each in self.damage)


def heal_run(folder: Path, world: World | None = None) -> Healed:
    """Restore, last first, what a run has outstanding.

    JournalError when the folder is no run. WorldError while its conductor or reaper lives: a drill is
    stopped by `drill abort`, and a reaper at work is waited for.
    """
    _await_end(folder)
    return restore(folder, world or Proxies(), f"heal pid {os.getpid()}")


def restore(folder: Path, world: World, by: str) -> Healed:
    """The same, for who knows that nobody else is at it; writes a stream of its own if there is work."""
    streams = read_ledger(folder)
    todo, damage = outstanding(merge(streams)), tuple(_damage(each) for each in streams if each.fault)
    if not todo:
        return Healed((), (), damage)
    fence(folder).touch()
    with Journal(_free(folder / "journal"), _run_id(streams)) as journal:
        failed = revert_surely(journal, merge(streams), world, by)
    lost = {failure.partition(":")[0] for failure in failed}
    return Healed(tuple(said(each) for each in todo if each.fault_id not in lost), tuple(failed), damage)


def left_behind(root: Path) -> list[Path]:
    """Folders of the runs below a folder, at any depth, with something outstanding; oldest first."""
    runs = sorted({path.parent.parent for path in root.rglob("journal/faults*.jsonl")}, key=lambda p: p.name)
    return [run for run in runs if left(run)]


def said(each: FaultRequested) -> str:
    """A fault and what it was on, in words."""
    return f"{each.fault_id}: {each.fault} on {_what(json.loads(each.spec))}"


def _await_end(folder: Path) -> None:
    began_s = time.monotonic()
    while is_alive(folder):
        within_s = WAIT_S if fence(folder).exists() else NOTICED_WITHIN_S
        if time.monotonic() - began_s > within_s:
            raise WorldError(f"{folder} is a drill that runs; stop it by `drill abort {folder}`")
        time.sleep(0.1)


def _free(journals: Path) -> Path:
    return next(path for n in range(1, 10_000) if not (path := journals / f"heal-{n}.jsonl").exists())


def _run_id(streams: Sequence[Stream]) -> str:
    opened = [r.event.run_id for s in streams for r in s.events[:1] if isinstance(r.event, StreamOpened)]
    return opened[0] if opened else ""


def _damage(stream: Stream) -> str:
    if stream.changed:
        return f"unknown is what was done after {stream.fault}; look at the platform by hand"
    return f"noted: {stream.fault}"


def _what(spec: dict[str, Any]) -> str:
    """A proxy, a service or a zone."""
    if "service" in spec:
        return f"service {spec['service']}"
    return f"zone {spec['zone']}" if "zone" in spec else str(spec.get("proxy", "?"))
