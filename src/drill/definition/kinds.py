"""The kinds of value that drill and target files are made of. Each rule stands once, as a pattern or a
range, and serves both the parser and the JSON Schema.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from drill.definition.keys import Kind
from drill.model.units import parse_duration_s, parse_ratio

_SEVERAL = ("postgresql", "postgres")
_SECRETS = ("password", "sslpassword")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text; write it in quotes")
    if not value.strip():
        raise ValueError("is empty; write some text")
    return value


def pattern(name: str, wanted: str, instead: str) -> Kind:
    """Text of a pattern."""

    def parse(value: object) -> str:
        if not isinstance(value, str) or re.search(wanted, value) is None:
            raise ValueError(f"{value!r} is not a {name}; write {instead}")
        return value

    return Kind(name, parse, {"type": "string", "pattern": wanted})


def _number(name: str, least: float, *, whole: bool, instead: str) -> Kind:
    def parse(value: object) -> float:
        numeric = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        if not numeric or not isinstance(value, int | float) or not math.isfinite(value) or value < least:
            raise ValueError(f"{value!r} is not a {name}; write {instead}")
        return value if whole else float(value)

    return Kind(name, parse, {"type": "integer" if whole else "number", "minimum": least})


def _duration_s(value: object) -> float:
    value_s = parse_duration_s(value)
    if not 0 < value_s < math.inf:
        raise ValueError(f"{value!r} is no time at all; write a duration above zero, such as 30s")
    return value_s


def choice(name: str, *words: str) -> Kind:
    """One of a few words."""

    def parse(value: object) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"{value!r} is not a known {name}; write {' or '.join(words)}")
        return value

    return Kind(name, parse, {"type": "string", "enum": list(words)})


def address(name: str, *schemes: str, example: str) -> Kind:
    """A URL of one of these schemes, with a host and without a password: files are copied into runs."""
    host = r"[^@/?#,\s]+"
    hosts = rf"{host}(?:,{host})*" if schemes == _SEVERAL else host
    secret = rf"(?!.*[?&](?:{'|'.join(_SECRETS)})=)"
    wanted = rf"^{secret}(?:{'|'.join(schemes)})://(?:[^:@/?#\s]+@)?{hosts}(?:[/?#]\S*)?$"
    return Kind(name, _address_parser(name, schemes, wanted, example), {"type": "string", "pattern": wanted})


def _address_parser(
    name: str, schemes: tuple[str, ...], wanted: str, example: str
) -> Callable[[object], str]:
    def parse(value: object) -> str:
        text = value if isinstance(value, str) else ""
        parts, usable = _split(text)
        if parts is not None and (parts.password is not None or _secret(parts)):
            raise ValueError(
                f"the address of {parts.hostname} carries a password; keep it in a file of its own"
            )
        if parts is None or usable is None:
            shown = "the address" if "@" in text else repr(value)  # what stands before an @ may be secret
            raise ValueError(f"{shown} has a host or port that cannot be; write {example}")
        if parts.scheme not in schemes:
            raise ValueError(f"{value!r} is not a {name}; write {example}")
        if not usable or re.search(wanted, text) is None:
            raise ValueError(f"{value!r} names no usable host; write {example}")
        return text

    return parse


def _split(text: str) -> tuple[SplitResult | None, bool | None]:
    """The parts, and whether every host can be one; None for what is no address at all."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return None, None
    try:
        return parts, all(_usable(host) for host in _hosts(parts))
    except ValueError:
        return parts, None


def _hosts(parts: SplitResult) -> list[str]:
    """HOST:PORT of each host; only PostgreSQL takes several, to look for the one that it needs."""
    places = parts.netloc.rpartition("@")[2]
    return places.split(",") if parts.scheme in _SEVERAL else [places]


def _usable(place: str) -> bool:
    parts = urlsplit(f"//{place}")
    return bool(parts.hostname) and parts.port != 0


def _secret(parts: SplitResult) -> bool:
    """libpq takes a password among its parameters too."""
    return any(name in _SECRETS for name, _ in parse_qsl(parts.query, keep_blank_values=True))


TEXT = Kind("text", _text, {"type": "string", "pattern": r"\S"})
SYNTHETIC = pattern(
    "synthetic patient", r"^synthetic-[A-Za-z0-9.-]+$", "an identifier that begins with synthetic-"
)
COLUMN = pattern(
    "column", r"^(?:[^.\s]+\.)?[^.\s]+\.[^.\s]+$", "TABLE.COLUMN, or SCHEMA.TABLE.COLUMN outside of public"
)
NAME = pattern("name", r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$", "lower-case letters, digits and hyphens")
DURATION = Kind(
    "duration",
    _duration_s,
    {"type": "string", "pattern": r"^\s*(?!0+(?:\.0+)?\s*[a-z])\d+(?:\.\d+)?\s*(?:ms|s|m|h|d)\s*$"},
)
_SHARES: list[dict[str, Any]] = [
    {"type": "string", "pattern": r"^\s*(?:0*100(?:\.0+)?|0*\d{1,2}(?:\.\d+)?)\s*%\s*$"},
    {"type": "number", "minimum": 0, "maximum": 1},
]
SHARE = Kind("share", parse_ratio, {"anyOf": _SHARES})
COUNT = _number("count", 0, whole=True, instead="a whole number from 0 on")
AT_LEAST_ONE = _number("count of at least one", 1, whole=True, instead="a whole number from 1 on")
NUMBER = _number("number", 0, whole=False, instead="a number from 0 on")
HTTP = address("HTTP address", "http", "https", example="http://host:port/path")
WEBSOCKET = address("WebSocket address", "ws", "wss", example="ws://host:port/path")
POSTGRES = address(
    "PostgreSQL address", "postgresql", "postgres", example="postgresql://user@host:port/database"
)
