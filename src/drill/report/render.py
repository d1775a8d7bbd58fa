"""From a view to a page: jinja2 with everything escaped and nothing undefined.

HTML is escaped by autoescape. Markdown has its own way to be hostile, so each value that goes
into it is escaped once more by `finalize`; only literal template text can make a table.
"""

from __future__ import annotations

import re
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from drill.report.svg import visible
from drill.report.values import View

_MARKDOWN = re.compile(r"([\\`*_{}\[\]|#~])")
_PLAIN = re.compile(r"[\w.:/=+-]+( [\w.:/=+-]+)*")


def render_html(view: View) -> str:
    """One self-contained page: no script, nothing loaded from elsewhere."""
    return visible(_html().get_template("report.html.j2").render(view=view))


def render_markdown(view: View) -> str:
    """The same without the picture, short enough for the summary of a CI job."""
    return visible(_markdown().get_template("report.md.j2").render(view=view))


@cache
def _html() -> Environment:
    environment = Environment(
        loader=PackageLoader("drill.report"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters["drawn"] = Markup  # our own SVG, escaped where it was made
    return environment


@cache
def _markdown() -> Environment:
    environment = Environment(
        loader=PackageLoader("drill.report"), autoescape=True, undefined=StrictUndefined, finalize=markdown,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters["code"] = code
    return environment


def markdown(value: object) -> object:
    """A value as plain words within one line of Markdown; what is marked as safe stays as it is."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    words = " ".join(value.split())
    quoted = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return Markup(_MARKDOWN.sub(r"\\\1", quoted))  # noqa: S704  # escaped in the line above


def code(value: str) -> Markup:
    """A value as inline code; one that could end the code, or a table's cell, as escaped words in it."""
    if _PLAIN.fullmatch(value):
        return Markup(f"`{value}`")  # noqa: S704  # nothing but harmless characters
    return Markup("<code>{}</code>").format(markdown(value))
