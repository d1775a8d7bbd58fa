"""A quarter's report: every sentence leads to its verdict and events; the same runs give the same bytes."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from xml.etree import ElementTree as ET

from drill.model.verdicts import Status
from drill.quarter.population import in_order
from drill.quarter.render import quarter_html, quarter_markdown
from drill.quarter.tables import junit, objectives_csv
from drill.quarter.trial import Trial, unreadable
from drill.quarter.values import Planned
from drill.report.values import Cell, Link, Section
from quarters import PLANNED, ROOT, a_trial, a_view, some_trials


def test_every_link_leads_to_something_on_the_page_and_no_place_has_two_names() -> None:
    """From each sentence to its verdict, from each verdict to its events."""
    page = quarter_html(a_view(some_trials()))
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    targets = set(re.findall(r'href="#([^"]+)"', page)) | set(re.findall(r"url\(#([^)]+)\)", page))
    assert targets - set(ids) == set()
    labelled = {name for names in re.findall(r'aria-labelledby="([^"]+)"', page) for name in names.split()}
    assert labelled - set(ids) == set()


def test_the_tables_of_a_run_stand_in_the_appendix_under_names_of_their_own() -> None:
    """Two runs have the same tables; their rows lead to the events of their own run."""
    first, second = (_with_a_table(a_trial(name, f"2026-10-0{n}")) for n, name in ((1, "r1"), (2, "r2")))
    page = quarter_html(a_view((first, second)))
    for each in (first, second):
        assert each.view
        assert f'<h4 id="{each.key}proofs">What was proved</h4>' in page
        assert f'rows <a class="ref" href="#{each.key}{each.view.cited[0].anchor}">' in page


def _with_a_table(of: Trial) -> Trial:
    assert of.view
    event = of.view.cited[0]
    row = (Cell("row 1"), Cell("rows", Link(event.id, event.anchor)))
    section = Section("proofs", "What was proved", (), ("Proof", "Covered"), (row,), "")
    return dataclasses.replace(of, view=dataclasses.replace(of.view, sections=(section,)))


def test_the_page_needs_nothing_from_elsewhere() -> None:
    """No script, no address outside of itself but the names of XML."""
    page = quarter_html(a_view(some_trials()))
    assert "<script" not in page
    assert set(re.findall(r"https?://[^\"' <]+", page)) == {"http://www.w3.org/2000/svg"}


def test_the_same_runs_give_the_same_bytes() -> None:
    """In whatever order they come."""
    forward, backward = a_view(some_trials()), a_view(in_order(reversed(some_trials())))
    assert quarter_html(forward) == quarter_html(backward)
    assert quarter_markdown(forward) == quarter_markdown(backward)


def test_every_run_of_the_quarter_is_in_the_population_and_none_of_another() -> None:
    """Sham and unreadable ones included."""
    view = a_view(some_trials())
    assert [t.run_id for t in view.trials] == ["r1", "r2", "r3", "20261104T000000Z-aaaaaa"]
    assert view.population == "4 runs: 2 conducted, 1 sham, 1 unreadable"


def test_a_drill_that_is_due_and_never_ran_leaves_the_quarter_without_an_answer() -> None:
    """Never tested reads as such, in the sentence and in the table."""
    view = a_view((a_trial("r2", "2026-10-02"), a_trial("r4", "2026-11-02")))
    assert view.status is Status.UNKNOWN
    assert view.sentence == "1 of 2 drills stands at PASS; never tested: ehr-slow."
    assert "NOT TESTED" in quarter_html(view)


def test_what_is_not_due_does_not_have_to_run() -> None:
    """A drill on demand that never ran takes nothing away."""
    on_demand = Planned("ehr-slow", "EHR slow", "on-call", "SEV2", "", "", "on demand", ())
    view = a_view((a_trial("r2", "2026-10-02"), a_trial("r4", "2026-11-02")), (PLANNED[0], on_demand))
    assert view.status is Status.PASS


def test_an_empty_quarter_is_unknown_and_still_a_page() -> None:
    """Nothing passes by having done nothing."""
    view = a_view((), ())
    assert (view.status, view.sentence) == (Status.UNKNOWN, "There is no drill and no run.")
    assert "There is no drill and no run." in quarter_html(view)


def test_limits_that_moved_between_runs_are_a_deviation() -> None:
    """Criteria may change, but not unseen."""
    before, after = a_trial("r1", "2026-10-01"), a_trial("r2", "2026-10-02")
    assert after.plan is not None and after.plan.objectives.recovery is not None
    recovery = dataclasses.replace(after.plan.objectives.recovery, within_s=99.0)
    objectives = dataclasses.replace(after.plan.objectives, recovery=recovery)
    moved = dataclasses.replace(after, plan=dataclasses.replace(after.plan, objectives=objectives))
    (found,) = a_view((before, moved)).deviations
    assert (found.kind, found.what) == (
        "criteria changed",
        "recovery.within_s was 20.0 in the run before and is 99.0",
    )


def test_hostile_texts_stay_texts() -> None:
    """A title may come from anybody."""
    evil = Planned("ehr-outage", "<img src=x onerror=alert(1)>", "|x|", "S", "", "", "", ())
    page = quarter_html(a_view(some_trials(), (evil,)))
    assert "<img" not in page
    assert "&lt;img" in page


def test_junit_fails_what_failed_and_errs_on_what_is_unknown() -> None:
    """A skipped case would leave a pipeline green: only a sham has them."""
    root = ET.fromstring(junit(some_trials()))
    counts = {
        s.get("name"): tuple(int(s.get(k, "")) for k in ("failures", "errors", "skipped")) for s in root
    }
    assert counts == {
        "ehr-outage r0": (0, 0, 0), "ehr-outage r1": (1, 0, 0), "ehr-outage r2": (0, 0, 0),
        "ehr-outage r3": (0, 0, 1), "ehr-outage 20261104T000000Z-aaaaaa": (0, 1, 0),
    }  # fmt: skip


def test_csv_has_a_line_for_each_verdict_and_no_formula() -> None:
    """Also for a run that has none."""
    trials = some_trials()
    rows = list(csv.reader(io.StringIO(objectives_csv(trials))))
    assert len(rows) == 1 + sum(len(t.verdicts) or 1 for t in trials)
    evil = unreadable(ROOT / "ehr-outage" / "x", ROOT, "=cmd()")
    assert objectives_csv([evil]).splitlines()[1].endswith(",'=cmd(),")
