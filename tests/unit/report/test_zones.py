"""The report of a lost zone: its lanes, its marks, its tables, and what it says when evidence is missing."""

from __future__ import annotations

import dataclasses
import math
from functools import cache
from xml.etree import ElementTree

import pytest

import histories as h
from drill.journal import merge
from drill.judge import judge
from drill.model import events as ev
from drill.model.plan import Plan
from drill.objectives.phases import NAMES, phases
from drill.report import View, build_view, render_html, render_markdown
from drill.report.charts import NARROW, WIDE, draw
from drill.report.picture import Lane, Picture, RowLane, StepLane
from drill.report.scene import picture
from drill.timeline import fold
from unit.test_remediation import killed

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>x</script>&"|`'


def view_of(entries: h.Entries, plan: Plan) -> View:
    """A history as its view."""
    streams = h.streams(entries)
    return build_view(plan, fold(merge(streams), plan), judge(plan, streams), streams)


def scene_of(entries: h.Entries, plan: Plan) -> Picture:
    """A history as its picture."""
    timeline = h.timeline(entries, plan)
    return picture(plan, timeline, None, phases(plan, timeline))


@cache
def lost() -> View:
    """The reference run of a lost zone."""
    return view_of(h.zone_loss(), h.zone_plan())


def lane(scene: Picture, title: str) -> Lane:
    """The lane of that title."""
    return next(lane for lane in scene.lanes if lane.title == title)


def kinds(scene: Picture, title: str, row: str) -> list[str]:
    """The kinds of the bands of one row, in order."""
    found = lane(scene, title)
    assert isinstance(found, RowLane)
    return [band.kind for r in found.rows if r.label == row for band in r.bands]


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_picture_of_a_lost_zone_is_well_formed(width: int) -> None:
    """An XML parser reads it; it has the lanes of zones, members and doors, and none of the EHR."""
    root = ElementTree.fromstring(draw(scene_of(h.zone_loss(), h.zone_plan()), width, "p"))
    titles = [next(iter(t.itertext())) for t in root.iter(f"{SVG}text") if t.get("class") == "lane-name"]
    assert titles == [
        "Calls up", "Calls in breach", "Turn latency", "Zones, as the edge sees them", "Store members",
        "Zone doors",
    ]  # fmt: skip


def test_a_zone_that_was_out_is_a_block_between_lines() -> None:
    """Ejected first, then held out by the health check, then back."""
    scene = scene_of(h.zone_loss(), h.zone_plan())
    assert kinds(scene, "Zones, as the edge sees them", "a") == ["calm", "block", "block", "calm"]
    assert kinds(scene, "Zones, as the edge sees them", "b") == ["calm"]


def test_members_change_their_roles_in_the_picture() -> None:
    """The primary falls silent and comes back as a replica; another one takes over."""
    scene = scene_of(h.zone_loss(), h.zone_plan())
    assert kinds(scene, "Store members", "a") == ["lead", "unknown", "trial", "thin"]
    assert kinds(scene, "Store members", "b") == ["calm", "lead"]
    assert kinds(scene, "Store members", "c")[-1] == "calm"


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        (ev.EdgeSample, "Zones, as the edge sees them"),
        (ev.MemberSample, "Store members"),
        (ev.DoorSample, "Zone doors"),
    ],
)
def test_what_was_never_asked_is_drawn_as_not_known(kind: type[ev.Event], title: str) -> None:
    """A lane without a single sample is not an empty, calm one."""
    scene = scene_of(h.without(h.zone_loss(), lambda e: isinstance(e, kind)), h.zone_plan())
    for zone in h.ZONES:
        assert kinds(scene, title, zone) == ["unknown"]


def test_a_silence_of_the_edge_is_drawn_as_not_known() -> None:
    """Not as a zone that went on taking calls."""
    entries = [e for e in h.zone_loss() if not (isinstance(e[2], ev.EdgeSample) and 35 < e[1] < 45)]
    assert "unknown" in kinds(scene_of(entries, h.zone_plan()), "Zones, as the edge sees them", "b")


def test_callers_who_are_away_have_a_line_of_their_own() -> None:
    """Calls that are up and callers cut off are told apart."""
    found = lane(scene_of(h.zone_loss(), h.zone_plan()), "Calls up")
    assert isinstance(found, StepLane)
    assert max(value for _, value in found.beside) == 7
    assert min(value for t, value in found.points if 0 < t < 1) == 13
    calm = lane(scene_of(h.outage(), h.plan()), "Calls up")
    assert isinstance(calm, StepLane)
    assert not calm.beside


def test_an_ehr_drill_keeps_its_lanes() -> None:
    """Breakers, requests and the links' witness, and nothing of zones."""
    titles = [lane.title for lane in scene_of(h.outage(), h.plan()).lanes]
    assert titles[3:] == ["Circuit breaker to the EHR", "EHR requests per second on the wire", "Witness"]


