"""Both reports read well without eyes, without a mouse, without colours and on paper.

What a page holds is looked at as a screen reader would; what it looks like is reckoned from its style sheets
by the formulas of WCAG 2.2 (relative luminance, contrast ratio).
"""

from __future__ import annotations

import itertools
import re
from functools import cache
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest

from drill.quarter.render import quarter_html
from drill.report import render_html
from quarters import a_view, some_trials
from unit.report.test_report import good

VOID = {"meta", "link", "br", "img", "hr", "input", "col"}
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


class Element:
    """A tag with its attributes, what it stands in, and its words."""

    def __init__(self, tag: str, attributes: dict[str, str], inside: tuple[Element, ...]) -> None:
        self.tag, self.attributes, self.inside, self.words = tag, attributes, inside, ""

    def get(self, name: str) -> str:
        """An attribute; "" without one."""
        return self.attributes.get(name, "")

    @property
    def named(self) -> bool:
        """Whether a screen reader can say what it is."""
        return bool(self.get("aria-label") or self.get("aria-labelledby"))


class Tree(HTMLParser):
    """Every element of a page in its order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.all: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Into whatever is open."""
        found = Element(tag, {name: value or "" for name, value in attrs}, tuple(self._open))
        self.all.append(found)
        if tag not in VOID:
            self._open.append(found)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """It holds nothing."""
        self.all.append(Element(tag, {name: value or "" for name, value in attrs}, tuple(self._open)))

    def handle_endtag(self, tag: str) -> None:
        """What is closed is what was opened last: the pages leave nothing open."""
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        """Words belong to everything around them."""
        for each in self._open:
            each.words += data

    def of(self, *tags: str) -> list[Element]:
        """All of these tags."""
        return [each for each in self.all if each.tag in tags]


@cache
def page(name: str) -> Tree:
    """One run's report, a quarter's, or the committed one, which has approvals, findings and seals."""
    made = {"run": lambda: render_html(good()), "quarter": lambda: quarter_html(a_view(some_trials()))}
    return Tree(made[name]() if name in made else SAMPLE.read_text(encoding="utf-8"))


SAMPLE = Path(__file__).parents[3] / "reports" / "sample" / "2026Q4" / "report.html"
PAGES = pytest.mark.parametrize("name", ["run", "quarter", "sample"])


@PAGES
def test_a_page_says_its_language_its_title_and_where_its_main_part_is(name: str) -> None:
    tree = page(name)
    assert [each.get("lang") for each in tree.of("html")] == ["en"]
    assert len(tree.of("main")) == len(tree.of("h1")) == 1
    assert next(each for each in tree.of("title") if each.inside[-1].tag == "head").words.strip()


@PAGES
def test_no_heading_leaves_a_level_out_and_none_is_empty(name: str) -> None:
    found = [(int(each.tag[1]), each.words.strip()) for each in page(name).of(*HEADINGS)]
    assert found[0][0] == 1
    assert [b for (a, _), b in itertools.pairwise(found) if b[0] > a + 1 or not b[1]] == []


@PAGES
def test_every_section_is_a_landmark_with_a_name(name: str) -> None:
    assert [e.attributes for e in page(name).of("section", "nav", "article") if not e.named
            and e.get("class") != "story"] == []  # fmt: skip


@PAGES
def test_the_first_thing_that_a_keyboard_meets_leads_past_the_head(name: str) -> None:
    tree = page(name)
    first = next(e for e in tree.all if e.tag == "a" or e.get("tabindex"))
    ids = {each.get("id") for each in tree.all}
    assert first.get("class") == "skip" and first.words.startswith("Skip to ")
    assert first.get("href").removeprefix("#") in ids


@PAGES
def test_what_scrolls_can_be_scrolled_by_keyboard_and_nothing_jumps_the_queue(name: str) -> None:
    tree = page(name)
    scrolling = [each for each in tree.all if "scroll" in each.get("class").split()]
    assert scrolling
    assert {(e.get("role"), e.get("tabindex"), e.named) for e in scrolling} == {("region", "0", True)}
    assert {each.get("tabindex") for each in tree.all} <= {"", "0"}


@PAGES
def test_every_table_has_a_name_and_every_head_of_it_says_what_it_is_the_head_of(name: str) -> None:
    tree = page(name)
    tables = tree.of("table")
    assert [e.attributes for e in tables if not (e.named or e.inside[-1].named)] == []
    assert {each.get("scope") for each in tree.of("th")} == {"col", "row", "rowgroup"}
    assert [e.words for e in tree.of("th") if e.get("scope") == "col" and not e.words.strip()] == []
    assert len(tree.of("thead")) == len(tables)


@PAGES
def test_every_picture_is_told_in_words_or_is_an_ornament_beside_words(name: str) -> None:
    tree = page(name)
    spoken = [each for each in tree.of("svg") if each.get("aria-hidden") != "true"]
    assert len(spoken) >= 2
    for each in spoken:
        own = [e for e in tree.of("title", "desc") if e.inside[-1] is each]
        assert each.get("role") == "img"
        assert [e.tag for e in own] == ["title", "desc"] and all(e.words.strip() for e in own)
        assert each.get("aria-labelledby").split() == [e.get("id") for e in own]
    assert tree.of("img") == []


@PAGES
def test_no_verdict_is_told_by_colour_alone(name: str) -> None:
    found = [each for each in page(name).all if "status" in each.get("class").split()]
    assert {each.words for each in found} <= {"PASS", "FAIL", "UNKNOWN", "NOT TESTED"}
    assert len(found) > 10


@PAGES
def test_every_link_has_words(name: str) -> None:
    assert [each.attributes for each in page(name).of("a") if not each.words.strip()] == []


# --- colours ---


