"""How a vendor puts a call on a WebSocket, from the caller's side: a table, and what is done by it.

Theory: fifty frames a second and call leave, and all differ in a few numbers only; so a media
frame is one `%` on a template that all calls share. What comes back is rarer but bigger:
agent audio in plain form is recognised by how it begins and cut out, everything else is parsed as JSON.
Silence and what is played to many are the same bytes again and again, and decoded once.
How a platform words its acknowledgements is its own: `MarkGrammar` can be replaced.
The tables themselves are in drill/load/dialects.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from drill.load.frames import Binary
from drill.load.speech import Encoding

LONGEST_MARK = 1024  # characters of a mark's name or echo; marks are kept, so they have to be bounded
_PLACE = re.compile(r"<(\w+)>")
_MOST_KNOWN, _LONGEST_KNOWN = 128, 4096  # pieces of audio that are remembered, and bytes of one
_T = TypeVar("_T")


class DialectError(ValueError):
    """The platform sent a frame that is not the dialect's."""


class Audio(NamedTuple):
    """Agent audio, in the dialect's encoding."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """The agent wants to hear this name when all audio so far has been played.

    `echo`: what to say then instead of the name, as JSON text, where the dialect sends more than a name
    back. `lost`: cleared before it was played, in a dialect that does not tell of such marks.
    """

    name: str
    echo: str = ""
    lost: bool = False


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
        if match is None or not match["seq"].isdecimal():
            return None
        return Acknowledged(
            int(match["seq"]), match["outcome"], match["turn_id"], match["patient"], match["digest"]
        )


@dataclass(frozen=True, slots=True)
class CallerWords:
    """Templates of what the vendor sends, JSON text with <places>; "" for what it does not send."""

    connected: str
    start: str
    media: str
    dtmf: str
    mark: str
    stop: str
    cleared: str


@dataclass(frozen=True, slots=True)
class AgentWords:
    """How the vendor tells apart what it is sent: member `kind` holds one of the three words, and the
    rest is found along a path of members. `echo` is "" where a mark is its name and nothing else."""

    kind: str
    media: str
    payload: tuple[str, ...]
    mark: str
    name: tuple[str, ...]
    echo: tuple[str, ...]
    clear: str


@dataclass(frozen=True)
class Dialect:
    """One vendor's table. `frame_ms` is how much audio one media message of the caller's holds; `binary`:
    audio is not in JSON but in binary messages; `cleared_marks_return`: a cleared mark is told as if
    it had been played. `utc_offset_ns` added to the monotonic clock gives UTC, for the stamps of some."""

    name: str
    encoding: Encoding
    frame_ms: int
    binary: bool
    cleared_marks_return: bool
    caller: CallerWords
    agent: AgentWords
    utc_offset_ns: int = 0
    _heads: tuple[bytes, ...] = field(init=False, repr=False, compare=False)
    _before: re.Pattern[bytes] = field(init=False, repr=False, compare=False)
    _plain: bytes = field(init=False, repr=False, compare=False)
    _decoded: dict[bytes, bytes] = field(default_factory=dict, init=False, repr=False, compare=False)
    _silent: dict[bytes, bool] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """How audio begins as JSON is usually written, without and with a space, and what is before it."""
        kind, media, name = self.agent.kind, self.agent.media, (self.agent.payload or ("",))[-1]
        heads = () if self.binary else tuple(f'{{"{kind}":{gap}"{media}"'.encode() for gap in ("", " "))
        object.__setattr__(self, "_heads", heads)
        object.__setattr__(self, "_plain", b'"%b":"' % name.encode())
        object.__setattr__(self, "_before", re.compile(rb'"%b"\s*:\s*"' % re.escape(name.encode())))

    def parse(self, message: bytes) -> Audio | Mark | Clear | None:
        """A message of the agent's; None for kinds a caller does nothing about; DialectError when it is none.

        A binary message (`Binary`) is audio where the dialect has it so, and nothing elsewhere.
        """
        try:
            if (audio := self.audio(message)) is not None:
                return Audio(audio)
            return None if type(message) is Binary else self._by_the_book(json.loads(message))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DialectError(f"not a frame of the {self.name} dialect: {message[:60]!r}") from error

    def audio(self, message: bytes) -> bytes | None:
        """The audio in a message that is plain audio; None: `parse` tells what it is."""
        if type(message) is Binary:
            return message if self.binary else None
        if not message.startswith(self._heads):
            return None
        begin = message.find(self._plain)
        begin = begin + len(self._plain) if begin >= 0 else self._spaced(message)
        end = message.find(b'"', begin)
        if not begin or end < 0:
            return None
        payload = message[begin:end]
        known = self._decoded.get(payload)
        return self._decode(payload) if known is None else known

    def is_silent(self, audio: bytes) -> bool:
        """Whether nothing can be heard in this audio."""
        known = self._silent.get(audio)
        return self._listen(audio) if known is None else known

    def _listen(self, audio: bytes) -> bool:
        silent = self.encoding.is_silent(audio)
        _keep(self._silent, audio, silent)
        return silent

    def _spaced(self, message: bytes) -> int:
        """Where the payload begins when there is space before it; 0 when there is none."""
        found = self._before.search(message)
        return found.end() if found else 0

    def _decode(self, payload: bytes) -> bytes | None:
        """None where it is not plain base64: the book knows escapes, and what is wrong."""
        try:
            audio = binascii.a2b_base64(payload, strict_mode=True)
        except binascii.Error:
            return None
        _keep(self._decoded, payload, audio)
        return audio

    def _by_the_book(self, frame: Mapping[str, Any]) -> Audio | Mark | Clear | None:
        words, kind = self.agent, frame[self.agent.kind]
        if kind == words.mark:
            return _mark(_along(frame, words.name), _along(frame, words.echo) if words.echo else None)
        if kind == words.clear:
            return Clear()
        if kind == words.media and not self.binary:
            return Audio(base64.b64decode(_along(frame, words.payload), validate=True))
        return None


def _keep(known: dict[bytes, _T], audio: bytes, what: _T) -> None:
    """Remember; where nothing repeats, nothing piles up."""
    if len(known) >= _MOST_KNOWN:
        known.clear()
    if len(audio) <= _LONGEST_KNOWN:
        known[audio] = what


def _along(frame: Any, path: tuple[str, ...]) -> Any:
    for member in path:
        frame = frame[member]
    return frame


def _mark(name: Any, echo: Any) -> Mark:
    mark = Mark(str(name), "" if echo is None else json.dumps(echo, separators=(",", ":")))
    if len(mark.name) > LONGEST_MARK or len(mark.echo) > LONGEST_MARK:
        raise ValueError("a mark is too long to be kept")
    return mark


def filled(template: str, **values: str) -> bytes:
    """A template with every <place> filled by the JSON text that is its value."""
    return _PLACE.sub(lambda place: values[place[1]], template).encode()


def places(template: str) -> list[str]:
    """The names of its places, in order."""
    return _PLACE.findall(template)
