"""The journal: append-only, hash-chained JSON Lines, one file and one writer per stream.

    chain[n] = sha256(chain[n-1] + body[n]),  chain[-1] = sha256("drill-journal-v1:" + stream)

Each line is its event's JSON with the chain value as last member, so that a changed,
dropped, swapped or inserted line breaks every line after it. A stream ends with
`stream.sealed`; without it the writer died or the file was cut, and a reader says so.
The chain does not stop somebody who rewrites a whole file: the seal of a run does
(it holds the last chain value of every stream).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any, NamedTuple, Self

import orjson

from drill.model.errors import JournalError
from drill.model.event_fields import from_fields, to_fields
from drill.model.events import Event, Recorded, StreamOpened, StreamSealed
from drill.model.recording import Merged, Recording
from drill.redact import Redactor, known

_MARK = ',"chain":"'
_MARK_BYTES = _MARK.encode()
_TAIL = len(_MARK) + 64 + len('"}')
_SEAL_BYTES_MAX = 512


def genesis(stream: str) -> str:
    """The chain value before the first line of a stream."""
    return hashlib.sha256(f"drill-journal-v1:{stream}".encode()).hexdigest()


def _body(number: int, t_ns: int, event: Event, redactor: Redactor) -> str:
    """The event's JSON. Put together by hand: building an encoder per line costs more than the line."""
    allowed = redactor.field
    fields = "".join([f',"{name}":{_json(allowed(name, value))}' for name, value in to_fields(event).items()])
    return f'{{"n":{number},"t_ns":{t_ns},"kind":"{event.kind}"{fields}}}'


def _json(value: Any) -> str:
    if type(value) is str:
        return encode_basestring(value)
    if type(value) is int:
        return repr(value)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class Journal:
    """Writer of one stream; thread-safe within its process, and the only writer of its file.

    What is not on the allow-list of `drill.redact` is not written.

    Durable appends are on disk before `append` returns (fsync); the others are handed to the
    system once their batch is full or `flush` is called. After a write that failed, or that an exception
    out of a signal handler cut short, nobody knows what of the line is in the file: the stream takes no
    more, and ends there, torn or unsealed, for every reader to see.
    """

    def __init__(
        self,
        path: Path,
        run_id: str,
        *,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        redactor: Redactor | None = None,
    ) -> None:
        self.stream = path.stem
        self._redactor = redactor or Redactor(known(os.environ))
        self._clock_ns = clock_ns
        self._seq = 0
        self._chain = genesis(self.stream)
        self._lock = threading.Lock()
        self._broken = ""
        try:
            self._file = path.open("x", encoding="utf-8", newline="\n", buffering=1 << 16)
        except OSError as error:
            raise JournalError(f"cannot open the journal stream {path}: {error.strerror}") from error
        self.append(StreamOpened(self.stream, run_id, os.getpid()), durable=True)
        _keep_name(path.parent)

    def append(self, event: Event, *, durable: bool = False, t_ns: int | None = None) -> str:
        """Write one event and return its id; JournalError when it could not be written."""
        with self._lock:
            if self._broken:
                raise JournalError(f"the journal stream {self.stream!r} takes no more: {self._broken}")
            at_ns = self._clock_ns() if t_ns is None else t_ns
            body = _body(self._seq, at_ns, event, self._redactor)
            chain = hashlib.sha256((self._chain + body).encode()).hexdigest()
            self._write(f'{body[:-1]}{_MARK}{chain}"}}\n', durable=durable)
            self._chain = chain
            self._seq += 1
            self._broken = ""
            return f"{self.stream}:{self._seq - 1}"

    def _write(self, line: str, *, durable: bool) -> None:
        self._broken = "a write was interrupted"
        try:
            self._file.write(line)
            if durable:
                self._file.flush()
                os.fsync(self._file.fileno())
        except (OSError, ValueError) as error:
            self._broken = f"a write failed: {error}"
            raise JournalError(f"cannot write to the journal stream {self.stream!r}: {error}") from error

    def flush(self) -> None:
        """Hand everything to the operating system, so that another process can read it; JournalError when
        that fails. What could not be written before stays unwritten: `append` told."""
        with self._lock:
            if self._file.closed or self._broken:
                return
            try:
                self._file.flush()
            except OSError as error:
                self._broken = f"a write failed: {error}"
                raise JournalError(f"cannot write to the journal stream {self.stream!r}: {error}") from error

    def seal(self) -> None:
        """Write the last line and close; sealing twice is harmless."""
        if self._file.closed:
            return
        self.append(StreamSealed(self._seq), durable=True)
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Seal on an orderly way out only: a stream that an error cut short must say so."""
        if kind is None:
            self.seal()
        else:
            self.abandon()

    def abandon(self) -> None:
        """Close without a seal: readers will say that the stream was cut short."""
        with contextlib.suppress(OSError):
            self._file.close()


def _keep_name(folder: Path) -> None:
    """A new file is only there after a power cut once its folder is on disk too."""
    try:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(held)
        finally:
            os.close(held)
    except OSError as error:
        raise JournalError(f"the folder {folder} cannot be made durable: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream as read back.

    Attributes:
        name: the stream's name.
        events: what could be read and verified, in order.
        head: chain value of the last verified line.
        fault: "" when the stream is whole; else what is wrong with it, naming file and line.
        changed: whether that is a line which is not what was written, as against an end that is missing.
    """

    name: str
    events: Sequence[Recorded]
    head: str
    fault: str
    changed: bool = False


class ChangedError(JournalError):
    """A stored line is not what was written, or does not stand where it was written."""


