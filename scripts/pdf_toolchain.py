"""Print a digest of what PDFs are made with here: WeasyPrint, Pango and the fonts that a report asks for.

A small page is drawn with each family, weight and sign of the report; where its bytes are the same, those
of a report are too.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from importlib.resources import files

from drill.quarter.extra import pdf

SIGNS = "The quick brown fox, 95 % \u2013 \u201cas of\u201d \u2713 \u2715 \u2026 \u2212 \u00b7 0123456789"


def fingerprint() -> str:
    """The digest, the same as long as nothing of this changes."""
    parts = "".join(
        f'<{tag} style="font-family: var(--{family})"><b>{SIGNS}</b> <i>{SIGNS}</i> {SIGNS}</{tag}>'
        for family in ("serif", "sans", "mono")
        for tag in ("h1", "p", "small")
    )
    style = files("drill.report").joinpath("templates", "report.css").read_text(encoding="utf-8")
    page = f'<html lang="en"><head><title>t</title><style>{style}</style></head><body>{parts}</body></html>'
    return hashlib.sha256(pdf(page, {}, "fingerprint", datetime(2026, 1, 1, tzinfo=UTC))).hexdigest()


if __name__ == "__main__":
    print(fingerprint())
