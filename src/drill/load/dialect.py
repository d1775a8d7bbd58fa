"""Twilio Media Streams from the caller's side: frames out as preformatted bytes, frames in as values.

Theory: fifty frames a second and call leave, and all differ in four numbers only; so a media
frame is one `%` on a template that all calls share. What comes back is rarer but bigger:
agent audio is recognised and cut out by pattern, everything else is parsed as JSON.
How a platform words its acknowledgements is its own: `MarkGrammar` can be replaced.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from drill.load.speech import SILENCE, SPEECH

CONNECTED = b'{"event":"connected","protocol":"Call","version":"1.0.0"}'
_ACCOUNT = "AC" + "0" * 32
_MEDIA = re.compile(rb'\{\s*"event"\s*:\s*"media"')
_PAYLOAD = re.compile(rb'"payload"\s*:\s*"([A-Za-z0-9+/=]*)"')


class DialectError(ValueError):
    """The platform sent a frame that is not the dialect's."""


@dataclass(frozen=True, slots=True)
class Audio:
    """Agent audio, mu-law."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """The agent wants to hear this name when all audio so far has been played."""

    name: str


@dataclass(frozen=True, slots=True)
class Clear:
    """The agent takes back what has not been played yet."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A mark that says a turn is saved."""

    seq: int
    outcome: str
    turn_id: str
    patient: str
    digest: str


@dataclass(frozen=True, slots=True)
class MarkGrammar:
    """How marks of a platform are to be read; the pattern names the five parts of an acknowledgement."""

    greeting: str = "greeting"
    turn: re.Pattern[str] = re.compile(
        r"turn:(?P<seq>\d{1,9}):(?P<outcome>full|degraded):(?P<turn_id>[\w-]{1,64})"
        r":(?P<patient>[\w.-]{1,64}):(?P<digest>[0-9a-f]{16})",
        re.ASCII,
    )

    def acknowledged(self, name: str) -> Acknowledged | None:
        """The acknowledgement in a mark's name, if it is one."""
        match = self.turn.fullmatch(name)
        if match is None:
            return None
        return Acknowledged(
            int(match["seq"]), match["outcome"], match["turn_id"], match["patient"], match["digest"]
        )


# --- caller to agent --------------------------------------------------------------------------


def _template(payload: bytes) -> bytes:
    return (
        b'{"event":"media","sequenceNumber":"%d","media":{"track":"inbound","chunk":"%d","timestamp":"%d",'
        b'"payload":"' + payload + b'"},"streamSid":"%b"}'
    )


_SILENT = _template(SILENCE)
_SPOKEN = {intent: _template(payload) for intent, payload in SPEECH.items()}


def media(intent: str | None, sequence: int, chunk: int, timestamp_ms: int, stream_sid: bytes) -> bytes:
    """20 ms of the caller's voice, or of silence."""
    template = _SILENT if intent is None else _SPOKEN[intent]
    return template % (sequence, chunk, timestamp_ms, stream_sid)


def start(call_sid: str, stream_sid: str, parameters: Mapping[str, str]) -> bytes:
    """The call begins."""
    body = {
        "accountSid": _ACCOUNT,
        "streamSid": stream_sid,
        "callSid": call_sid,
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": dict(parameters),
    }
    return _frame({"event": "start", "sequenceNumber": "1", "start": body, "streamSid": stream_sid})


def dtmf(digit: str, sequence: int, stream_sid: str) -> bytes:
    """A key was pressed."""
    body = {"track": "inbound_track", "digit": digit}
    return _frame({"event": "dtmf", "streamSid": stream_sid, "sequenceNumber": str(sequence), "dtmf": body})


def mark(name: str, sequence: int, stream_sid: str) -> bytes:
    """The audio before this mark was played."""
    return _frame(
        {"event": "mark", "sequenceNumber": str(sequence), "streamSid": stream_sid, "mark": {"name": name}}
    )


def stop(sequence: int, call_sid: str, stream_sid: str) -> bytes:
    """The caller hangs up."""
    body = {"accountSid": _ACCOUNT, "callSid": call_sid}
    return _frame({"event": "stop", "sequenceNumber": str(sequence), "stop": body, "streamSid": stream_sid})


def _frame(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


# --- agent to caller --------------------------------------------------------------------------


def parse(text: bytes) -> Audio | Mark | Clear | None:
    """A frame of the agent's; None for kinds a caller does nothing about; DialectError when it is none."""
    try:
        if _MEDIA.match(text) and (payload := _PAYLOAD.search(text)):
            return Audio(binascii.a2b_base64(payload[1]))
        return _by_the_book(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DialectError(f"not a media stream frame: {text[:60]!r}") from error


def _by_the_book(frame: Mapping[str, dict[str, str]]) -> Audio | Mark | Clear | None:
    match frame["event"]:
        case "media":
            return Audio(base64.b64decode(frame["media"]["payload"], validate=True))
        case "mark":
            return Mark(str(frame["mark"]["name"]))
        case "clear":
            return Clear()
        case _:
            return None
