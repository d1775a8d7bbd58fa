"""Streams as read back: every line verified, and damage told by its place, never raised and never skipped."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from drill.journal.line import ChangedError, Line, genesis, parse_line
from drill.model.errors import JournalError
from drill.model.events import Recorded, StreamOpened, StreamSealed
from drill.model.recording import Merged, Recording

_SEAL_BYTES_MAX = 512


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
