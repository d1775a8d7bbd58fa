"""A real Locust process against a stand-in agent: what it writes down is what happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from drill.conduct.children import Child, end, spawn
from drill.journal import Stream, read_stream
from drill.load.order import LoadOrder
from drill.model.events import (
    CallEnded,
    CallerGaveUp,
    CallStarted,
    ClockAnchor,
    Event,
    LoadSample,
    ScheduleWritten,
    TurnEnded,
    TurnInvoked,
)
from drill.traffic import schedule as arrivals

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parents[2]
PROFILE = ROOT / "loadprofiles" / "steady_calls.py"
AGENT = ROOT / "tests" / "fakes" / "voice_agent.py"
HOST = "127.60.0.1"
S = 1_000_000_000


def wait_for(holds: Callable[[], bool], within_s: float = 30.0) -> None:
    """Poll; AssertionError at the deadline."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "did not come about in time"
        time.sleep(0.05)


def stopped(load: Child) -> int | None:
    """Told to end; its exit code."""
    end(load, 15.0)
    return load.returncode


@contextmanager
def agent(port: int, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A stand-in agent that listens."""
    argv = [sys.executable, "-P", "-W", "ignore", str(AGENT), HOST, str(port), *options]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().strip() == b"ready"
            yield process
        finally:
            process.kill()


def ordered(folder: Path, port: int, **changes: object) -> LoadOrder:
    """A small run: six calls of half a minute."""
    values = {
        "profile": PROFILE, "edge": f"ws://{HOST}:{port}/media", "run_id": "load-test",
        "stream": folder / "load.jsonl", "schedule": folder / "schedule.json",
        "concurrency": 6, "mean_call_s": 30.0, "ramp_s": 1.0, "seconds": 60.0, "seed": 3,
    }  # fmt: skip
    return LoadOrder(**(values | changes))


@contextmanager
def running(order: LoadOrder) -> Iterator[Child]:
    """Locust, ended whatever happens."""
    load = spawn("load", order.argv(), order.stream.with_suffix(".log"), order.environ(os.environ))
    try:
        yield load
    finally:
        end(load, 1.0)


def of(stream: Stream, *kinds: type[Event]) -> list[Event]:
    """Events of some kinds."""
    return [recorded.event for recorded in stream.events if isinstance(recorded.event, kinds)]


def seen(order: LoadOrder, count: int, *kinds: type[Event]) -> Callable[[], bool]:
    """Whether so many events of these kinds are readable yet."""
    return lambda: order.stream.exists() and len(of(read_stream(order.stream), *kinds)) >= count


def breached(stream: Stream, slo_s: float) -> list[tuple[float, float]]:
    """Turns answered later than the limit: intended end of speech and first sound, in seconds."""
    turns = [event for event in of(stream, TurnEnded) if isinstance(event, TurnEnded)]
    return [
        (turn.eos_ns / S, turn.first_audio_ns / S)
        for turn in turns
        if turn.first_audio_ns and turn.first_audio_ns - turn.eos_ns > slo_s * S
    ]


def test_calls_and_turns_are_recorded_and_the_stream_is_sealed(tmp_path: Path) -> None:
    """SIGTERM: calls are cut, every turn has its end, the stream verifies to its seal."""
    order = ordered(tmp_path, 17061)
    with agent(17061), running(order) as load:
        wait_for(seen(order, 8, TurnEnded))
        assert stopped(load) == 0
    stream = read_stream(order.stream)
    assert stream.fault == ""
    invoked = {(e.call, e.seq) for e in of(stream, TurnInvoked) if isinstance(e, TurnInvoked)}
    ended = [e for e in of(stream, TurnEnded) if isinstance(e, TurnEnded)]
    assert {(e.call, e.seq) for e in ended} == invoked
    assert len(ended) == len(invoked)
    answered = [e for e in ended if e.outcome == "full"]
    assert len(answered) >= 8
    assert all(0.35 < (e.first_audio_ns - e.eos_ns) / S < 1.2 for e in answered)
    started, over = of(stream, CallStarted), [e for e in of(stream, CallEnded) if isinstance(e, CallEnded)]
    assert len(started) == len(over) >= 6
    assert {e.outcome for e in over} <= {"cut", "completed"}
    assert len(of(stream, ClockAnchor)) == 2


def test_the_schedule_is_written_before_the_first_call(tmp_path: Path) -> None:
    """Its digest stands in the journal, and each call came when it said."""
    order = ordered(tmp_path, 17062)
    with agent(17062), running(order):
        wait_for(seen(order, 6, CallStarted))
        wait_for(seen(order, 3, LoadSample))
    stream = read_stream(order.stream)
    schedule = arrivals.from_json(order.schedule.read_text(), "schedule.json")
    first = next(i for i, r in enumerate(stream.events) if isinstance(r.event, CallStarted))
    (written,) = (r.event for r in stream.events[:first] if isinstance(r.event, ScheduleWritten))
    assert (written.digest, written.calls) == (schedule.digest, len(schedule.arrivals))
    calls = [e for e in of(stream, CallStarted) if isinstance(e, CallStarted)]
    t0_ns = calls[0].intended_ns - round(schedule.arrivals[0].at_s * S)
    for call, arrival in zip(calls, schedule.arrivals, strict=False):
        assert call.patient == arrival.patient
        assert call.intended_ns == t0_ns + round(arrival.at_s * S)
    samples = [e for e in of(stream, LoadSample) if isinstance(e, LoadSample)]
    assert max(sample.calls_up for sample in samples) >= 6
    assert all(sample.frames <= 50 * 9 for sample in samples)


def test_a_frozen_agent_is_seen_from_the_intended_end_of_speech(tmp_path: Path) -> None:
    """Three seconds of standstill: turns that ended in it wait for its end, and their wait is all of it."""
    order = ordered(tmp_path, 17063, concurrency=12)
    with agent(17063) as platform, running(order) as load:
        wait_for(seen(order, 12, TurnEnded))
        platform.send_signal(signal.SIGSTOP)
        frozen_s = time.monotonic()
        time.sleep(3.0)
        platform.send_signal(signal.SIGCONT)
        thawed_s = time.monotonic()
        time.sleep(3.0)
        assert stopped(load) == 0
    hurt = breached(read_stream(order.stream), 1.5)
    assert hurt
    assert all(frozen_s - 1.0 < eos_s < thawed_s for eos_s, _ in hurt)
    assert all(thawed_s <= heard_s < thawed_s + 1.5 for _, heard_s in hurt)
    assert max(heard_s - eos_s for eos_s, heard_s in hurt) > 2.0


def test_a_platform_that_hangs_up_is_told_as_dropped(tmp_path: Path) -> None:
    """The call and its open turn, of which nobody knows whether it was saved."""
    order = ordered(tmp_path, 17064)
    with agent(17064, "--hang-up-at", "2"), running(order) as load:
        wait_for(seen(order, 4, CallEnded))
        assert stopped(load) == 0
    stream = read_stream(order.stream)
    dropped = [e for e in of(stream, CallEnded) if isinstance(e, CallEnded) and e.outcome == "dropped"]
    turns = [e for e in of(stream, TurnEnded) if isinstance(e, TurnEnded) and e.outcome == "dropped"]
    assert len(dropped) >= 2
    assert "1011 tired" in dropped[0].detail
    assert {(turn.seq, turn.ledger) for turn in turns} == {(2, "info")}
    assert {turn.call for turn in turns} == {call.call for call in dropped}


def chains(stream: Stream) -> dict[str, list[CallStarted]]:
    """Every caller's calls by the name of the first."""
    found: dict[str, list[CallStarted]] = {}
    first: dict[str, str] = {}
    for call in (e for e in of(stream, CallStarted) if isinstance(e, CallStarted)):
        first[call.call] = first[call.redial_of] if call.redial_of else call.call
        found.setdefault(first[call.call], []).append(call)
    return found


def test_callers_who_were_cut_off_dial_again_and_go_on(tmp_path: Path) -> None:
    """Hung up on once, refused twice, then in a call again that answers as before."""
    order = ordered(tmp_path, 17070, concurrency=1, mean_call_s=300.0)
    options = ("--hang-up-at", "2", "--hang-up-calls", "1", "--refuse-from", "2", "--refuse-until", "3")
    with agent(17070, *options), running(order) as load:
        wait_for(lambda: seen(order, 4, CallStarted)() and seen(order, 5, TurnEnded)())
        assert stopped(load) == 0
    stream = read_stream(order.stream)
    (calls,) = chains(stream).values()
    assert [(call.attempt, call.ok) for call in calls] == [(1, True), (2, False), (3, False), (4, True)]
    assert "503" in calls[1].detail
    assert len({call.patient for call in calls}) == 1
    ended = [e for e in of(stream, CallEnded) if isinstance(e, CallEnded)]
    assert [(e.call, e.outcome) for e in ended] == [(calls[0].call, "dropped"), (calls[3].call, "cut")]
    turns = [e for e in of(stream, TurnEnded) if isinstance(e, TurnEnded) and e.call == calls[3].call]
    assert [turn.outcome for turn in turns][:2] == ["full", "full"]
    assert not of(stream, CallerGaveUp)


def test_callers_who_are_refused_again_and_again_give_up(tmp_path: Path) -> None:
    """Six calls, the last of them named; and the table shows each attempt as a failure."""
    order = ordered(tmp_path, 17071, concurrency=2, mean_call_s=300.0)
    with agent(17071, "--refuse-from", "1"), running(order) as load:
        wait_for(seen(order, 2, CallerGaveUp))
        assert stopped(load) == 0
    stream = read_stream(order.stream)
    gone = {e.call: e.attempts for e in of(stream, CallerGaveUp) if isinstance(e, CallerGaveUp)}
    assert gone == {calls[-1].call: 6 for calls in chains(stream).values()}
    assert "call redial" in load.log.read_text()


def test_a_frozen_platform_is_hung_up_on_and_refuses_within_five_seconds(tmp_path: Path) -> None:
    """Stopped, its sockets open: fifteen seconds of dead air, then connections that are never answered."""
    order = ordered(tmp_path, 17072, concurrency=2, mean_call_s=300.0)
    with agent(17072) as platform, running(order) as load:
        wait_for(seen(order, 4, TurnEnded))
        platform.send_signal(signal.SIGSTOP)
        wait_for(seen(order, 4, CallStarted), within_s=45.0)
        assert stopped(load) == 0
    stream = read_stream(order.stream)
    ended = [e for e in of(stream, CallEnded) if isinstance(e, CallEnded)]
    assert {(e.outcome, e.detail) for e in ended} == {("abandoned", "no answer within 15 s")}
    again = [
        (r.t_ns, r.event) for r in stream.events if isinstance(r.event, CallStarted) and r.event.redial_of
    ]
    assert again
    for t_ns, call in again:
        assert not call.ok
        assert 4.9 < (t_ns - call.intended_ns) / S < 6.0


def test_an_agent_that_dies_drops_its_calls(tmp_path: Path) -> None:
    """And calls after it are refused, each with the reason."""
    order = ordered(tmp_path, 17065, mean_call_s=4.0)
    with agent(17065) as platform, running(order) as load:
        wait_for(seen(order, 6, CallStarted))
        platform.kill()
        wait_for(seen(order, 9, CallStarted))
        assert stopped(load) == 0
    stream = read_stream(order.stream)
    assert any(isinstance(e, CallEnded) and e.outcome == "dropped" for e in of(stream, CallEnded))
    last = of(stream, CallStarted)[-1]
    assert isinstance(last, CallStarted)
    assert not last.ok
    assert "refused" in last.detail


def test_somebody_elses_record_is_noticed(tmp_path: Path) -> None:
    """The second turn of each call is answered with another patient."""
    order = ordered(tmp_path, 17066)
    with agent(17066, "--mix-up-at", "2"), running(order):
        wait_for(seen(order, 10, TurnEnded))
    ended = [e for e in of(read_stream(order.stream), TurnEnded) if isinstance(e, TurnEnded)]
    assert {(e.outcome, e.ledger) for e in ended if e.seq == 2 and e.ack_ns} == {("wrong_patient", "ok")}


def test_a_killed_parent_takes_locust_along_and_the_stream_is_sealed(tmp_path: Path) -> None:
    """The kernel tells Locust; it hangs up and seals."""
    order = ordered(tmp_path, 17067)
    script = (
        "import os, time; from pathlib import Path\n"
        "from drill.load.order import LoadOrder; from drill.conduct.children import spawn\n"
        f"order = LoadOrder(*{_values(order)!r})\n"
        f"log = Path({str(tmp_path / 'load.log')!r})\n"
        "load = spawn('load', order.argv(), log, order.environ(os.environ))\n"
        "print(load.process.pid, flush=True); time.sleep(60)\n"
    )
    with agent(17067), subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        locust = psutil.Process(int(parent.stdout.readline()))
        try:
            wait_for(seen(order, 3, CallStarted))
            parent.kill()
            locust.wait(timeout=10)
        finally:
            if locust.is_running():
                locust.kill()
    assert read_stream(order.stream).fault == ""


def _values(order: LoadOrder) -> list[object]:
    values = [getattr(order, name) for name in LoadOrder.__slots__]
    return [str(value) if isinstance(value, Path) else value for value in values]


def test_a_foreign_host_is_refused_before_any_call(tmp_path: Path) -> None:
    """Exit code of a definition error, the way out in the message, nothing written."""
    order = ordered(tmp_path, 17068, edge="ws://192.0.2.1:10000/media")
    with running(order) as load:
        assert load.process.wait(timeout=20) == 3
    assert "DRILL_ALLOW_TARGET=192.0.2.1" in load.log.read_text()
    assert not order.stream.exists()


def test_a_profile_runs_alone(tmp_path: Path) -> None:
    """`locust -f` with no journal: its own table shows turns and calls, and it ends by itself."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("DRILL_")} | {
        "DRILL_EDGE": f"ws://{HOST}:17069/media", "DRILL_CONCURRENCY": "5", "DRILL_MEAN_CALL_S": "20",
        "DRILL_RAMP_S": "1", "DRILL_SECONDS": "8",
    }  # fmt: skip
    argv = [sys.executable, "-m", "locust", "-f", str(PROFILE), "--headless", "--only-summary"]
    with agent(17069):
        done = subprocess.run(
            argv, env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
    assert "turn dtmf" in done.stderr
    assert "call connect" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["clinic-morning", "flu-season-peak", "quiet-night"])
def test_a_time_of_day_runs_as_it_was_drawn(tmp_path: Path, name: str) -> None:
    """Its own locustfile knows which it is: the schedule is the day's, and calls come by it."""
    profile = PROFILE.with_name(f"{name.replace('-', '_')}.py")
    order = ordered(
        tmp_path, 17073, profile=profile, concurrency=20, mean_call_s=6.0, arrivals=name, windows_s=12.0
    )
    with agent(17073), running(order) as load:
        wait_for(seen(order, 25, CallStarted))
        assert stopped(load) == 0
    drawn = arrivals.from_json(order.schedule.read_text(), "schedule.json")
    assert drawn == arrivals.draw(arrivals.Demand(3, 20, 6.0, 1.0, 60.0, 200, name, 12.0))
    started = [e for e in of(read_stream(order.stream), CallStarted) if isinstance(e, CallStarted)]
    zero_ns = started[0].intended_ns - round(drawn.arrivals[0].at_s * S)
    came = sorted(e.intended_ns for e in started if e.attempt == 1)
    assert came == [zero_ns + round(each.at_s * S) for each in drawn.arrivals[: len(came)]]


def test_a_locustfile_of_one_day_is_not_run_as_another(tmp_path: Path) -> None:
    """Exit code of a definition error, before any call."""
    order = ordered(tmp_path, 17074, profile=PROFILE.with_name("quiet_night.py"))
    with running(order) as load:
        assert load.process.wait(timeout=20) == 3
    assert "'flat' is asked of a locustfile whose arrivals are 'quiet-night'" in load.log.read_text()
    assert not order.stream.exists()