def _css(package: str, name: str) -> str:
    return files(package).joinpath("templates", name).read_text(encoding="utf-8")


REPORT, QUARTER = _css("drill.report", "report.css"), _css("drill.quarter", "quarter.css")
LIGHT, _, _AFTER = REPORT.partition("@media screen and (prefers-color-scheme: dark)")
SCHEMES = {"light": LIGHT, "dark": _AFTER.partition("\n}\n")[0]}
Colour = tuple[float, float, float]


def colours(scheme: str) -> dict[str, str]:
    """Every colour of a scheme by its name."""
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6}(?:[0-9a-f]{2})?)[;\s]", SCHEMES[scheme]))


def over(colour: str, ground: Colour, opacity: float = 1.0) -> Colour:
    """What is seen where a colour, perhaps a translucent one, lies on a ground; 0 to 1 each."""
    red, green, blue, *alpha = (int(colour[n : n + 2], 16) / 255 for n in range(1, len(colour), 2))
    share = (alpha[0] if alpha else 1.0) * opacity
    told = [c * share + g * (1 - share) for c, g in zip((red, green, blue), ground, strict=True)]
    return told[0], told[1], told[2]


def luminance(colour: Colour) -> float:
    """Relative luminance (WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio (WCAG 2.2): 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


BLACK, WHITE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
TEXT, GRAPHIC = 4.5, 3.0  # WCAG 2.2, 1.4.3 and 1.4.11
# On every ground that text may stand on, a row that was jumped to included.
WORDS = ("ink", "quiet", "link", "pass", "fail", "unknown")
GROUNDS = ("paper", "panel", "pass-tint", "fail-tint", "unknown-tint")


def test_the_formula_gives_what_everybody_knows() -> None:
    """Black on white is 21 to 1; #767676 is the lightest grey that may be read on white."""
    assert contrast(BLACK, WHITE) == pytest.approx(21.0)
    assert contrast(over("#767676", WHITE), WHITE) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_can_be_read_on_every_ground(scheme: str) -> None:
    named = colours(scheme)
    found = {
        f"{word} on {ground}": contrast(over(named[word], BLACK), over(named[ground], BLACK))
        for word in WORDS
        for ground in GROUNDS
    }
    assert {what: ratio for what, ratio in found.items() if ratio < TEXT} == {}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_words_in_pictures_can_be_read_where_they_stand(scheme: str) -> None:
    """Marks, limits and phases stand on paper or on a phase; names of bands within them."""
    named = colours(scheme)
    paper = over(named["paper"], BLACK)
    grounds = {
        "paper": paper, "phase": over(named["panel"], BLACK), "fault": over(named["fault"], paper),
        "phase-fault": over(named["breach-tint"], paper),
    }  # fmt: skip
    pairs = [
        (word, name) for word in ("ink", "breach", "pass", "data", "fail") for name in ("paper", "fault")
    ]
    pairs += [("quiet", "paper"), ("quiet", "phase"), ("quiet", "fault"), ("ink", "phase-fault")]
    found = {f"{word} on {name}": contrast(over(named[word], BLACK), grounds[name]) for word, name in pairs}
    found |= {f"paper on {band}": contrast(paper, over(named[band], BLACK)) for band in ("block", "data")}
    assert {what: ratio for what, ratio in found.items() if ratio < TEXT} == {}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_lines_and_dots_that_carry_a_meaning_can_be_told_from_their_ground(scheme: str) -> None:
    """With the opacity that the style sheet gives them; grids and axes carry none."""
    named = colours(scheme)
    opacity = dict(re.findall(r"^\.(dots\.full|band\.calm) \{.* opacity: (\.\d+)", _PICTURE, re.MULTILINE))
    assert set(opacity) == {"dots.full", "band.calm"}
    shapes = {"data": opacity["dots.full"], "pass": opacity["band.calm"]}
    shapes |= dict.fromkeys(("breach", "degraded", "fail", "block", "quiet", "link"), "1")
    paper = over(named["paper"], BLACK)
    fault = over(named["fault"], paper)
    found = {
        f"{name} on {where}": contrast(over(named[name], ground, float(share)), ground)
        for name, share in shapes.items()
        for where, ground in (("paper", paper), ("fault", fault))
    }
    assert {what: ratio for what, ratio in found.items() if ratio < GRAPHIC} == {}


_PICTURE = _css("drill.report", "picture.css")


def test_no_colour_is_used_that_is_not_looked_at_here() -> None:
    """Text takes its colour from the names above; what stands elsewhere is the grey of the page's foot."""
    used = set(re.findall(r"(?<![-\w])color: var\(--([a-z-]+)\)", REPORT + QUARTER))
    assert used <= set(WORDS)
    assert not re.search(r"(?<![-\w])(color|fill|stroke): #", REPORT + QUARTER + _PICTURE)
    (foot,) = set(re.findall(r" color: (#[0-9a-f]{6})", _css("drill.quarter", "paper.css")))
    assert contrast(over(foot, BLACK), WHITE) >= TEXT


# --- paper ---


def test_paper_is_never_dark_and_cuts_no_row_and_no_picture() -> None:
    """Dark colours are for screens; what scrolls there is whole here."""
    assert REPORT.count("prefers-color-scheme") == 1 and "@media screen and (prefers-color-scheme" in REPORT
    printed = REPORT.partition("@media print {")[2]
    whole = re.search(r"([^{}]*)\{ break-inside: avoid; \}", printed)
    assert whole and {".picture", "tr", ".verdict"} <= {part.strip() for part in whole[1].split(",")}
    for rule in (".scroll { overflow: visible; }", ".skip { display: none; }", "print-color-adjust: exact;"):
        assert rule in printed
    assert "h2 { margin-top: 2.5rem; break-after: avoid; }" in printed
    assert "@page { size: A4;" in REPORT
