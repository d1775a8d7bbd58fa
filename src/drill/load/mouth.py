"""One call's side of its dialect: numbers its messages, and gives audio its form.

Theory: what leaves fifty times a second has to be nearly free, so it is one look-up and one `%`
on bytes that all calls of a dialect share. A dialect with longer frames (Exotel's 100 ms) is given
the call's 20 ms one by one and sends when they are full: what stands in a frame is a row of intents, of
which there are few, and each row is encoded once.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from operator import itemgetter
from typing import Any

from drill.load.dialect import Dialect, Mark, filled, places
from drill.load.frames import Binary
from drill.load.speech import FRAME_MS, TONES_HZ

NUMBERS = ("sequence", "chunk", "at_ms", "stream")  # what differs between two media frames
_FORM = {"sequence": "%d", "chunk": "%d", "at_ms": "%d", "stream": "%b"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Row = tuple[str | None, ...]
_Fill = Callable[[bytes, tuple[int | bytes, ...]], bytes] | None


class Frames:
    """A dialect's media frames, each kind built once; all calls share them (`frames_of`).

    `steady`: frames of one sound throughout, by intent. `fill` puts the numbers in where `%` does not do.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect, self._rows = dialect, dict[Row, bytes]()
        self._order = [NUMBERS.index(name) for name in places(dialect.caller.media) if name != "payload"]
        self.ticks, self.fill = dialect.frame_ms // FRAME_MS, _filler(self._order)
        self.steady = {intent: self.of((intent,) * self.ticks) for intent in (None, *TONES_HZ)}

    def of(self, row: Row) -> bytes:
        """The frame of these 20 ms, but for its numbers; at most 4 to the power of `ticks` are ever kept."""
        if row not in self._rows:
            self._rows[row] = self._built(row)
        return self._rows[row]

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
