"""Every key of a dialect's file, and the way from it to a Dialect: all mistakes at once, with their lines.

A template is the vendor's own JSON text with places in it, such as "<stream>". It is checked by filling
it: what is not JSON then would not be on the wire either.
"""

from __future__ import annotations

import json
from pathlib import Path

from drill.definition.keys import Key, Kind, Table
from drill.definition.kinds import DURATION, NAME, TEXT, choice
from drill.definition.load import read_text
from drill.definition.reader import Reader, Section
from drill.definition.yaml_nodes import parse_yaml
from drill.load.dialect import AgentWords, CallerWords, Dialect, places
from drill.load.dialect import filled as fill
from drill.load.speech import FRAME_MS, MULAW, PCM16, Encoding

LONGEST_FRAME_MS = 100  # rows of intents are built once each, and their number is a power of this
_SAMPLES = {
    "call": "CA1", "stream": "MZ1", "parameters": "{}", "headers": '"synthetic":"1"', "sequence": "1",
    "chunk": "1", "at_ms": "0", "payload": "AA==", "digit": "1", "utc": "1970-01-01T00:00:00.0Z",
    "name": "greeting", "echo": "{}",
}  # fmt: skip


def _template(*allowed: str, needed: str = "") -> Kind:
    known = {"call", "stream", *allowed}

    def parse(value: object) -> str:
        text = value if isinstance(value, str) else ""
        if odd := [name for name in places(text) if name not in known]:
            raise ValueError(f"has no place <{odd[0]}>; known here are {', '.join(sorted(known))}")
        if needed and needed not in places(text):
            raise ValueError(f"lacks the place <{needed}>; put it where the vendor has it")
        if not isinstance(_json(text), dict):
            raise ValueError(f"{text[:40]!r} is not a JSON object once filled; write the vendor's message")
        return text

    return Kind("template", parse, {"type": "string"})


def _json(template: str) -> object:
    try:
        return json.loads(fill(template, **_SAMPLES))
    except ValueError:
        return None


def _rate(value: object) -> int:
    if value not in (8000, 16000) or not isinstance(value, int):
        raise ValueError(f"{value!r} is not a rate of telephony; write 8000 or 16000")
    return value


_PATH = Kind("path", lambda value: tuple(TEXT.parse(value).split(".")), TEXT.schema)
_RATE = Kind("rate in hertz", _rate, {"enum": [8000, 16000]})


def _key(name: str, shape: Kind | Table, meaning: str, example: str, *, required: bool = True) -> Key:
    return Key(name, shape, meaning, f"{name}: {example}" if example else "", required)


AUDIO = Table(
    "audio",
    "How sound is sent, both ways.",
    (
        _key("encoding", choice("encoding", MULAW, PCM16), "G.711 mu-law, or signed little-endian.", MULAW),
        _key("rate", _RATE, "Samples a second.", "8000"),
        _key("frame", DURATION, "How much sound a message of the caller's holds.", "20ms"),
        _key("carried", choice("way", "base64", "binary"), "Within JSON, or in binary messages.", "base64"),
    ),
)
CALLER = Table(
    "caller",
    "What the vendor sends.",
    (
        _key("connected", _template("parameters", "headers"), "The first.", "'{...}'", required=False),
        _key("start", _template("parameters", "headers"), "The call begins.", "'{...}'", required=False),
        _key("media", _template("sequence", "chunk", "at_ms", "payload", needed="payload"),
             "The caller's sound, unless it is binary.", "'{...}'", required=False),
        _key("dtmf", _template("sequence", "digit", "utc", needed="digit"), "A key was pressed.", "'{...}'"),
        _key("mark", _template("sequence", "name", "echo"), "The audio before a mark was played.", "'{...}'"),
        _key("stop", _template("sequence"), "The caller hangs up.", "'{...}'", required=False),
        _key("cleared", _template("sequence"), "The answer to a clear.", "'{...}'", required=False),
    ),
)  # fmt: skip
AGENT = Table(
    "agent",
    "What the vendor is sent, and where to look in it.",
    (
        _key("kind", TEXT, "The member that says what a message is.", "event"),
        _key("media", TEXT, "What it says of audio.", "media", required=False),
        _key("payload", _PATH, "Where the audio is.", "media.payload", required=False),
        _key("mark", TEXT, "What it says of a mark.", "mark"),
        _key("name", _PATH, "Where the mark's name is.", "mark.name"),
        _key("echo", _PATH, "Where that is which has to come back, if more.", "payload", required=False),
        _key("clear", TEXT, "What it says when the rest is taken back.", "clear"),
        _key("cleared_marks", choice("fate", "returned", "forgotten"),
             "What becomes of the marks in the rest.", "returned"),
    ),
)  # fmt: skip
DIALECT = Table(
    "dialect",
    "One vendor's way to put a call on a WebSocket.",
    (
        _key("dialect", NAME, "Its name.", "twilio"),
        _key("audio", AUDIO, "How sound is sent.", ""),
        _key("caller", CALLER, "What the vendor sends.", ""),
        _key("agent", AGENT, "What the vendor is sent.", ""),
    ),
)


def read_dialect(path: Path) -> Dialect:
    """The table in a file; DefinitionError with every mistake."""
    reader = Reader(str(path))
    section = reader.table(DIALECT, parse_yaml(read_text(path, "dialect"), str(path)))
    _check(reader, section.section("audio"), section.section("caller"), section.section("agent"))
    reader.raise_if_any()
    audio, caller, agent = section.section("audio"), section.section("caller"), section.section("agent")
    return Dialect(
        name=section.get("dialect"),
        encoding=Encoding(audio.get("encoding"), audio.get("rate")),
        frame_ms=_whole_ms(audio),
        binary=audio.get("carried") == "binary",
        cleared_marks_return=agent.get("cleared_marks") == "returned",
        caller=CallerWords(**{key.name: caller.get(key.name, "") for key in CALLER.keys}),
        agent=AgentWords(
            kind=agent.get("kind"),
            media=agent.get("media", ""),
            payload=agent.get("payload", ()),
            mark=agent.get("mark"),
            name=agent.get("name"),
            echo=agent.get("echo", ()),
            clear=agent.get("clear"),
        ),
    )


def _whole_ms(audio: Section) -> int:
    return round(float(audio.get("frame", 0.0)) * 1000)


def _check(reader: Reader, audio: Section, caller: Section, agent: Section) -> None:
    frame_ms, mistake = _whole_ms(audio), reader.mistake
    if "frame" in audio.values and (frame_ms % FRAME_MS or not 0 < frame_ms <= LONGEST_FRAME_MS):
        mistake(audio.line_of("frame"), f"audio.frame: write a multiple of 20ms up to {LONGEST_FRAME_MS}ms")
    if audio.get("carried") == "base64":
        for section, where, name in ((caller, "caller", "media"), (agent, "agent", "media"),
                                     (agent, "agent", "payload")):  # fmt: skip
            if name not in section.lines:
                mistake(section.line, f"{where} lacks the key {name!r}: audio is carried in JSON")
    if "mark" in caller.values and not {"name", "echo"} & set(places(caller.get("mark"))):
        mistake(caller.line_of("mark"), "caller.mark lacks a place <name> or <echo>: marks could not be told")
    if "echo" in places(caller.get("mark", "")) and "echo" not in agent.lines:
        mistake(caller.line_of("mark"), "caller.mark has a place <echo>, but agent.echo does not say of what")
