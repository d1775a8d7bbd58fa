"""The catalogue of controls: a file in the package, read with the same care as anybody's file.

Drills name controls. A name that is not in the catalogue is a mistake, and so is a control that none of
the drill's own objectives can say anything about: such a line would look like evidence and be none.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from drill.definition.keys import Key, Kind, ListOf, MapOf, Table
from drill.definition.kinds import NAME, TEXT
from drill.definition.reader import Reader, Section, nearest
from drill.definition.yaml_nodes import parse_yaml
from drill.model.controls import Control

FILE = "controls.yaml"
CONTROL_TABLE = Table(
    "a control",
    "What a drill can say of one requirement.",
    (
        Key("title", TEXT, "The requirement's own name, or ours."),
        Key("source", TEXT, "The section where it stands."),
        Key("claim", TEXT, "What a passed drill supports."),
        Key("beyond", TEXT, "What no drill can show."),
        Key("supported_by", ListOf(TEXT, least=1), "Groups of objectives that can prove or refute it."),
        Key("check", TEXT, "What to look up before it is quoted.", required=False),
        Key("token", TEXT, "The id as OSCAL writes it."),
    ),
)
FRAMEWORK_TABLE = Table(
    "a framework",
    "A document that asks for tests of recovery.",
    (
        Key("title", TEXT, "The document, with its edition."),
        Key("controls", MapOf(TEXT, CONTROL_TABLE), "Its controls, by the id that drills name."),
    ),
)
CATALOGUE_TABLE = Table(
    "the catalogue",
    "Controls that a drill can be evidence for.",
    (Key("frameworks", MapOf(NAME, FRAMEWORK_TABLE), "Frameworks by a short name."),),
)


@cache
def catalogue() -> dict[str, Control]:
    """All controls by id, in the order of the file; DefinitionError when the file says what cannot be."""
    text = files("drill.definition").joinpath(FILE).read_text(encoding="utf-8")
    reader = Reader(FILE)
    section = reader.table(CATALOGUE_TABLE, parse_yaml(text, FILE))
    reader.raise_if_any()
    return {
        name: _control(name, framework.get("title"), control)
        for framework in section.get("frameworks").values()
        for name, control in framework.get("controls").items()
    }


def _control(name: str, framework: str, of: Section) -> Control:
    texts = {key: of.get(key, "") for key in ("title", "source", "claim", "beyond", "check", "token")}
    return Control(id=name, framework=framework, supported_by=tuple(of.get("supported_by")), **texts)


def _known(value: object) -> str:
    if not isinstance(value, str) or value not in catalogue():
        raise ValueError(f"{value!r} is no control of the catalogue; {nearest(str(value), catalogue())}")
    return value


CONTROL = Kind("control", _known, {"type": "string", "enum": list(catalogue())})


def check_supported(reader: Reader, section: Section) -> None:
    """Note every control that nothing this drill judges can say anything about."""
    asked = list(section.section("objectives").values)
    for name in section.get("controls", ()):
        if asked and unsupported(name, asked):
            known = ", ".join(catalogue()[name].supported_by)
            said = (
                f"controls: {name!r} can be supported by {known} only, and this drill asks for none of these"
            )
            reader.mistake(section.line_of("controls"), f"{said}; take it out, or ask for one")


def unsupported(name: str, asked: Sequence[str]) -> bool:
    """Whether none of these groups of objectives can say anything of a control."""
    return not set(catalogue()[name].supported_by) & set(asked)
