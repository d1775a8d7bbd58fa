"""The documents, and what they name: commands, files, words in code style."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Decisions tell of the time in which they were made, and the rest of how things are.
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (
        *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "reports").rglob("README.md"),
    )
    if path.parent.name != "adr"
)  # fmt: skip
_FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


def text(page: str) -> str:
    """A page, by its place in the project."""
    return (ROOT / page).read_text(encoding="utf-8")


def spans(page: str) -> list[str]:
    """What stands in code style within sentences."""
    return _SPAN.findall(_FENCE.sub("", text(page)))


def blocks(page: str) -> list[str]:
    """Lines of its blocks of code."""
    return [line for block in _FENCE.findall(text(page)) for line in block.splitlines()]


def commands(page: str, program: str) -> Iterator[str]:
    """Every command line of a program that it names, without remarks."""
    for line in (*blocks(page), *spans(page)):
        for each in re.split(r"\s&&\s", re.split(r"\s#", line)[0]):
            if each.strip().startswith(f"{program} ") and "│" not in each:
                yield each.strip()


def rows(page: str, heading: str = "") -> list[list[str]]:
    """Cells of its tables' rows, below a heading if one is named; heads of tables are left out."""
    part = text(page)
    if heading:
        part = f"\n{part}".partition(f"\n{heading}\n")[2]
        assert part, f"{page} has no heading {heading!r}"
        part = re.split(r"^#{1,6} ", part, maxsplit=1, flags=re.MULTILINE)[0]
    lines = part.splitlines()
    heads = {n - 1 for n, line in enumerate(lines) if line.startswith("|---")}
    told = [line for n, line in enumerate(lines) if line.startswith("| ") and n not in heads]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))] for line in told]


def names(cell: str) -> list[str]:
    """What a cell names in code style."""
    return _SPAN.findall(cell)
