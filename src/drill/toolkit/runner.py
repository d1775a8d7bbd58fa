"""Drive one Chaos Toolkit experiment in a process of its own, and never believe its status.

chaoslib takes over signals, keeps module globals, says "completed" when an action or a
rollback failed, and loses everything when a tolerance raises. So: one experiment per
process, rollbacks always, the ledger is written by the actions themselves, and whatever is
outstanding at the end is reverted here, whatever chaoslib did.
"""

from __future__ import annotations

import argparse
import copy
import json
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any

from drill.model.errors import DrillError, JournalError
from drill.model.events import ExperimentEnded
from drill.output import guard_output
from drill.redact import Redactor, known
from drill.toolkit.session import RUN_VARIABLE, STREAM_VARIABLE, Session, opened

PARENT_CHECK_S = 0.25
SETTINGS = {"runtime": {"rollbacks": {"strategy": "always"}}}


class _Ended(BaseException):
    """SIGTERM, or the parent is gone. Not an Exception: chaoslib must not swallow it."""


def run(experiment: dict[str, Any], session: Session) -> tuple[str, bool, str]:
    """(status, deviated, detail) as chaoslib tells it, or `crashed` and why."""
    from chaoslib.exceptions import ChaosException
    from chaoslib.experiment import ensure_experiment_is_valid, run_experiment
    from chaoslib.types import Strategy

    try:
        ensure_experiment_is_valid(experiment)
        # `chaos run` reads this from the file; the library wants it said.
        asked = experiment.get("runtime", {}).get("hypothesis", {}).get("strategy", "default")
        strategy = Strategy.from_string(asked)
        journal = run_experiment(copy.deepcopy(experiment), settings=SETTINGS, strategy=strategy)
    except (ChaosException, ValueError) as error:
        return "crashed", False, f"{type(error).__name__}: {error}"
    except _Ended:
        return "interrupted", False, "told to end"
    del session
    return str(journal.get("status")), bool(journal.get("deviated")), _failures(journal)


def _failures(journal: dict[str, Any]) -> str:
    """Names of activities that did not succeed: chaoslib keeps quiet about them in its status."""
    runs = [*journal.get("run", []), *journal.get("rollbacks", [])]
    bad = [str(each["activity"].get("name")) for each in runs if each.get("status") != "succeeded"]
    return f"did not succeed: {', '.join(bad)}" if bad else ""


def _end_on_signal() -> None:
    def ended(_number: int, _frame: FrameType | None) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        raise _Ended

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ended)


def _end_with(parent: int) -> None:
    """Send ourselves SIGTERM once the parent is gone: the kernel's own notice is not sent to the
    parent's grandchildren, and not when the parent died before we asked for it."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_S)
    os.kill(os.getpid(), signal.SIGTERM)


def _conduct(experiment: dict[str, Any], session: Session) -> int:
    status, deviated, detail = "crashed", False, ""
    try:
        status, deviated, detail = run(experiment, session)
    finally:
        failures = ""
        try:
            session.revert_all("runner")
        except DrillError as error:
            failures = str(error)
        _close(session, ExperimentEnded(status, deviated, "; ".join(filter(None, (detail, failures)))))
    return 1 if failures else 0


def _close(session: Session, ended: ExperimentEnded) -> None:
    """The last lines; a stream that takes no more is left without its seal, for its readers to see."""
    try:
        session.journal.append(ended)
        session.journal.seal()
    except JournalError as error:
        logging.getLogger("drill").error("%s", error)
        session.journal.abandon()


def main() -> None:
    """Parse, tie to the parent, run, revert, seal."""
    parser = argparse.ArgumentParser(prog="drill.toolkit.runner")
    parser.add_argument("--experiment", type=Path, required=True)
    parser.add_argument("--stream", type=Path, required=True)
    parser.add_argument("--run-id", required=True)
    parser.add_argument("--target", type=Path, required=True)
    parser.add_argument("--target-name", required=True)
    parser.add_argument("--parent", type=int, help="pid of whom to end with; the one who started us")
    args = parser.parse_args()
    os.environ |= {
        STREAM_VARIABLE: str(args.stream), RUN_VARIABLE: args.run_id,
        "DRILL_TARGET": str(args.target), "DRILL_TARGET_NAME": args.target_name,
    }  # fmt: skip
    guard_output(Redactor(known(os.environ)).clean)
    # chaoslib's file log holds resolved secrets and process arguments at DEBUG; ours stays at INFO.
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    threading.Thread(target=_end_with, args=(args.parent or os.getppid(),), daemon=True).start()
    session = opened()
    _end_on_signal()
    sys.exit(_conduct(json.loads(args.experiment.read_text(encoding="utf-8")), session))


if __name__ == "__main__":
    main()
