"""The reference pages say what the loader accepts, because they are made from its tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from drill.reference import drill_page, target_page

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("file", "page"), [("drill-file.md", drill_page()), ("target-file.md", target_page())]
)
def test_the_committed_page_is_the_rendered_one(file: str, page: str) -> None:
    """After a change to a table: `python -m drill.reference docs`."""
    assert (DOCS / file).read_text(encoding="utf-8") == page


def test_a_page_explains_every_key_with_meaning_and_example() -> None:
    """No empty cell, in either page."""
    rows = [
        line for page in (drill_page(), target_page()) for line in page.splitlines() if line.startswith("| `")
    ]
    assert len(rows) > 40
    for row in rows:
        assert all(cell.strip(" `") for cell in row.strip("|").split(" | ")), row
