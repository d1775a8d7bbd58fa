"""The folder of a run, and everything that can be said from it alone, any time, offline.

runs/register.jsonl       every run that was begun, by its number
runs/<drill>/<utc>-<id>/  run.json  plan.json  environment.json  target.toml  experiment.json  schedule.json
                          journal/  logs/
                          verdicts.json  report.html  report.md       (made from the above, again and again)
"""

from __future__ import annotations

import gc
import hashlib
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from drill.evidence.environment import environment_bytes
from drill.evidence.record import record_bytes
from drill.evidence.register import enrol
from drill.journal import Stream, read_run
from drill.judge import folded, judge_folded, verdicts_to_json
from drill.model.errors import JournalError
from drill.model.plan import Plan, to_json
from drill.model.target import Target
from drill.model.verdicts import Status, Verdict, worst
from drill.plan import plan_from_json
from drill.report import build_view, render_html, render_markdown
from drill.timeline import Timeline, fold


@dataclass(frozen=True, slots=True)
class Judged:
    """A run and what was found; `status` is the worst of all verdicts."""

    folder: Path
    plan: Plan
    streams: tuple[Stream, ...]
    verdicts: tuple[Verdict, ...]
    timeline: Timeline | None = None

    @property
    def status(self) -> Status:
        """The run's own verdict."""
        return worst(verdict.status for verdict in self.verdicts)


def new_run(root: Path, plan: Plan, target: Target, approval: str = "") -> tuple[Path, str]:
    """A fresh folder for one run of a plan, and the run's id; its number stands in `run.json`.

    The number is given first: a run that never gets further is missing, and is seen to be. An approval is
    kept among the artefacts. JournalError when the disk takes none of it.
    """
    try:
        return _new_run(root, plan, target, approval)
    except OSError as error:
        said = (
            f"{error.filename or root}: cannot be written: {error.strerror}; name another folder with --runs"
        )
        raise JournalError(said) from error


def _new_run(root: Path, plan: Plan, target: Target, approval: str) -> tuple[Path, str]:
    now, environment = datetime.now(UTC), environment_bytes()
    run_id = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    record = enrol(
        root, target=plan.target, drill=plan.drill, run_id=run_id,
        created_utc=now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), plan_sha256=plan.digest,
        environment_sha256=hashlib.sha256(environment).hexdigest(),
    )  # fmt: skip
    folder = root / plan.drill / run_id
    for name in ("journal", "logs"):
        (folder / name).mkdir(parents=True)
    (folder / "run.json").write_bytes(record_bytes(record))
    (folder / "plan.json").write_text(to_json(plan) + "\n", encoding="utf-8")
    (folder / "environment.json").write_bytes(environment)
    shutil.copyfile(target.file, folder / "target.toml")
    if approval:
        (folder / "artefacts").mkdir()
        (folder / "artefacts" / "approval.json").write_text(approval, encoding="utf-8")
    return folder, run_id


def judge_run(folder: Path) -> Judged:
    """Judge a stored run; JournalError when the folder is not one, or its plan was changed."""
    try:
        text = (folder / "plan.json").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise JournalError(f"{folder}: no readable plan.json; is this the folder of a run?") from error
    try:
        plan = plan_from_json(text)
    except JournalError as error:
        raise JournalError(f"{folder}: {error}") from error
    with _nothing_to_collect():
        streams = read_run(folder / "journal")
        timeline = folded(plan, streams)
        verdicts = judge_folded(plan, streams, timeline)
    return Judged(folder, plan, streams, verdicts, None if isinstance(timeline, Exception) else timeline)


@contextmanager
def _nothing_to_collect() -> Iterator[None]:
    """Millions of values that hold no cycle: looking for cycles among them again and again costs as much as
    all the rest."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def write_results(judged: Judged) -> Path:
    """Write verdicts.json, report.md and report.html; the same run gives the same bytes.

    JournalError where the folder takes no files.
    """
    with _nothing_to_collect():
        # A run that cannot be folded is UNKNOWN throughout, and its report says why over an empty picture.
        timeline = judged.timeline or fold((), judged.plan)
        view = build_view(judged.plan, timeline, judged.verdicts, judged.streams)
    write_file(judged.folder / "verdicts.json", verdicts_to_json(judged.verdicts).encode())
    write_file(judged.folder / "report.md", render_markdown(view).encode())
    report = judged.folder / "report.html"
    write_file(report, render_html(view).encode())
    return report


def write_file(path: Path, data: bytes) -> None:
    """JournalError where it cannot be written; a stored run can be judged in a copy of its folder."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise JournalError(
            f"{path}: cannot be written: {error.strerror}; copy the run to where you may write"
        ) from error
