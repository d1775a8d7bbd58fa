"""The PDF is the page, tagged, with the OSCAL documents in it; the same arguments give the same bytes."""

from __future__ import annotations

import re
import time
import zlib
from datetime import UTC, datetime

from drill.quarter.extra import pdf
from drill.quarter.render import quarter_html
from quarters import a_view

MADE = datetime(2026, 11, 25, 7, 30, tzinfo=UTC)
ATTACHED = {"assessment-results.json": '{"a": 1}', "plan.json": '{"b": 2}'}


def _inflated(made: bytes) -> bytes:
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
    inside = _inflated(first)
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