def test_a_zone_named_with_markup_stays_words() -> None:
    """Zone names, roles and outcomes come from files and from platforms."""

    def change(_: float, event: ev.Event) -> ev.Event:
        match event:
            case ev.EdgeSample() | ev.DoorSample() | ev.MemberSample():
                event = dataclasses.replace(event, zone=event.zone.replace("a", HOSTILE), detail=HOSTILE)
        if isinstance(event, ev.MemberSample):
            return dataclasses.replace(event, role="", state=HOSTILE)
        return dataclasses.replace(event, outcome=HOSTILE) if isinstance(event, ev.DoorSample) else event

    view = view_of(h.changed(h.zone_loss(), change), h.zone_plan())
    html, text = render_html(view), render_markdown(view)
    assert "<script" not in html[html.index("<main>") :]
    assert "<script" not in text
    for svg in (view.wide, view.narrow):
        assert ElementTree.fromstring(svg) is not None


def cells(view: View, name: str) -> dict[str, tuple[str, ...]]:
    """The rows of a section by their first cell."""
    section = next(s for s in (*view.phases, *view.sections) if s.name == name)
    return {row[0].text: tuple(cell.text for cell in row[1:]) for row in section.rows}


def test_the_phases_stand_in_order_with_their_times_and_sources() -> None:
    """Each after the fault, after the phase before, and with the event that tells it."""
    rows = cells(lost(), "phases")
    assert list(rows) == list(NAMES)
    assert rows["new primary"][0] == "5.06 s"
    assert "edge" in rows["zone back"][2]
    page = render_html(lost())
    links = [row[-1].link for row in lost().phases[0].rows]
    assert all(f'<li id="{link.anchor}">' in page for link in links if link)
    assert sum(link is not None for link in links) >= 6


def test_who_leads_the_store_is_no_figure_of_media_that_was_hurt() -> None:
    """Nobody could have taken over from it: `never` would read like a failure."""

    def media(_: float, event: ev.Event) -> ev.Event:
        if not isinstance(event, ev.FaultRequested):
            return event
        return dataclasses.replace(event, fault="media-stall", witness="link/a:timeout")

    view = view_of(h.changed(h.zone_loss(), media), h.zone_plan(failover=None))
    labels = {figure.label for figure in view.figures}
    assert {"Recovered after", "Calls cut off or refused"} <= labels
    assert {"New primary after", "Redundancy restored after"}.isdisjoint(labels)


def test_a_killed_service_is_quoted_by_when_it_ran_again_and_not_by_the_store() -> None:
    """The store lost nobody: that nobody saw it whole again is no news, and would read like bad news."""
    view = view_of(killed(), h.zone_plan(failover=None))
    figures = {figure.label: (figure.value, figure.note) for figure in view.figures}
    assert figures["The service ran again after"] == ("3.80 s", "limit 20.0 s")
    assert {"New primary after", "Redundancy restored after"}.isdisjoint(figures)
    assert "Nobody saw" not in view.spoken


def test_a_phase_that_never_came_is_never_and_an_unwatched_one_not_watched() -> None:
    """Which is not the same: one is found, the other not known."""
    kept = view_of(h.zone_loss(primary_s=math.inf, resync_s=math.inf), h.zone_plan())
    assert cells(kept, "phases")["new primary"][0] == "never"
    blind = h.without(h.zone_loss(), lambda e: isinstance(e, ev.MemberSample))
    unseen = view_of(blind, h.zone_plan())
    assert cells(unseen, "phases")["new primary"][0] == "not watched"
    figures = {figure.label: (figure.value, figure.note) for figure in unseen.figures}
    assert figures["New primary after"] == ("\N{EN DASH}", "not watched")


def test_no_fault_is_no_phase() -> None:
    """A sham run has phases without times, and says why."""
    sham = h.without(h.zone_loss(), lambda e: e.kind.startswith("fault."))
    assert {row[0] for row in cells(view_of(sham, h.zone_plan()), "phases").values()} == {
        "no fault was applied"
    }


def test_marks_stand_where_they_happened_though_an_earlier_fault_began_the_clock() -> None:
    """A replication that was stalled first is the picture's zero; phases count from the loss."""
    stalled = [
        h.requested("f0", 24.0, witness="wal/a:timeout", fault="replication-stall", spec='{"zone": "a"}'),
        h.applied("f0", 24.2),
        h.reverted("f0", 26.0),
    ]
    scene = scene_of([*stalled, *h.zone_loss()], h.zone_plan())
    timeline = h.timeline([*stalled, *h.zone_loss()], h.zone_plan())
    new = next(m.t_s for m in phases(h.zone_plan(), timeline) if m.name == "new primary")
    drawn = next(mark.t_s for mark in scene.marks if mark.label.startswith("new primary"))
    assert new is not None
    assert drawn == pytest.approx(new + 2.0)
    assert [lane.title for lane in scene.lanes][-2:] == ["Replication wires", "Zone doors"]


