"""The PDF is the page, tagged, with the OSCAL documents in it; the same arguments give the same bytes."""

from __future__ import annotations

import dataclasses
import re
import time
import zlib
from datetime import UTC, datetime
from pathlib import Path

from drill.model.verdicts import Status
from drill.quarter.extra import pdf
from drill.quarter.render import quarter_html
from drill.quarter.write import planned
from quarters import a_trial, a_view

MADE = datetime(2026, 11, 25, 7, 30, tzinfo=UTC)
DRILLS = Path(__file__).parents[3] / "drills"
ATTACHED = {"assessment-results.json": '{"a": 1}', "plan.json": '{"b": 2}'}


def inflated(made: bytes) -> bytes:
    """Every stream of the file as it reads once unpacked."""
    found = [made]
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", made, re.DOTALL):
        try:
            found.append(zlib.decompress(packed))
        except zlib.error:
            continue
    return b"\n".join(found)


def test_the_same_page_gives_the_same_bytes_with_the_documents_in_them() -> None:
    """Its dates are the evidence's, its identifier the report's; it says of itself that it is PDF/A-3a."""
    page = quarter_html(a_view())
    first = pdf(page, ATTACHED, "5" * 64, MADE)
    time.sleep(1.1)  # what is cut out of a font is dated to the second
    assert pdf(page, ATTACHED, "5" * 64, MADE) == first
    inside = inflated(first)
    for text in ATTACHED.values():
        assert text.encode() in inside
    assert re.search(rb"pdfaid:part[^0-9]*3", inside)
    assert re.search(rb"pdfaid:conformance[^A-Z]*A", inside)
    assert b"/StructTreeRoot" in inside
    assert b"D:20261125073000" in inside or b"2026-11-25T07:30:00" in inside


def test_another_page_has_another_identifier() -> None:
    """Nobody mistakes one report for the other."""
    page = quarter_html(a_view())
    assert pdf(page, ATTACHED, "5" * 64, MADE) != pdf(page, ATTACHED, "6" * 64, MADE)


def pages_of(made: bytes, *names: str) -> list[int]:
    """On which page each of these places is, from 1."""
    inside = inflated(made)
    pages = re.search(rb"/Type /Pages/Kids \[([^]]*)]", inside)
    assert pages
    order = [number.split()[0] for number in pages[1].split(b" R") if number]
    found = [re.search(rb"\(%s\) \[(\d+) 0 R" % name.encode(), inside) for name in names]
    return [order.index(each[1]) + 1 for each in found if each]


def test_the_management_summary_is_one_page_however_bad_things_are() -> None:
    """Every drill that comes with the program failed three times and is late. What stands behind the contents
    is left out, for it takes minutes to draw."""
    drills = [dataclasses.replace(each, schedule="weekly") for each in planned(DRILLS)]
    bad = {"breaker__opened": Status.FAIL, "calls__dropped": Status.UNKNOWN, "calls__answered": Status.FAIL}
    days = ("2026-10-01", "2026-10-02", "2026-11-20")
    runs = [a_trial(f"20261001T000000Z-{d.drill[:5]}{day[-1]}", day, drill=d.drill, **bad)
            for d in drills for day in days]  # fmt: skip
    page = quarter_html(a_view(tuple(runs), tuple(drills)))
    made = pdf(page.partition("</nav>")[0] + "</nav></main></body></html>", {}, "5" * 64, MADE)
    assert len(drills) >= 20
    assert pages_of(made, "summary", "contents") == [1, 2]