class Line(NamedTuple):
    """A verified line: its place, its time, what it says, and its chain value. (A dataclass takes four times
    as long to make, and one is made for every event of a run.)"""

    seq: int
    t_ns: int
    event: Event
    chain: str


def parse_line(line: bytes, chain: str, told: dict[str, str] | None = None) -> Line:
    """A line without its end, after the one of this chain value; JournalError where it was not written so.

    `told` is where texts that come again are kept once: names of calls and patients stand in many lines.
    """
    if line[-_TAIL : -_TAIL + len(_MARK)] != _MARK_BYTES or not line.endswith(b'"}'):
        raise ChangedError("is cut short or is not a journal line")
    body = line[:-_TAIL] + b"}"
    head = hashlib.sha256(chain.encode() + body).hexdigest()
    if head.encode() != line[-66:-2]:
        raise ChangedError("does not follow from the line before it: it or its predecessor was changed")
    try:
        fields = orjson.loads(body)
        seq, t_ns, kind = fields.pop("n"), fields.pop("t_ns"), fields.pop("kind")
        if not (type(seq) is type(t_ns) is int and type(kind) is str):
            raise TypeError("its number, time or kind is none")
        return Line(seq, t_ns, from_fields(kind, fields, told), head)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise JournalError(f"is not a journal event: {error}") from error


def read_stream(path: Path, told: dict[str, str] | None = None) -> Stream:
    """Read and verify one stream; damage is told in `fault`, never raised and never skipped over."""
    try:
        with path.open("rb") as file:
            return read_lines(path.stem, path.name, file, told)
    except OSError as error:
        fault = f"{path.name}: cannot be read: {error.strerror}"
        return Stream(path.stem, (), genesis(path.stem), fault)


def read_lines(name: str, file: str, lines: Iterable[bytes], told: dict[str, str] | None = None) -> Stream:
    """A stream from its lines, wherever they are stored; `file` is what its faults call the place.

    Streams that are read with one `told` share the texts that stand in both.
    """
    chain = genesis(name)
    seen: dict[str, str] = {} if told is None else told
    events = Recording(name)
    torn = False
    for number, line in enumerate(lines, start=1):
        if torn := not line.endswith(b"\n"):  # text after the last newline
            break
        try:
            read = parse_line(line[:-1], chain, seen)
            chain = read.chain
            _in_order(read, number)
            _kept(events, read)
        except JournalError as error:
            changed = isinstance(error, ChangedError)
            return Stream(name, events, chain, f"{file}:{number}: {error}", changed)
    return Stream(name, events, chain, _ending(file, name, events, torn=torn))


def _kept(events: Recording, line: Line) -> None:
    try:
        events.append(line.t_ns, line.event)
    except OverflowError as error:
        raise JournalError("was written at a time that no clock tells") from error


def _in_order(line: Line, number: int) -> None:
    if line.seq != number - 1:
        raise ChangedError(f"carries sequence {line.seq} where {number - 1} is due")
    if isinstance(line.event, StreamSealed) and line.event.events != line.seq:
        raise ChangedError("is a seal that counts another number of events")


def _ending(file: str, name: str, events: Sequence[Recorded], *, torn: bool) -> str:
    where = f"{file}:{len(events) + 1}"
    if torn:
        return f"{where}: the last line is torn: its writer was stopped while writing"
    if not events or not isinstance(events[0].event, StreamOpened) or events[0].event.stream != name:
        return f"{file}:1: the stream does not begin with its own opening line"
    if not isinstance(events[-1].event, StreamSealed):
        return f"{where}: the stream is not sealed: its writer died, or the end was cut off"
    return ""


def is_sealed(path: Path) -> bool:
    """Whether the last line is a seal, and nothing else: whether it fits takes going through every line."""
    try:
        with path.open("rb") as file:
            file.seek(-min(_SEAL_BYTES_MAX, file.seek(0, os.SEEK_END)), os.SEEK_END)
            *_, last = file.read().rpartition(b"\n{")
    except OSError:
        return False
    return last.endswith(b'"}\n') and f'"kind":"{StreamSealed.kind}"'.encode() in last


def read_run(folder: Path) -> tuple[Stream, ...]:
    """All streams of a run's `journal/` folder, by name; JournalError when there is none."""
    paths = sorted(folder.glob("*.jsonl"))
    if not paths:
        raise JournalError(f"{folder} holds no journal stream; is this the folder of a run?")
    told: dict[str, str] = {}
    return tuple(read_stream(path, told) for path in paths)


def merge(streams: Iterable[Stream]) -> Sequence[Recorded]:
    """All events in one order that is the same each time: time, then stream, then sequence."""
    streams = tuple(streams)
    parts = [stream.events for stream in streams if isinstance(stream.events, Recording)]
    if len(parts) == len(streams):
        return Merged(parts)
    events = [recorded for stream in streams for recorded in stream.events]
    return tuple(sorted(events, key=lambda r: (r.t_ns, r.stream, r.seq)))


class Tail:
    """Follow a growing stream from another process: only whole, verified lines, each once."""

    def __init__(self, path: Path) -> None:
        self._path, self._stream = path, path.stem
        self._chain, self._offset = genesis(path.stem), 0

    def read(self) -> list[Recorded]:
        """What is new since the last call; JournalError when a whole line does not verify."""
        if not self._path.exists():
            return []
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except OSError as error:
            raise JournalError(f"{self._path} cannot be read: {error.strerror}") from error
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        events = []
        for line in whole.splitlines():
            read = parse_line(line, self._chain)
            self._chain = read.chain
            events.append(Recorded(self._stream, read.seq, read.t_ns, read.event))
        return events
