"""Runs as tables for other programs: JUnit for CI, CSV for whoever counts."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from drill.model.verdicts import Status, Verdict
from drill.quarter.trial import State, Trial
from drill.report.svg import visible

COLUMNS = (
    "drill", "run", "began_utc", "became", "objective", "status", "measured", "limit", "sentence", "because",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def junit(trials: Sequence[Trial]) -> str:
    """One suite for each run, one case for each objective.

    FAIL is a failure and UNKNOWN an error, since a skipped case would leave a pipeline green. Only a sham,
    which has to end UNKNOWN, is skipped.
    """
    root = ET.Element("testsuites", name="drill")
    for trial in trials:
        suite = ET.SubElement(root, "testsuite", name=visible(f"{trial.drill} {trial.run_id}"))
        if trial.started:
            suite.set("timestamp", trial.started.strftime("%Y-%m-%dT%H:%M:%S"))
        cases = trial.verdicts or (Verdict("run", Status.UNKNOWN, trial.fault or "Nothing was judged."),)
        for verdict in cases:
            _case(suite, trial, verdict)
        for kind, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            suite.set(kind, str(len(suite.findall(f"testcase/{tag}"))))
        suite.set("tests", str(len(cases)))
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _case(suite: ET.Element, trial: Trial, verdict: Verdict) -> None:
    case = ET.SubElement(suite, "testcase", classname=visible(trial.drill), name=visible(verdict.objective))
    if verdict.status is Status.PASS:
        return
    expected = trial.state is State.SHAM and verdict.status is Status.UNKNOWN
    tag = "skipped" if expected else "failure" if verdict.status is Status.FAIL else "error"
    said = f"a sham run has to end UNKNOWN: {verdict.sentence}" if expected else verdict.sentence
    told = ET.SubElement(case, tag, message=visible(said))
    told.text = visible(f"because {' '.join(verdict.because) or 'of what is missing'}")


def objectives_csv(trials: Sequence[Trial]) -> str:
    """One line for each verdict of each run; a run without any has a line of its own."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for trial in trials:
        began = trial.started.strftime("%Y-%m-%dT%H:%M:%SZ") if trial.started else ""
        run = (trial.drill, trial.run_id, began, trial.state.value)
        rows = trial.verdicts or (Verdict("", trial.status, trial.fault),)
        for v in rows:
            told = (v.objective, v.status.name, v.measured, v.limit, v.sentence, " ".join(v.because))
            writer.writerow([_plain(text) for text in (*run, *told)])
    return out.getvalue()


def _plain(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
