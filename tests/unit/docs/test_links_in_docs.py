"""Links lead somewhere, files that are named are there, and the README shows what the code draws."""

from __future__ import annotations

import re
import sys
from functools import cache

import pytest

from documents import PAGES, ROOT, blocks, spans, text

FOLDERS = "benchmarks|docs|drills|experiments|loadprofiles|reports|scripts|src|tests"
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_PATH = re.compile(rf"(?<![\w./-])(?:\.\./)*(?:{FOLDERS})/[\w./-]*\w")
# What a run writes; it is not there before.
MADE = ("docs/sandbox-", "reports/QUARTER", "reports/2026Q4")


DECISIONS = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/adr/*.md"))


@cache
def anchors(page: str) -> set[str]:
    """Headings as they are linked to."""
    found = re.findall(r"^#{1,6} (.*)$", text(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in found}


@pytest.mark.parametrize("page", [*PAGES, *DECISIONS])
def test_links_lead_somewhere(page: str) -> None:
    """To a file or folder of the project, and there to a heading."""
    for link in _LINK.findall(text(page)):
        if "://" in link:
            continue
        place, _, anchor = link.partition("#")
        path = (ROOT / page).parent / place if place else ROOT / page
        assert path.exists(), link
        if anchor:
            assert anchor in anchors(path.resolve().relative_to(ROOT.resolve()).as_posix()), link


@pytest.mark.parametrize("page", PAGES)
def test_files_that_are_named_are_there(page: str) -> None:
    """By their place in the project, or beside the page."""
    told = " ".join([*spans(page), *blocks(page)])
    named = {name for name in _PATH.findall(told) if not name.startswith(MADE) and "NAME" not in name}
    beside = (ROOT / page).parent
    assert [name for name in sorted(named) if not ((ROOT / name).exists() or (beside / name).exists())] == []


def test_every_page_of_docs_can_be_reached_from_the_readme() -> None:
    """A page to which no link leads is read by nobody."""
    linked = {(ROOT / link.partition("#")[0]).resolve() for link in _LINK.findall(text("README.md"))}
    pages = [page for page in PAGES if page.startswith("docs/")]
    assert [page for page in pages if (ROOT / page).resolve() not in linked] == []


@pytest.fixture(scope="module")
def shown() -> tuple[str, str]:
    """Picture and first sentence of the report that the README speaks of, as they are made today."""
    sys.path.insert(0, str(ROOT / "scripts"))
    from readme_picture import picture, view

    of = view()
    return picture(of), f"{of.status.name}: {of.sentence}"


def test_the_picture_is_what_the_code_draws(shown: tuple[str, str]) -> None:
    """Of a run of the committed sample."""
    again = "what judges or draws has changed: look at it, run `make sample`, and commit what it wrote"
    assert (ROOT / "docs" / "report.svg").read_text(encoding="utf-8") == shown[0], again


def test_the_sentence_below_it_is_that_report_s(shown: tuple[str, str]) -> None:
    """Word by word."""
    quoted = [line.removeprefix("> ") for line in text("README.md").splitlines() if line.startswith("> ")]
    assert " ".join(quoted) == shown[1]


def test_pages_tell_of_no_machine() -> None:
    """No home, no temporary folder."""
    told = {page: re.findall(r"(?<![\w.])/(?:home|root|Users|tmp)/\S*", text(page)) for page in PAGES}
    assert {page: found for page, found in told.items() if found} == {}
