"""The report says what was judged: every word escaped, every claim linked, the same bytes each time."""

from __future__ import annotations

import dataclasses
import re
import time
from functools import cache
from html.parser import HTMLParser

from drill.journal import Stream, merge
from drill.judge import judge
from drill.model.events import GuardChecked, LoadSample, Recorded
from drill.model.plan import Plan
from drill.model.verdicts import Status, Verdict
from drill.report import View, build_view, render_html, render_markdown
from drill.timeline import fold
from fakes import run

HOSTILE = "<script>alert('x')</script><img src=x onerror=y>\"&]]>`|\n## [a](javascript:b) \x00\u202e"
TORN = HOSTILE + "\ud800"  # half a character: JSON can carry one, UTF-8 cannot


def view_of(plan: Plan, streams: tuple[Stream, ...], verdicts: tuple[Verdict, ...] | None = None) -> View:
    """A run as its view; judged unless verdicts are given."""
    told = judge(plan, streams) if verdicts is None else verdicts
    return build_view(plan, fold(merge(streams), plan), told, streams)


@cache
def good() -> View:
    """The made-up run, judged."""
    return view_of(run.plan(), run.streams())


class Page(HTMLParser):
    """What a browser would find: tags, attributes, and the words between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep every tag."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep every word."""
        self.words += data

    def all(self, name: str) -> list[str]:
        """All values of one attribute."""
        return [value for _, attrs in self.tags for key, value in attrs.items() if key == name and value]


def hostile() -> View:
    """Everything that somebody else may write holds markup."""
    plan = dataclasses.replace(
        run.plan(HOSTILE), owner=HOSTILE, drill=HOSTILE, zones=("a", HOSTILE), risk=HOSTILE, profile=HOSTILE
    )
    streams = list(run.streams())
    control = streams[0]
    events = tuple(
        dataclasses.replace(r, event=dataclasses.replace(r.event, detail=TORN))
        if isinstance(r.event, GuardChecked)
        else r
        for r in control.events
    )
    streams[0] = dataclasses.replace(control, events=events, fault=TORN, name=HOSTILE)
    verdict = Verdict(HOSTILE, Status.FAIL, TORN, TORN, TORN, (TORN, "faults:1"))
    return view_of(plan, tuple(streams), (verdict,))


def test_markup_in_a_title_or_detail_stays_words() -> None:
    """No tag or attribute of the page comes from the run."""
    page = Page(render_html(hostile()))
    assert {"script", "img"}.isdisjoint(tag for tag, _ in page.tags)
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert "<script>alert('x')</script>" in page.words


def test_markup_stays_words_in_markdown() -> None:
    """A hostile text can begin no heading, link, table cell or tag."""
    text = render_markdown(hostile())
    assert "<script" not in text
    assert "<img" not in text
    assert not re.search(r"(?<!\\)\]\(", text)
    assert "\n## [" not in text
    rows = [line for line in text.splitlines() if line.startswith("| **FAIL**")]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [7]


def test_a_page_can_be_written_whatever_a_run_says() -> None:
    """Halves of characters and control characters do not reach the bytes."""
    for text in (render_html(hostile()), render_markdown(hostile())):
        assert "\x00" not in text
        assert "\u202e" not in text
        assert text.encode("utf-8")


def test_every_because_link_has_its_place() -> None:
    """Links lead to places on the page, and every cited event has one."""
    page = Page(render_html(good()))
    places = page.all("id")
    assert len(places) == len(set(places))
    targets = [href.removeprefix("#") for href in page.all("href") if href.startswith("#")]
    assert set(targets) <= set(places)
    cited = {id_.replace(":", "-") for v in judge(run.plan(), run.streams()) for id_ in v.because}
    assert cited
    assert cited <= set(targets)


def test_a_cited_event_that_is_not_there_is_said_to_be_missing() -> None:
    """A link never leads nowhere, and the appendix does not pretend."""
    verdict = Verdict("calls.dropped", Status.FAIL, "x", because=("load:999999",))
    view = view_of(run.plan(), run.streams(), (verdict,))
    assert view.cited[-1].kind == "not in the journal"
    assert 'id="load-999999"' in render_html(view)


def test_the_same_run_gives_the_same_bytes() -> None:
    """Rendering reads nothing but its arguments."""
    one, two = good(), good.__wrapped__()
    assert render_html(one) == render_html(two)
    assert render_markdown(one) == render_markdown(two)


