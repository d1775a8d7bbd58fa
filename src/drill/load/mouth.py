"""One call's side of its dialect: numbers its messages, and gives audio its form.

Theory: what leaves fifty times a second has to be nearly free, so it is one look-up and one `%`
on bytes that all calls of a dialect share. A dialect with longer frames (Exotel's 100 ms) is given
the call's 20 ms one by one and sends when they are full: what stands in a frame is a row of intents, of
which there are few, and each row is encoded once.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import chain, repeat
from operator import itemgetter
from typing import Any

from drill.load.dialect import Dialect, Mark, filled, places
from drill.load.frames import TEXT_HEADS, Binary
from drill.load.speech import FRAME_MS, TONES_HZ

NUMBERS = ("sequence", "chunk", "at_ms", "stream")  # what differs between two media frames
_FORM = {"sequence": "%d", "chunk": "%d", "at_ms": "%d", "stream": "%b"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Row = tuple[str | None, ...]
_Value = int | bytes
_Fill = Callable[[bytes, tuple[_Value, ...]], bytes] | None


class Frames:
    """A dialect's media frames, each kind built once; all calls share them (`frames_of`).

    `steady`: frames of one sound throughout, by intent. `fill` puts the numbers in where `%` does not do.
    `alike`: they are texts that differ in numbers, so many can be made at a time (`run`).
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect, self._rows = dialect, dict[Row, bytes]()
        self._order = [NUMBERS.index(name) for name in places(dialect.caller.media) if name != "payload"]
        self._runs = dict[tuple[str | None, int, int], bytes]()
        self.ticks, self.fill = dialect.frame_ms // FRAME_MS, _filler(self._order)
        self.alike = self.ticks == 1 and bool(self._order) and not dialect.binary
        self.steady = {intent: self.of((intent,) * self.ticks) for intent in (None, *TONES_HZ)}

    def of(self, row: Row) -> bytes:
        """The frame of these 20 ms, but for its numbers; at most 4 to the power of `ticks` are ever kept."""
        if row not in self._rows:
            self._rows[row] = self._built(row)
        return self._rows[row]

    def run(self, intent: str | None, number: int, length: int) -> bytes:
        """So many messages of one sound and of this length each, framed for the line, but for their numbers.
        A call sends as many at a time as any other, and lengths differ by a few digits: few are kept."""
        key = intent, number, length
        if key not in self._runs:
            head = TEXT_HEADS[length].replace(b"%", b"%%")
            self._runs[key] = (head + self.steady[intent]) * number
        return self._runs[key]

    def numbers(self, sequence: int, chunk: int, at_ms: int, stream: bytes, number: int) -> Iterable[_Value]:
        """What `run` leaves open, for messages that follow one another."""
        every_ms = range(at_ms, at_ms + number * FRAME_MS, FRAME_MS)
        rows = range(sequence, sequence + number), range(chunk, chunk + number), every_ms, repeat(stream)
        return chain.from_iterable(zip(*(rows[place] for place in self._order), strict=False))

    def _built(self, row: Row) -> bytes:
        audio = b"".join(self._dialect.encoding.frame(intent) for intent in row)
        if self._dialect.binary:
            return Binary(audio)
        text = self._dialect.caller.media
        text = text.replace("%", "%%") if self._order else text
        return filled(text, **_FORM, payload=base64.b64encode(audio).decode())


def _filler(order: list[int]) -> _Fill:
    """How numbers get into a template: not at all, as they come (None), or picked and ordered first."""
    if not order:
        return lambda template, _: template
    if order == list(range(len(NUMBERS))):
        return None
    pick: Any = itemgetter(*order)
    return lambda template, numbers: template % pick(numbers)


@cache
def frames_of(dialect: Dialect) -> Frames:
    """The frames that all calls of a dialect share."""
    return Frames(dialect)


