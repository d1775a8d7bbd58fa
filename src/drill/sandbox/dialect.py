"""Twilio Media Streams: JSON text frames in, JSON text frames out.

Theory: of a call's frames 99 % are `media`, fifty a second, and all that is wanted of one is
its base64 payload. So a frame is first looked at as text; only what is not plainly a media
frame is parsed as JSON. Base64 needs no JSON escapes, except that a slash may be written
`\\/`: such a frame takes the slow road too.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

_HEAD = 24  # {"event":"media", with or without spaces, fits in this many characters
_NAME = re.compile(r"[\w.=+-]{1,128}", re.ASCII)
SILENCE = base64.b64encode(b"\xff" * 160).decode()


@dataclass(frozen=True, slots=True)
class Start:
    """The call begins; `parameters` is what the caller's side says about it."""

    stream_sid: str
    call_sid: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Media:
    """Caller audio, base64 mu-law."""

    payload: str


@dataclass(frozen=True, slots=True)
class Dtmf:
    """A key was pressed."""

    digit: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Our mark came back: the audio before it was played (or cleared)."""

    name: str


@dataclass(frozen=True, slots=True)
class Stop:
    """The caller hung up."""


class DialectError(ValueError):
    """A frame that is not the dialect's."""


def media_payload(text: str) -> str | None:
    """The payload of a plain media frame; None sends the frame down the slow road."""
    if '"media"' not in text[:_HEAD]:
        return None
    begin = text.find('"', text.find('"payload"') + 9) + 1
    end = text.find('"', begin)
    if begin < _HEAD or end < begin:
        return None
    payload = text[begin:end]
    return None if "\\" in payload else payload


def parse(text: str) -> Start | Media | Dtmf | Mark | Stop | None:
    """Any frame, by the book; None for kinds that need no answer (`connected`, unknown ones)."""
    try:
        frame = json.loads(text)
        return _event(frame)
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise DialectError(f"not a media stream frame: {text[:80]!r} ({error!r})") from error


def _event(frame: Mapping[str, dict[str, object]]) -> Start | Media | Dtmf | Mark | Stop | None:
    match str(frame["event"]):
        case "media":
            return Media(str(frame["media"]["payload"]))
        case "start":
            return _start(frame["start"], str(frame.get("streamSid", "")))
        case "dtmf":
            return Dtmf(str(frame["dtmf"]["digit"]))
        case "mark":
            return Mark(str(frame["mark"]["name"]))
        case "stop":
            return Stop()
        case _:
            return None


def _start(start: Mapping[str, object], outer_sid: str) -> Start:
    given = start.get("customParameters") or {}
    if not isinstance(given, dict):
        raise TypeError("customParameters is no object")
    parameters = {str(key): _name(value) for key, value in given.items()}
    return Start(_name(start.get("streamSid") or outer_sid), _name(start["callSid"]), parameters)


def _name(value: object) -> str:
    """Names end up in marks, JSON text and tables: no colon, quote or control character gets that far."""
    if not _NAME.fullmatch(str(value)):
        raise TypeError(f"not a name: {str(value)[:40]!r}")
    return str(value)


def media(stream_sid: str, payload: str) -> str:
    """Agent audio."""
    return f'{{"event":"media","streamSid":"{stream_sid}","media":{{"payload":"{payload}"}}}}'


def mark(stream_sid: str, name: str) -> str:
    """Ask to be told when the audio so far has been played."""
    return f'{{"event":"mark","streamSid":"{stream_sid}","mark":{{"name":"{name}"}}}}'


def clear(stream_sid: str) -> str:
    """Stop playing: the caller is talking."""
    return f'{{"event":"clear","streamSid":"{stream_sid}"}}'
