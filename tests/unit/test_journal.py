"""The journal: whole when it is whole, and never believed when it is not."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drill.journal import Journal, Tail, genesis, is_sealed, merge, read_run, read_stream
from drill.model.errors import JournalError
from drill.model.events import PhaseEntered, TurnInvoked


def write(path: Path, events: int = 5, *, seal: bool = True) -> Path:
    ticks = itertools.count(1000)
    journal = Journal(path, "run-1", clock_ns=lambda: next(ticks))
    for number in range(events):
        journal.append(TurnInvoked("call-1", number, "chät", 42))
    journal.flush()
    if seal:
        journal.seal()
    return path


def test_what_was_written_is_what_is_read(tmp_path: Path) -> None:
    """Every event comes back with its place, time and fields."""
    stream = read_stream(write(tmp_path / "load.jsonl"))
    assert stream.fault == ""
    assert stream.events[3].event == TurnInvoked("call-1", 2, "chät", 42)
    assert (stream.events[3].id, stream.events[3].t_ns) == ("load:3", 1003)


def test_a_stream_without_its_seal_says_so(tmp_path: Path) -> None:
    """A writer that died leaves an unsealed stream, and its events are still there."""
    stream = read_stream(write(tmp_path / "load.jsonl", seal=False))
    assert "not sealed" in stream.fault
    assert len(stream.events) == 6


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(min_value=0), change=st.integers(min_value=1, max_value=255))
def test_any_changed_byte_is_found(tmp_path: Path, position: int, change: int) -> None:
    """No single byte of a stream can change without its reader noticing."""
    path = tmp_path / "load.jsonl"
    path.unlink(missing_ok=True)
    data = bytearray(write(path).read_bytes())
    data[position % len(data)] ^= change
    path.write_bytes(data)
    assert read_stream(path).fault != ""


@pytest.mark.parametrize("line", range(7))
def test_a_dropped_line_is_found(tmp_path: Path, line: int) -> None:
    """Each line but the last breaks the chain when it is missing; the last is the seal."""
    path = write(tmp_path / "load.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:line] + lines[line + 1 :]))
    assert read_stream(path).fault != ""


def test_a_cut_anywhere_is_found(tmp_path: Path) -> None:
    """Cutting the file at any byte leaves a stream that is not whole."""
    data = write(tmp_path / "load.jsonl").read_bytes()
    for size in range(len(data)):
        (tmp_path / "cut").mkdir(exist_ok=True)
        path = tmp_path / "cut" / "load.jsonl"
        path.write_bytes(data[:size])
        assert read_stream(path).fault != "", size


def test_a_seal_is_seen_without_the_rest_and_only_when_it_is_whole(tmp_path: Path) -> None:
    """Also of an empty file, and of one that is not there."""
    data = write(tmp_path / "load.jsonl").read_bytes()
    cut = tmp_path / "cut.jsonl"
    assert not is_sealed(cut)
    for length in range(len(data)):
        cut.write_bytes(data[:length])
        assert not is_sealed(cut)
    cut.write_bytes(data)
    assert is_sealed(cut)


def test_a_renamed_stream_is_found(tmp_path: Path) -> None:
    """A stream cannot stand in for another one."""
    write(tmp_path / "load.jsonl").rename(tmp_path / "faults.jsonl")
    assert read_stream(tmp_path / "faults.jsonl").fault != ""


def test_a_stream_has_one_writer(tmp_path: Path) -> None:
    """Opening a stream a second time is refused."""
    write(tmp_path / "load.jsonl")
    with pytest.raises(JournalError, match="cannot open"):
        Journal(tmp_path / "load.jsonl", "run-1")


def test_streams_merge_by_time_then_name(tmp_path: Path) -> None:
    """The merged order is the same whatever order the streams come in."""
    write(tmp_path / "load.jsonl")
    write(tmp_path / "faults.jsonl")
    streams = read_run(tmp_path)
    assert merge(streams) == merge(tuple(reversed(streams)))


def test_a_tail_gives_each_whole_line_once(tmp_path: Path) -> None:
    """A reader of a growing stream sees no line twice and no half line."""
    path = tmp_path / "control.jsonl"
    journal = Journal(path, "run-1")
    tail = Tail(path)
    assert len(tail.read()) == 1
    journal.append(PhaseEntered("fault"), durable=True)
    with path.open("ab") as file:
        file.write(b'{"n":2,')
    assert [r.event for r in tail.read()] == [PhaseEntered("fault")]
    assert tail.read() == []


def test_an_error_leaves_the_stream_unsealed(tmp_path: Path) -> None:
    """A stream whose writer failed must not look finished."""
    with pytest.raises(RuntimeError), Journal(tmp_path / "load.jsonl", "run-1"):
        raise RuntimeError
    assert "not sealed" in read_stream(tmp_path / "load.jsonl").fault


def test_a_folder_without_streams_is_no_run(tmp_path: Path) -> None:
    """An empty folder is an error, never an empty run."""
    with pytest.raises(JournalError, match="no journal stream"):
        read_run(tmp_path)


NO_COUNTERS = (
    b'{"n":1,"t_ns":2,"kind":"probe.breaker","zone":"a","ok":true,"state":"open","successful":0,'
    b'"failed":0,"not_permitted":0,"transitions":"[]","detail":""}'
)


def _chained(folder: Path, body: bytes) -> Path:
    """A stream of two lines whose chain is right, whatever the second says."""
    chain, out = genesis("load"), b""
    first = b'{"n":0,"t_ns":1,"kind":"stream.opened","stream":"load","run_id":"r","pid":1}'
    for line in (first, body):
        chain = hashlib.sha256(chain.encode() + line).hexdigest()
        out += line[:-1] + b',"chain":"' + chain.encode() + b'"}\n'
    path = folder / "load.jsonl"
    path.write_bytes(out)
    return path


@pytest.mark.parametrize(
    "body",
    [
        b'{"n":1,"t_ns":1,"kind":["x"]}',
        b'{"n":1,"t_ns":1,"kind":{}}',
        b'{"n":Infinity,"t_ns":1,"kind":"x"}',
        b'{"n":1,"t_ns":1e999,"kind":"stream.sealed","events":1}',
        b'{"n":1,"t_ns":2,"kind":"run.aborted","reason":"\\ud800"}',
        b'{"n":1,"t_ns":2,"kind":"turn.invoked","call":"c","seq":1,"intent":"chat","eos_ns":1'
        + b"0" * 400
        + b"}",
        NO_COUNTERS,
    ],
    ids=["list", "object", "infinity", "1e999", "half a character", "400 digits", "transitions"],
)
def test_a_line_whose_chain_is_right_and_whose_content_is_not_is_told_by_its_place(
    body: bytes, tmp_path: Path
) -> None:
    """Whoever can write the chain can write anything into it."""
    found = read_stream(_chained(tmp_path, body))
    assert found.fault.startswith("load.jsonl:2: ")
    assert len(found.events) == 1