class Mouth:
    """See the module. Every message it builds has the next number."""

    __slots__ = (
        "_at_ms",
        "_call",
        "_chunk",
        "_dialect",
        "_fill",
        "_frame_ms",
        "_frames",
        "_row",
        "_sequence",
        "_steady",
        "_stream",
    )

    def __init__(self, dialect: Dialect, call_sid: str, stream_sid: str) -> None:
        self._dialect, self._frames = dialect, frames_of(dialect)
        self._call, self._stream = call_sid, stream_sid.encode()
        self._sequence = self._chunk = self._at_ms = 0
        self._frame_ms = dialect.frame_ms
        self._row: list[str | None] = []
        self._fill = self._frames.fill
        self._steady = self._frames.steady if self._frames.ticks == 1 else None

    def audio(self, spoken: str | None) -> bytes | None:
        """20 ms more of this voice, or of silence; the frame to send, or None while it is not full."""
        if self._steady is not None:
            template = self._steady[spoken]
        elif (gathered := self._gathered(spoken)) is not None:
            template = gathered
        else:
            return None
        self._sequence = sequence = self._sequence + 1
        self._chunk = chunk = self._chunk + 1
        at_ms = self._at_ms
        self._at_ms = at_ms + self._frame_ms
        if self._fill is None:
            return template % (sequence, chunk, at_ms, self._stream)
        return self._fill(template, (sequence, chunk, at_ms, self._stream))

    def audio_run(self, spoken: str | None, number: int) -> bytes | None:
        """The frames that so many calls of `audio` would give, framed for the line in one piece; None, and
        nothing has happened, where they do not all have one length."""
        frames = self._frames
        if not frames.alike:
            return None
        first = self._sequence + 1, self._chunk + 1, self._at_ms
        last = first[0] + number - 1, first[1] + number - 1, first[2] + (number - 1) * self._frame_ms
        length = self._length(spoken, first)
        if self._length(spoken, last) != length:
            return None
        values = tuple(frames.numbers(*first, self._stream, number))
        self._sequence, self._chunk, self._at_ms = last[0], last[1], last[2] + self._frame_ms
        return frames.run(spoken, number, length) % values

    def _length(self, spoken: str | None, numbers: tuple[int, int, int]) -> int:
        template, values = self._frames.steady[spoken], (*numbers, self._stream)
        return len(template % values if self._fill is None else self._fill(template, values))

    def _gathered(self, spoken: str | None) -> bytes | None:
        self._row.append(spoken)
        if len(self._row) < self._frames.ticks:
            return None
        row, self._row = tuple(self._row), []
        return self._frames.of(row)

    def opening(self, parameters: Mapping[str, str]) -> list[bytes]:
        """How the vendor introduces a call."""
        given = json.dumps(dict(parameters), separators=(",", ":"))
        words, self._sequence = self._dialect.caller, 1
        return [
            self._filled(template, parameters=given, headers=given[1:-1])
            for template in (words.connected, words.start)
            if template
        ]

    def dtmf(self, digit: str, now_ns: int) -> bytes:
        """A key was pressed."""
        utc = _EPOCH + timedelta(microseconds=(now_ns + self._dialect.utc_offset_ns) // 1000)
        stamp = utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return self._numbered(self._dialect.caller.dtmf, digit=_inner(digit), utc=stamp)

    def mark(self, mark: Mark) -> bytes:
        """The audio before this mark was played."""
        return self._numbered(self._dialect.caller.mark, name=_inner(mark.name), echo=mark.echo)

    def stop(self) -> bytes | None:
        """The caller hangs up; None where the vendor only closes the connection."""
        return self._numbered(self._dialect.caller.stop) if self._dialect.caller.stop else None

    def cleared(self) -> bytes | None:
        """The rest was taken back, where the vendor says so."""
        return self._numbered(self._dialect.caller.cleared) if self._dialect.caller.cleared else None

    def _numbered(self, template: str, **values: str) -> bytes:
        self._sequence += 1
        return self._filled(template, sequence=str(self._sequence), **values)

    def _filled(self, template: str, **values: str) -> bytes:
        return filled(template, call=_inner(self._call), stream=_inner(self._stream.decode()), **values)


def _inner(text: str) -> str:
    """Text as it stands between JSON's quotes."""
    return json.dumps(text)[1:-1]
