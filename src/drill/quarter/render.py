"""From a quarter's view to HTML and Markdown; the same escaping as a run's report, and its style."""

from __future__ import annotations

from functools import cache
from html import escape

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from drill.evidence.seals import ROLES
from drill.quarter.conclusions import Conclusion
from drill.quarter.people import signatures
from drill.quarter.values import QuarterView, frameworks
from drill.report.render import code, markdown
from drill.report.svg import visible
from drill.report.values import anchor


def quarter_html(view: QuarterView) -> str:
    """One self-contained page: no script, nothing loaded from elsewhere."""
    return visible(_environment(plain=False).get_template("quarter.html.j2").render(**_context(view)))


def quarter_markdown(view: QuarterView) -> str:
    """The management summary, controls and findings, short enough for the summary of a CI job."""
    return visible(_environment(plain=True).get_template("quarter.md.j2").render(**_context(view)))


def _context(view: QuarterView) -> dict[str, object]:
    return {
        "view": view,
        "named": frameworks(view.named),
        "unnamed": frameworks(view.unnamed),
        "zonal": any(trial.view.zonal for trial in view.trials if trial.view),
        "sealed": sum(bool(trial.seals) for trial in view.trials),
        "signers": {role: signatures(view.trials, role) for role in ROLES},
        "satisfied": Conclusion.SATISFIED,
        "not_satisfied": Conclusion.NOT_SATISFIED,
        "not_tested": Conclusion.NOT_TESTED,
    }


def _quoted(text: str) -> Markup:
    """A journal line between tags: its many quotes may stand as they are there."""
    return Markup(escape(text, quote=False))  # noqa: S704  # escaped right here


@cache
def _environment(*, plain: bool) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("drill.quarter"), PackageLoader("drill.report")]),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True, finalize=markdown if plain else None,
    )  # fmt: skip
    environment.filters["drawn"] = Markup  # our own SVG, escaped where it was made
    environment.filters["quoted"] = _quoted
    environment.filters["code"] = code
    environment.filters["place"] = lambda objective: anchor("objective", objective)
    return environment
