"""The libraries of the extra `report`, loaded when asked: compliance-trestle for OSCAL, WeasyPrint for PDF.

WeasyPrint reads a page's style sheet for its HTML and not for the drawings in it, so each drawing gets its
rules with the colours filled in. The document's dates and its identifier come from the evidence.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from importlib.resources import files
from typing import Any

from drill.model.errors import NotInstalledError, WorldError
from drill.quarter.oscal_links import dangling

MISSING = "needs the extra `report`: pip install 'drill[report]'"
_EPOCH = "SOURCE_DATE_EPOCH"
_ICON = re.compile(r'<svg aria-hidden="true" viewBox="0 0 16 16".*?</svg>', re.DOTALL)
_DRAWING = re.compile(r"(<svg [^>]*>)")
_COLOUR = re.compile(r"--([a-z-]+): (#[0-9a-f]+)")
_HALO = re.compile(
    r"paint-order: stroke; stroke: var\(--paper\); stroke-width: \d+px; stroke-linejoin: round;"
)


def oscal_text(document: Mapping[str, Any]) -> str:
    """An OSCAL document as trestle writes it; WorldError when trestle or our own check refuses it, and
    NotInstalledError without trestle."""
    try:
        from trestle.oscal.assessment_results import AssessmentResults
        from trestle.oscal.poam import PlanOfActionAndMilestones
    except ImportError as error:
        raise NotInstalledError(f"OSCAL {MISSING} ({error})") from error
    if nowhere := dangling(document):
        raise WorldError("the OSCAL document points to what is not in it:\n" + "\n".join(nowhere))
    (name, content), *_ = document.items()
    model: Any = AssessmentResults if name == "assessment-results" else PlanOfActionAndMilestones
    try:
        checked = model(**content)
    except ValueError as error:
        raise WorldError(f"trestle refuses the {name}: {error}") from error
    told = json.loads(checked.oscal_serialize_json())
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def pdf(html: str, attached: Mapping[str, str], identifier: str, made: datetime) -> bytes:
    """The page as PDF/A-3a: tagged, with these texts in it as files; the same arguments, the same bytes.

    Fonts are the machine's own, so bytes are the same wherever the same fonts and WeasyPrint are.
    """
    try:
        from weasyprint import HTML, Attachment
    except (ImportError, OSError) as error:
        raise NotInstalledError(
            f"PDF {MISSING}, and the library Pango ({str(error).splitlines()[0]})"
        ) from error
    stamp = made.strftime("%Y-%m-%dT%H:%M:%SZ")
    dated = html.replace(
        "</title>", f'</title>\n<meta name="dcterms.created" content="{stamp}">\n'
        f'<meta name="dcterms.modified" content="{stamp}">', 1,
    )  # fmt: skip
    attachments = [
        Attachment(string=text, name=name, description=name, created=made, modified=made, relationship="Data")
        for name, text in sorted(attached.items())
    ]
    page = _drawable(dated.replace("</style>", f"{_text('drill.quarter', 'paper.css')}</style>", 1))
    with _dated(made):
        done = HTML(string=page, base_url=None).write_pdf(
            pdf_variant="pdf/a-3a", attachments=attachments, pdf_identifier=identifier.encode(), dpi=144,
        )  # fmt: skip
    return bytes(done)


@contextmanager
def _dated(made: datetime) -> Iterator[None]:
    """Fonts are cut to size by fontTools, which writes the hour into each unless this variable has one."""
    before = os.environ.get(_EPOCH)
    os.environ[_EPOCH] = str(int(made.timestamp()))
    try:
        yield
    finally:
        if before is None:
            del os.environ[_EPOCH]
        else:
            os.environ[_EPOCH] = before


def _drawable(html: str) -> str:
    style = f"<style>{_filled(_text('drill.report', 'picture.css'))}</style>"
    return _DRAWING.sub(lambda match: match[1] + style, _ICON.sub("", html))


def _text(package: str, name: str) -> str:
    return files(package).joinpath("templates", name).read_text(encoding="utf-8")


def _filled(rules: str) -> str:
    """Rules for a drawing that stands alone: colours instead of names, no outlines behind letters."""
    light = _text("drill.report", "report.css").partition("@media screen")[0]
    colours = dict(_COLOUR.findall(light))
    return re.sub(r"var\(--([a-z-]+)\)", lambda m: colours.get(m[1], m[0]), _HALO.sub("", rules))
