"""What auditors ask for stands in the committed sample, in the words that the documentation names."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "quarter.md").read_text(encoding="utf-8").partition("## For an auditor")[2]
ROWS = dict(re.findall(r"^\| ([a-z][^|]+) \| [^|]+ \| ([^|]+) \|$", GUIDE, re.MULTILINE))
TYPED = ("role", "changed")  # keys of findings.yaml, which a reader of the report does not see


@pytest.fixture(scope="module")
def words() -> str:
    """The page of the sample without its marks."""
    page = (ROOT / "reports" / "sample" / "2026Q4" / "report.html").read_text(encoding="utf-8")
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.partition("<body>")[2])).split())


@pytest.mark.parametrize("asked", [asked for asked in ROWS if "`" in ROWS[asked]])
def test_the_report_says_it_in_these_words(asked: str, words: str) -> None:
    """What stands in backticks; titles in quotation marks are those of restores, and the sample has none."""
    told = [each for each in re.findall(r"`([^`]+)`", ROWS[asked]) if each not in TYPED]
    assert [each for each in told if each not in words] == []


def test_all_that_is_asked_for_has_its_place() -> None:
    """Twenty-two fields, by the texts of the frameworks."""
    assert len(ROWS) == 22


def test_titles_in_quotation_marks_are_those_of_the_tables() -> None:
    """As the program writes them."""
    named = set(re.findall("“([^”]+)”", "".join(ROWS.values())))
    report = ROOT / "src" / "drill" / "report"
    source = "".join((report / f"{name}.py").read_text() for name in ("restored", "recovery_phases", "view"))
    assert len(named) == 5
    assert [title for title in named if f'"{title}"' not in source] == []
