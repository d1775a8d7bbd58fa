"""The only place that puts real parts together: files, target, sandbox, conductor, judge.

The verbs of the command line and of the pytest plugin are thin calls into here. What checks and makes
signatures is imported where it is needed: it brings the clouds' signers along, for which no other run waits.
"""

from __future__ import annotations

import os
import pwd
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from drill.conduct import Outcome, conduct
from drill.conduct.guards import Consent
from drill.conduct.rehearse import Rehearsal, rehearse
from drill.conduct.run import Show
from drill.conduct.signals import STOPPED
from drill.definition import Drill, load_drill
from drill.definition.suites import all_drills, expand, one, read_suites
from drill.embedded import SandboxOptions, sandbox
from drill.evidence.record import RECORD, RUN_STAMP
from drill.model.errors import DefinitionError, WorldError
from drill.model.events import Aborted, GuardChecked
from drill.model.target import Target
from drill.plan import plan
from drill.reaper import heal
from drill.reaper.lock import forget
from drill.restore.workspace import WORKSPACE
from drill.runs import Judged, judge_run, new_run, write_results
from drill.secret_files import refuse_secrets, with_names
from drill.target import find_target, load_targets, target_files
from drill.toolkit.session import ALONE

RUNS = Path("runs")
__all__ = [
    "RUNS", "How", "Where", "all_drills", "expand", "left_behind", "one", "opened", "read_suites",
    "rehearse_drill", "run_drill", "targets_meant", "was_stopped",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Where:
    """Which platform is meant. `embedded` starts a sandbox of one's own for this command; with `backups`
    when one of the drills restores."""

    name: str | None = None
    file: Path | None = None
    embedded: SandboxOptions | None = None
    backups: bool = False


@dataclass(frozen=True, slots=True)
class How:
    """What a run is asked for besides its drill file. `seed` None draws one and writes it down; with an
    approval it is the one that was approved. `operator`: who runs it, the login's name unless said.

    `controls`: how many damages a drill of a restore plants, whatever its file says.
    `tsa`: address of the authority that puts a time stamp on the run's record before anything is touched.
    """

    argv: tuple[str, ...] = ()
    seed: int | None = None
    sham: bool = False
    runs: Path = RUNS
    tsa: str | None = None
    operator: str = ""
    approval: Path | None = None
    controls: str | None = None


@contextmanager
def opened(where: Where) -> Iterator[Target]:
    """The target that is meant; without any word of one, an embedded sandbox for the while."""
    if where.embedded is None and _named(where):
        yield find_target(where.name, Path(), file=where.file)
        return
    own = where.embedded or SandboxOptions()
    with sandbox(replace(own, backups=own.backups or where.backups)) as file:
        target = find_target(None, Path(), file=file)
        forget(target)
        yield target


def left_behind(runs: Path) -> list[Path]:
    """Folders of the runs, and of experiments that were run alone, with something outstanding, be it a
    restored copy."""
    copies = [copy.parent for place in (f"*/*/{WORKSPACE}", f"*/{WORKSPACE}") for copy in runs.glob(place)]
    faults = [folder for root in (runs, ALONE) for folder in heal.left_behind(root)]
    return list(dict.fromkeys([*faults, *copies, *(copy.parent for copy in ALONE.glob(f"*/{WORKSPACE}"))]))


def _named(where: Where) -> bool:
    return bool(where.name or target_files(Path(), where.file))


def targets_meant(where: Where) -> tuple[Target, ...]:
    """The named target, or all of the file that a run would look into first; none where there is no file."""
    if where.name:
        return (find_target(where.name, Path(), file=where.file),)
    files = target_files(Path(), where.file)
    return load_targets(files[0]) if files else ()


def run_drill(file: Path, target: Target, how: How, show: Show) -> Judged:
    """Plan, conduct, judge and report one drill.

    Raises DefinitionError when the file or the target cannot be drilled, WorldError when the
    guards refused, or no time stamp was given: nothing was injected then, and the run's folder says why.
    """
    approval, approved = _approval(how)
    planned = plan(_asked(file, how), target, seed=_seed(how, approved), sham=how.sham)
    os.environ.update(with_names(os.environ, planned.experiment))  # helpers inherit it
    refuse_secrets(planned, target)
    folder, run_id = new_run(how.runs, planned, target, approval)
    if how.tsa:
        from drill.evidence import timestamps

        (folder / RUN_STAMP).write_bytes(timestamps.ask(how.tsa, (folder / RECORD).read_bytes()))
    given = Consent(how.operator or operator(), approval)
    outcome = conduct(planned, target, folder, run_id, how.argv, version("drill"), show, given)
    judged = judge_run(folder)
    write_results(judged)
    if outcome is Outcome.REFUSED:
        raise WorldError("\n  ".join(["refused:", *_noes(judged)]) + f"\nnothing was injected; see {folder}")
    return judged


def was_stopped(judged: Judged) -> bool:
    """Whether somebody asked for the run's end: then nobody wants the next drill of a suite either."""
    return _why(judged).startswith(STOPPED)


def rehearse_drill(file: Path, target: Target, how: How) -> Rehearsal:
    """Everything of a run that can be had without changing anything; the same errors as `run_drill`."""
    approval, approved = _approval(how)
    planned = plan(_asked(file, how), target, seed=_seed(how, approved), sham=how.sham)
    return rehearse(planned, target, how.runs, Consent(how.operator or operator(), approval))


def needs_backups(file: Path) -> bool:
    """Whether this drill restores."""
    return load_drill(file).objectives.restore is not None


def _asked(file: Path, how: How) -> Drill:
    """The drill as its file says it, but for what this run was asked."""
    drill = load_drill(file)
    limits = drill.objectives.restore
    if how.controls is None or limits is None:
        return drill
    asked = replace(drill.objectives, restore=replace(limits, controls=how.controls))
    return replace(drill, objectives=asked)


def operator(environ: Mapping[str, str] = os.environ) -> str:
    """Who runs drills here: DRILL_OPERATOR, or the name of the login, or its number where it has none."""
    if said := environ.get("DRILL_OPERATOR", "").strip():
        return said
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def _approval(how: How) -> tuple[str, int | None]:
    """Text and seed of the approval, "" and None without one; DefinitionError when the file holds none."""
    if how.approval is None:
        return "", None
    from drill.approval import ApprovalError, read_approval, unverified

    try:
        text = read_approval(how.approval)
        return text, unverified(text).seed
    except ApprovalError as error:
        raise DefinitionError(f"{how.approval}: {error}") from error


def _seed(how: How, approved: int | None) -> int:
    asked = approved if how.seed is None else how.seed
    return secrets.randbelow(2**31) if asked is None else asked


def _noes(judged: Judged) -> list[str]:
    """Every guard that said no, and why."""
    asked = (r.event for s in judged.streams for r in s.events if isinstance(r.event, GuardChecked))
    return [f"{answer.guard}: {answer.detail}" for answer in asked if not answer.ok]


def _why(judged: Judged) -> str:
    reasons = [r.event.reason for s in judged.streams for r in s.events if isinstance(r.event, Aborted)]
    return "; ".join(reasons) or "refused"
