"""The report: a view of a judged run that adds nothing to it.

    build_view(plan, timeline, verdicts, streams) -> View ─┬─ render_html(view)      one page, for people
                                                           └─ render_markdown(view)  a summary, for a CI job

Everything is a pure function of its arguments: the same journal gives the same bytes.
"""

from drill.report.render import render_html, render_markdown
from drill.report.values import View
from drill.report.view import build_view

__all__ = ["View", "build_view", "render_html", "render_markdown"]
