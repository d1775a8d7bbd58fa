"""docs/safety.md names the test that holds each promise: those tests are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "safety.md").read_text(encoding="utf-8")
CITED = sorted(set(re.findall(r"`(tests/[\w/.]+\.py)(?:::(\w+))?", PAGE)))


@pytest.mark.parametrize(("file", "test"), CITED)
def test_a_cited_test_is_there(file: str, test: str) -> None:
    """By file, and by name where one is given."""
    assert f"def {test}" in (ROOT / file).read_text(encoding="utf-8")


def test_every_promise_cites_one() -> None:
    """A row without a test is only a wish."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "held by" not in line]
    assert [row for row in rows if "test" not in row.rsplit("|", 2)[1] and "soak" not in row] == []
