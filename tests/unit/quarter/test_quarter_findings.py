"""A finding is closed by a run that passed, never by a word; what people write has to be true of runs."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from drill.definition.controls import catalogue
from drill.model.errors import DefinitionError
from drill.model.verdicts import Status
from drill.quarter.calendar import Quarter
from drill.quarter.findings import Standing, findings
from drill.quarter.notes import Notes
from drill.quarter.notes_file import read_notes
from drill.quarter.render import quarter_html
from drill.quarter.trial import State
from drill.quarter.view import build_quarter
from quarters import PLANNED, a_trial

BAD = a_trial("r1", "2026-10-01", breaker__opened=Status.FAIL)
GOOD = a_trial("r2", "2026-10-09")
AS_OF = date(2026, 11, 25)
TEXT = """
findings:
  - id: F-1
    title: The breaker never opens
    drill: ehr-outage
    run: r1
    objectives: [breaker.opened]
    severity: high
    owner: voice platform
    due: "2026-11-01"
"""


def _notes(tmp_path: Path, text: str = TEXT) -> Notes:
    file = tmp_path / "findings.yaml"
    file.write_text(text, encoding="utf-8")
    return read_notes(file, [BAD, GOOD])


def test_a_failed_run_is_a_finding_that_nobody_has_taken_on() -> None:
    """Whether or not somebody writes it down."""
    (found,) = findings([BAD], [BAD], Notes(), AS_OF)
    assert (found.standing, found.objectives, found.taken) == (Standing.UNTAKEN, ("breaker.opened",), None)


def test_a_later_run_that_passed_closes_it() -> None:
    """And not one that came before, is a sham, or cannot be believed."""
    assert findings([BAD, GOOD], [BAD, GOOD], Notes(), AS_OF)[0].standing is Standing.CLOSED
    before = a_trial("r0", "2026-09-01")
    sham = a_trial("r3", "2026-10-10", state=State.SHAM)
    unsound = a_trial("r4", "2026-10-11", integrity__load=Status.UNKNOWN)
    for other in (before, sham, unsound):
        found = next(f for f in findings([BAD], [BAD, other], Notes(), AS_OF) if f.trial is BAD)
        assert found.standing is Standing.UNTAKEN


def test_what_people_took_on_is_overdue_after_its_day_and_closed_by_its_retest_only(tmp_path: Path) -> None:
    """A retest that is not named does not close it, and one that is named has to pass."""
    every = [BAD, GOOD]
    assert findings(every, every, _notes(tmp_path), AS_OF)[0].standing is Standing.OVERDUE
    assert findings(every, every, _notes(tmp_path), date(2026, 10, 31))[0].standing is Standing.OPEN
    closed = findings(every, every, _notes(tmp_path, TEXT + "    retest: r2\n"), AS_OF)
    assert [f.standing for f in closed] == [Standing.CLOSED]


def test_an_accepted_risk_is_open_again_after_its_day(tmp_path: Path) -> None:
    """Borne until then, and no longer."""
    text = TEXT + '    accepted: {by: security officer, until: "2026-11-30", reason: replaced in December}\n'
    notes = _notes(tmp_path, text)
    assert findings([BAD], [BAD], notes, AS_OF)[0].standing is Standing.ACCEPTED
    assert findings([BAD], [BAD], notes, date(2026, 12, 1))[0].standing is Standing.OVERDUE


def test_a_sham_that_did_not_end_unknown_is_a_finding() -> None:
    """A drill that passes without its fault proves nothing; one that ends UNKNOWN did what it has to."""
    passed = a_trial("s1", "2026-10-01", state=State.SHAM)
    grey = a_trial("s2", "2026-10-01", state=State.SHAM, integrity__fault=Status.UNKNOWN)
    assert [f.trial for f in findings([passed, grey], [passed, grey], Notes(), AS_OF)] == [passed]


def test_every_mistake_of_the_file_comes_at_once(tmp_path: Path) -> None:
    """A run that is not there, an objective that was not judged, a day that is none, a retest before."""
    text = TEXT.replace("breaker.opened", "breaker.opend").replace('"2026-11-01"', "soon")
    text += "    retest: r1\nremarks:\n  - {run: r9, kind: manual step, what: nothing, by: on-call}\n"
    with pytest.raises(DefinitionError) as error:
        _notes(tmp_path, text)
    file = tmp_path / "findings.yaml"
    assert error.value.mistakes == (
        f"{file}:7: objectives: 'breaker.opend' was not judged there; did you mean 'breaker.opened'?",
        f"{file}:10: findings[0].due: 'soon' is not a day; write it in quotes, as \"2026-12-31\"",
        f"{file}:11: retest: r1 is no later run of 'ehr-outage'; name one, or leave the line out",
        f"{file}:13: run: 'r9' is none of the runs here; known are r1, r2",
    )


def test_everything_that_people_may_add_is_read(tmp_path: Path) -> None:
    """Participants, approvals and remarks; a key is a word that YAML takes for a word."""
    notes = _notes(tmp_path, """
participants: [{name: on-call, role: operator}]
approvals: [{what: the drills, by: head of operations, date: "2026-10-01", reference: CHG-1}]
remarks: [{run: r1, kind: manual step, what: restarted, by: on-call}]
""")  # fmt: skip
    assert (notes.participants[0].role, notes.approvals[0].on) == ("operator", date(2026, 10, 1))
    assert notes.remarks[0].kind == "manual step"


def test_what_was_changed_in_plan_or_runbook_is_told_with_its_finding(tmp_path: Path) -> None:
    """It is people's word, and closes nothing."""
    notes = _notes(tmp_path, f"{TEXT}    changed: step 3 of the runbook (CHG-7)\n")
    view = build_quarter(Quarter(2026, 4), AS_OF, (BAD, GOOD), PLANNED, notes, catalogue(), "drill report")
    assert view.findings[0].standing is Standing.OVERDUE
    assert "<span>Changed</span> step 3 of the runbook (CHG-7)" in quarter_html(view)


def test_what_nobody_took_on_of_a_run_keeps_its_own_status(tmp_path: Path) -> None:
    """The failure is taken on; what was not judged beside it is a finding of its own, and no failure."""
    both = a_trial("r1", "2026-10-01", breaker__opened=Status.FAIL, breaker__closed=Status.UNKNOWN)
    file = tmp_path / "findings.yaml"
    file.write_text(TEXT, encoding="utf-8")
    found = {f.id: f for f in findings([both], [both], read_notes(file, [both]), AS_OF)}
    assert (found["F-1"].status, found["R-r1"].status) == (Status.FAIL, Status.UNKNOWN)
    assert found["R-r1"].title == "ehr-outage left UNKNOWN: breaker.closed"