def test_unknown_never_wears_the_colour_of_pass() -> None:
    """The banner and the row of an unknown objective are marked and worded UNKNOWN."""
    verdict = Verdict("calls.dropped", Status.UNKNOWN, "No call was made.")
    html = render_html(view_of(run.plan(), (), (verdict,)))
    body = html[html.index("<main>") :]
    assert '<div class="verdict unknown">' in body
    assert "UNKNOWN</span>" in body
    assert 'class="status pass' not in body
    assert "PASS</span>" not in body


def test_a_status_is_always_a_word() -> None:
    """Whoever does not see colours reads PASS, FAIL or UNKNOWN at every mark."""
    html = render_html(good())
    marks = re.findall(r'<span class="status (\w+) *\w*"><svg.*?</svg>(\w+)</span>', html)
    assert len(marks) == html.count('<span class="status ')
    assert all(css == word.lower() for css, word in marks)


def test_nothing_judged_is_not_green() -> None:
    """An empty run without verdicts still gives a page, and it says UNKNOWN."""
    view = view_of(run.plan(), (), ())
    assert view.status is Status.UNKNOWN
    assert "UNKNOWN" in render_markdown(view).splitlines()[0]
    assert '<div class="verdict unknown">' in render_html(view)


def test_an_empty_run_renders_without_claims() -> None:
    """What nobody measured is a dash, not a zero."""
    figures = {figure.label: figure.value for figure in view_of(run.plan(), ()).figures}
    assert (
        figures["Recovered after"] == figures["Breakers opened"] == figures["Dropped or refused"] == "\u2013"
    )


def test_every_beginning_of_a_run_renders() -> None:
    """A run that was cut short anywhere still has a report."""
    streams = run.streams()
    for share in (0.02, 0.2, 0.25, 0.3, 0.5, 0.9):
        cut = tuple(
            dataclasses.replace(s, events=s.events[: int(len(s.events) * share)], fault="cut")
            for s in streams
        )
        view = view_of(run.plan(), cut)
        assert view.status is not Status.PASS
        assert "Damaged journal: cut" in render_html(view)


def test_the_page_loads_nothing() -> None:
    """No script, no frame, and no address but those within the page."""
    page = Page(render_html(good()))
    assert {"script", "iframe", "object", "embed", "img"}.isdisjoint(tag for tag, _ in page.tags)
    assert all(href.startswith(("#", "data:,")) for href in page.all("href"))
    assert not page.all("src")
    assert "url(http" not in render_html(good())


def test_the_first_sentence_names_what_broke() -> None:
    """The verdict comes before everything else."""
    verdicts = (
        Verdict("calls.latency", Status.PASS, "Fine."),
        Verdict("turns.lost", Status.FAIL, "2 were lost."),
    )
    html = render_html(view_of(run.plan(), run.streams(), verdicts))
    assert '<p class="sentence">turns.lost: 2 were lost.</p>' in html
    assert html.index("2 were lost.") < html.index("<h2")


def test_a_sandbox_time_is_not_presented_as_a_production_time() -> None:
    """The sentence stands beside the verdict, on the page and in the summary."""
    assert "A sandbox time is not a production time." in render_html(good())
    assert "A sandbox time is not a production time." in render_markdown(good())


def test_a_fault_left_behind_is_said_so() -> None:
    """Without a revert the story of the fault ends with what to do."""
    streams = tuple(
        dataclasses.replace(s, events=s.events[:3]) if s.name == "faults" else s for s in run.streams()
    )
    view = view_of(run.plan(), streams)
    assert not view.faults[0].undone
    assert "drill heal" in view.faults[0].ending


def test_a_big_run_is_rendered_in_seconds() -> None:
    """Dots are thinned and sizes bounded, so that time and page stay small."""
    plan, streams = run.plan(), run.streams(calls=300, think_s=3.0)
    assert sum(len(stream.events) for stream in streams) > 20_000
    timeline, verdicts = fold(merge(streams), plan), judge(plan, streams)
    began = time.process_time()
    html = render_html(build_view(plan, timeline, verdicts, streams))
    assert time.process_time() - began < 5.0  # generous: test machines are busy
    assert len(html) < 400_000


def test_what_the_host_took_of_the_machine_stands_above_the_figures() -> None:
    """Whoever reads that something was late has to know it first."""
    assert good().warnings == ()
    streams = tuple(
        dataclasses.replace(stream, events=tuple(_with_a_host(record) for record in stream.events))
        for stream in run.streams()
    )
    (warning,) = view_of(run.plan(), streams).warnings
    assert warning.startswith("The host of the load's machine took 30.0 % of its processors meanwhile")


def _with_a_host(record: Recorded) -> Recorded:
    if not isinstance(record.event, LoadSample):
        return record
    return dataclasses.replace(record, event=dataclasses.replace(record.event, stolen_share=0.3))
