"""The picture: well-formed whatever it is given, nothing lost that matters, bounded in size."""

from __future__ import annotations

import dataclasses
import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from drill.journal import merge
from drill.objectives.recovery import measure
from drill.report.charts import NARROW, WIDE, draw
from drill.report.picture import Axis, Band, DotLane, Dots, Limit, Mark, Picture, Row, RowLane, StepLane
from drill.report.scene import axis, picture
from drill.report.states import runs
from drill.report.svg import Scale, thin_dots, thin_steps
from drill.timeline import Span, fold
from fakes import run

SVG = "{http://www.w3.org/2000/svg}"


def parsed(svg: str) -> ElementTree.Element:
    """A drawing as an XML parser reads it."""
    return ElementTree.fromstring(svg)


def scene() -> Picture:
    """The picture of the made-up run."""
    plan, streams = run.plan(), run.streams()
    timeline = fold(merge(streams), plan)
    assert plan.objectives.recovery is not None
    return picture(plan, timeline, measure(timeline, plan.objectives.recovery))


def tiny(**changes: object) -> Picture:
    """The least there can be, with one thing changed."""
    return dataclasses.replace(Picture(-1.0, 1.0, "zero", "text", (), (), (), ()), **changes)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_picture_of_a_run_is_well_formed(width: int) -> None:
    """An XML parser reads it, and it is named for who does not see it."""
    root = parsed(draw(scene(), width, "p"))
    assert root.tag == f"{SVG}svg"
    assert root.find(f"{SVG}desc") is not None
    assert {t.text for t in root.iter(f"{SVG}text")} >= {
        "fault",
        "fault applied",
        "Calls in breach",
        "Witness",
    }


def test_hostile_words_do_not_break_the_picture() -> None:
    """Labels come from files and journals."""
    bad = "</text><script>&\x00\ud800\"'"
    rows = RowLane(bad, bad, 18, (Row(bad, bad, (Band(-1.0, 1.0, bad, "block"),)),))
    drawn = draw(tiny(text=bad, zero=bad, lanes=(rows,), marks=(Mark(0.0, bad, "plain-mark"),)), WIDE, "p")
    assert parsed(drawn).find(f".//{SVG}script") is None


def test_nothing_at_all_is_still_a_picture() -> None:
    """An empty run, and one without length, are drawn."""
    assert parsed(draw(tiny(), WIDE, "p")) is not None
    assert parsed(draw(tiny(start_s=0.0, end_s=0.0), NARROW, "p")) is not None


def test_two_pictures_on_a_page_share_no_id() -> None:
    """The wide and the narrow drawing stand on the same page."""
    ids = [re.findall(r' id="([^"]+)"', draw(scene(), WIDE, name)) for name in ("wide", "narrow")]
    assert set(ids[0]).isdisjoint(ids[1])


def test_outcomes_differ_by_shape_and_not_only_by_colour() -> None:
    """Each kind of turn has a path of its own form."""
    kinds = ("full", "degraded", "wrong", "never")
    lane = DotLane("t", "", 50, Axis(1.0, ()), tuple(Dots(kind, ((0.0, 0.5),)) for kind in kinds))
    drawn = draw(tiny(lanes=(lane,)), WIDE, "p")
    shapes = {
        re.sub(r"^M[\d.]+ [\d.]+", "", path) for path in re.findall(r'class="dots \w+" d="([^"]+)"', drawn)
    }
    assert len(shapes) == len(kinds)


def test_a_short_peak_survives_thinning() -> None:
    """A breach shorter than a pixel is still seen."""
    points = [(10 + n / 100, 0.0) for n in range(100)]
    points[50] = (10.5, 9.0)
    assert max(value for _, value in thin_steps(points)) == 9.0
    assert len(thin_steps(points)) < 6


def test_thinned_dots_are_bounded_and_keep_both_ends() -> None:
    """The same dots are chosen each time, the first and the last among them."""
    points = [(float(n), 0.0) for n in range(5000)]
    found = thin_dots(points, 100)
    assert len(found) == 100
    assert (found[0], found[-1]) == ((0.0, 0.0), (4999.0, 0.0))
    assert found == thin_dots(reversed(points), 100)


def test_labels_of_marks_do_not_overlap() -> None:
    """Marks close together get rows of their own."""
    marks = tuple(Mark(n / 1000, f"mark number {n}", "plain-mark") for n in range(4))
    root = parsed(draw(tiny(marks=marks), WIDE, "p"))
    rows = [t.get("y") for t in root.iter(f"{SVG}text") if (t.text or "").startswith("mark number")]
    assert len(set(rows)) == 4


def test_a_state_is_drawn_until_another_is_seen() -> None:
    """Samples in between say nothing new."""
    samples = [(0.0, "closed"), (1.0, "closed"), (2.0, "open"), (3.0, "open"), (4.0, "closed")]
    found = runs(samples, Span(0.0, 5.0), 0.0, {"closed": "calm", "open": "block"})
    assert [(b.start_s, b.end_s, b.kind) for b in found] == [(0, 2, "calm"), (2, 4, "block"), (4, 5, "calm")]


def test_a_silence_of_the_probes_is_drawn_as_not_known() -> None:
    """A breaker that nobody could ask is not drawn as closed."""
    plan, streams = run.plan(), run.streams()
    thin = tuple(
        dataclasses.replace(s, events=tuple(r for r in s.events if not run.ns(35) < r.t_ns < run.ns(45)))
        if s.name == "probes"
        else s
        for s in streams
    )
    drawn = draw(picture(plan, fold(merge(thin), plan), None), WIDE, "p")
    assert drawn.count('class="band unknown"') == 2 * len(plan.zones)


def test_the_limit_line_is_drawn_and_named() -> None:
    """A limit is a dashed line with its words."""
    lane = StepLane("s", "", "breach", 50, Axis(20.0, ()), ((0.0, 1.0),), (Limit(10.0, "no more than 10 %"),))
    drawn = draw(tiny(lanes=(lane,)), WIDE, "p")
    assert 'class="limit"' in drawn
    assert "no more than 10 %" in drawn


@pytest.mark.parametrize(
    ("highest", "top"), [(0.0, 1.0), (0.7, 0.8), (2.1, 3.0), (40.0, 40.0), (41.0, 60.0), (9.0, 10.0)]
)
def test_an_axis_ends_at_a_round_value(highest: float, top: float) -> None:
    """Not below what it has to show."""
    assert axis(highest, "").top == pytest.approx(top)


def test_ticks_are_round_and_apart() -> None:
    """Second 0 is always among them."""
    ticks = Scale(-25.0, 78.0, 40.0, 870.0).ticks(64)
    assert 0 in ticks
    assert len({b - a for a, b in pairwise(ticks)}) == 1
