"""The report of a drill of the voice: one table, its own figures, and the word "estimated" wherever due."""

from __future__ import annotations

import re
from functools import cache

import histories as h
from drill.journal import merge
from drill.judge import judge
from drill.model import events as ev
from drill.model.plan import HeardLimits, Plan, VoiceLimits
from drill.report import View, build_view, render_html, render_markdown
from drill.report.scene import picture
from drill.report.values import Section
from drill.report.words import NOTHING
from drill.timeline import fold

SLOW = h.Sound(greeting_ms=2000.0, waited_s=1.9, barge_ms=900.0, mark_ms=600.0)
AWFUL = h.Sound(greeting_ms=-1.0, waited_s=1.9, jitter_ms=500.0, late_share=0.4)


def view_of(entries: h.Entries, plan: Plan) -> View:
    """A history as its view."""
    streams = h.streams(entries)
    return build_view(plan, fold(merge(streams), plan), judge(plan, streams), streams)


@cache
def slow() -> View:
    """Callers hear it, within the limits of the fault."""
    return view_of(h.voice_run(fault=SLOW), h.voice_plan())


def table(view: View) -> Section:
    """What callers heard."""
    return next(s for s in view.sections if s.name == "heard")


def row(view: View, name: str) -> list[str]:
    """The words of one line of the table, behind its name."""
    return next([cell.text for cell in line[1:6]] for line in table(view).rows if line[0].text == name)


def test_the_table_has_three_windows_and_both_limits() -> None:
    """Numbers as the verdicts have them."""
    assert row(slow(), "Greeting, p95") == ["400 ms", "2.00 s", "400 ms", "1.00 s", "3.00 s"]
    assert row(slow(), "Turn latency, p99")[3:] == [NOTHING, NOTHING]
    assert row(slow(), "Calls that came up") == [
        "100.0 %",
        "100.0 %",
        "100.0 %",
        "at least 99.0 %",
        "at least 90.0 %",
    ]
    assert row(slow(), "Jitter at the end of calls, p95")[:3] == ["2.0 ms", "2.0 ms", "2.0 ms"]
    assert not table(slow()).verdicts


def test_only_what_did_not_pass_is_said_above_the_table() -> None:
    """The objectives' table has all the sentences already."""
    told = table(view_of(h.voice_run(fault=AWFUL), h.voice_plan())).verdicts
    assert {"voice.greeting", "voice.jitter", "voice.late"} <= {v.objective for v in told}
    assert "voice.talk_over" not in {v.objective for v in told}


def test_an_opinion_score_is_never_told_without_the_word() -> None:
    """In the table, the figures and the objectives; and the table says how it was estimated."""
    view = slow()
    words = [cell.text for line in table(view).rows for cell in line]
    words += [f"{figure.value} {figure.note}" for figure in view.figures]
    words += [f"{r.sentence} {r.measured} {r.limit}" for g in view.groups for r in g.rows]
    text = "\n".join(words)
    for score in ("3.96", "4.41", "4.00", "3.90"):
        assert text.count(score) == text.count(f"{score} (estimated)") >= 2, score
    assert "estimated by ITU-T G.107 from the transport alone" in render_markdown(view)


def test_the_key_figures_are_those_of_the_voice() -> None:
    """No breakers and no notes, of which this drill says nothing."""
    figures = {f.label: f for f in slow().figures}
    assert figures["Turn latency in the fault, p95"].value == "1.90 s"
    note = figures["Turn latency in the fault, p95"].note
    assert note == "600 ms in the baseline, 600 ms after recovery; limit 3.00 s"
    assert {"Breakers opened", "EHR notes compared", "New primary after"}.isdisjoint(figures)
    assert slow().zonal is False
    assert [g.title for g in slow().groups if g.title == "What callers heard"]


def test_the_picture_has_the_callers_lanes_alone() -> None:
    """Whatever way the fault shows on, and whatever the probes say of breakers."""
    entries = [*h.voice_run(fault=SLOW), *h.probes()]
    scene = picture(h.voice_plan(), h.timeline(entries, h.voice_plan()), None)
    assert [lane.title for lane in scene.lanes] == ["Calls up", "Calls in breach", "Turn latency"]


def test_every_link_has_its_place_and_every_heard_event_is_cited() -> None:
    """The worst of the fault stands among the events."""
    html = render_html(slow())
    places = set(re.findall(r'id="([^"]+)"', html))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= places
    assert any(event.kind == ev.CallHeard.kind for event in slow().cited)


def test_a_run_that_nobody_told_of_has_dashes_and_no_crash() -> None:
    """UNKNOWN above, nothing in the table."""
    silent = h.without(h.voice_run(), lambda e: isinstance(e, ev.CallHeard))
    view = view_of(silent, h.voice_plan())
    assert row(view, "Longest silence inside an answer, p95")[:3] == [NOTHING, NOTHING, NOTHING]
    assert len(table(view).verdicts) == 7
    nothing = view_of(h.control(), h.voice_plan())
    assert render_html(nothing)
    assert render_markdown(nothing)


def test_other_drills_have_no_such_section() -> None:
    """Neither of the EHR nor of zones; their figures are their own, also when they ask of the voice."""
    ehr = view_of(h.outage(), h.plan())
    assert not [s for s in ehr.sections if s.name == "heard"]
    asked = VoiceLimits(HeardLimits(missed_max=0.1), HeardLimits())
    both = view_of(h.outage(), h.plan(voice=asked))
    assert both.figures == ehr.figures
    assert row(both, "Turns never answered")[0] == "0.0 %"
    zone = view_of(h.zone_loss(), h.zone_plan(voice=asked))
    assert zone.zonal
    assert table(zone).rows


def test_markup_in_a_name_of_a_call_stays_words() -> None:
    """The cited events hold what the load wrote."""
    name = "<script>alert(1)</script>|"
    entries = [*h.voice_run(), *h.call(name, 30.0, 40.0), h.heard(name, 40.0, h.Sound(jitter_ms=900.0))]
    view = view_of(entries, h.voice_plan())
    assert any(name in event.text for event in view.cited)
    assert "<script>" not in render_html(view)
    assert "<script>" not in render_markdown(view)