def test_callers_of_the_lost_zone_are_counted() -> None:
    """How their calls broke off, what redialling cost, and what they did not hear."""
    rows = cells(lost(), "in-flight")
    assert rows["Cut off by the platform"][0] == "7 of 7 (100.0 %)"
    assert rows["In a call again"][0] == "7 of 7 (100.0 %)"
    assert rows["Redials refused"][0] == "1 attempt of 8"
    assert rows["Silence, at most"][1:4] != ("\N{EN DASH}",) * 3


def test_what_was_lost_is_told_in_turns_calls_patients_and_seconds() -> None:
    """With the first lost turn as proof."""
    gone = {"id-c01-1", "id-c01-2", "id-c02-1"}
    entries = h.without(h.zone_loss(), lambda e: isinstance(e, ev.StoredTurn) and e.turn_id in gone)
    entries = h.changed(
        entries,
        lambda _, e: (
            dataclasses.replace(e, records=e.records - 3)
            if isinstance(e, ev.ReadBackEnded) and e.source == "store"
            else e
        ),
    )
    view = view_of(entries, h.zone_plan())
    rows = cells(view, "saved")
    assert rows["Lost"][0] == "3"
    assert rows["RPO"][0].startswith("3 turns, ")
    assert rows["RPO"][1] == "2 calls, 2 patients"
    assert {f.label: f.value for f in view.figures}["Acknowledged turns lost"].startswith("3 of ")
    saved = next(s for s in view.sections if s.name == "saved")
    assert {"turns.lost", "turns.holes"} <= {row.objective for row in saved.verdicts}


def test_a_store_that_was_not_read_is_no_comparison() -> None:
    """Dashes and the reason, no zeros."""
    silent = h.without(h.zone_loss(), lambda e: isinstance(e, ev.ReadBackEnded) and e.source == "store")
    view = view_of(silent, h.zone_plan())
    saved = next(s for s in view.sections if s.name == "saved")
    assert not saved.rows
    assert "could not be read back" in saved.verdicts[0].sentence
    assert {f.label: f.value for f in view.figures}["Acknowledged turns lost"] == "\N{EN DASH}"


def test_nobody_hit_is_said() -> None:
    """A loss that hit no caller has no table of zeros."""
    calm = h.without(h.zone_loss(), lambda e: e.kind.startswith("fault."))
    section = next(s for s in view_of(calm, h.zone_plan()).sections if s.name == "in-flight")
    assert not section.rows
    assert "No call was hit" in section.aside
    assert "No call was hit" in render_html(view_of(calm, h.zone_plan()))


def test_room_is_told_before_and_after() -> None:
    """And a target that does not tell its capacity is said so."""
    rows = cells(lost(), "capacity")
    assert rows["Room before the loss"][0] == "96 places"
    assert rows["Room after the loss"] == ("64 places", "zones b and c")
    silent = cells(view_of(h.zone_loss(), h.zone_plan(capacities=(32, 0, 32))), "capacity")
    assert silent["Room after the loss"][0] == "not told by the target"
    assert silent["Refused by chance, expected"][0] == "\N{EN DASH}"


def test_sections_are_only_there_when_asked_for() -> None:
    """An EHR drill has none of them."""
    view = view_of(h.outage(), h.plan())
    assert not view.phases
    assert {"in-flight", "capacity"}.isdisjoint(s.name for s in view.sections)


def test_the_same_journal_gives_the_same_bytes() -> None:
    """Of a zone drill as well."""
    one, two = lost(), view_of(h.zone_loss(), h.zone_plan())
    assert render_html(one) == render_html(two)
    assert render_markdown(one) == render_markdown(two)


@pytest.mark.parametrize("share", [0.05, 0.25, 0.3, 0.5, 0.9])
def test_every_beginning_of_a_zone_drill_renders(share: float) -> None:
    """A run that was cut short anywhere still has a report, and it is not green."""
    entries = [entry for entry in h.zone_loss() if entry[1] < share * h.END_S]
    view = view_of(entries, h.zone_plan())
    assert view.status.name != "PASS"
    assert render_html(view)
    assert render_markdown(view)


def test_a_drill_of_the_model_shows_its_links() -> None:
    """What was late is told as slow, though it was answered; no other drill of the voice has such a lane."""
    run = h.voice_run(witness="model/a:slower:1500")
    for second in range(2, int(h.UNWIND_S)):
        late = h.APPLIED_S <= second < h.REVERTED_S
        run.append(("probes", float(second), h.door("a", "model", latency_ms=2100.0 if late else 210.0)))
    found = lane(scene_of(run, h.voice_plan()), "Links to model")
    assert isinstance(found, RowLane)
    assert "slow" in found.rows[0].text
    assert "ok" in found.rows[0].text
    others = scene_of(h.voice_run(), h.voice_plan())
    assert not [each for each in others.lanes if each.title.startswith("Links")]
