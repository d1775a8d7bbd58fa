"""A load run is refused before the first call, with everything that is wrong about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from drill.load.settings import allowed, from_environ
from drill.model.errors import DefinitionError
from drill.traffic.schedule import Demand

EDGE = {"DRILL_EDGE": "ws://127.60.0.1:10000/media"}


def test_nothing_but_an_edge_is_needed(tmp_path: Path) -> None:
    """`locust -f` runs a profile alone."""
    settings = from_environ(EDGE, tmp_path)
    assert settings.demand == Demand(1, 40, 60.0, 10.0, 300.0, 200)
    assert settings.stream is None
    assert settings.drill_id == settings.run_id


def test_without_an_edge_the_sandbox_is_called(tmp_path: Path) -> None:
    """As its target file says."""
    file = tmp_path / ".drill/sandbox-0/target.toml"
    file.parent.mkdir(parents=True)
    file.write_text('[target.sandbox]\nedge = "ws://127.20.0.1:10000/media"\n')
    assert from_environ({}, tmp_path).edge == "ws://127.20.0.1:10000/media"


@pytest.mark.parametrize("text", ["", "x", "[target.a]\n[target.b]\n", "target = 1"])
def test_a_target_file_that_says_nothing_is_a_mistake(tmp_path: Path, text: str) -> None:
    """Named, with its path."""
    file = tmp_path / ".drill/sandbox-0/target.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    with pytest.raises(DefinitionError, match=r"target\.toml"):
        from_environ({}, tmp_path)


@pytest.mark.parametrize(
    ("host", "named", "verdict"),
    [
        ("127.0.0.1", "", True),
        ("127.60.3.9", "", True),
        ("10.0.0.1", "", False),
        ("localhost", "", False),
        ("::1", "", False),
        ("127.0.0.1.example.org", "", False),
        ("voice.example.org", "voice.example.org", True),
        ("voice.example.org", "Voice.Example.org", True),
        ("voice.example.org", "example.org", False),
        ("", "", False),
    ],
)
def test_whom_one_may_call(host: str, named: str, verdict: bool) -> None:
    """This machine's loopback by number, and whoever was named exactly."""
    assert allowed(host, named) is verdict


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """One run of the program, one list."""
    wrong = {
        "DRILL_EDGE": "ws://voice.example.org/media", "DRILL_CONCURRENCY": "0", "DRILL_MEAN_CALL_S": "nan",
        "DRILL_RAMP_S": "10s", "DRILL_SEED": "1.5", "DRILL_ID": "a b", "DRILL_TURN_MARK": "(?P<seq>x",
        "DRILL_LOAD_STREAM": "load.jsonl",
    }  # fmt: skip
    with pytest.raises(DefinitionError) as raised:
        from_environ(wrong, tmp_path)
    assert {mistake.split(":")[0] for mistake in raised.value.mistakes} == set(wrong)


def test_tls_is_refused_by_name(tmp_path: Path) -> None:
    """An address that cannot be called is no address."""
    with pytest.raises(DefinitionError, match="wss"):
        from_environ({"DRILL_EDGE": "wss://127.0.0.1/media"}, tmp_path)


def test_a_platforms_own_marks_can_be_given(tmp_path: Path) -> None:
    """Five named groups, in any order."""
    pattern = r"(?P<digest>\w+)/(?P<patient>\w+)/(?P<turn_id>\w+)/(?P<outcome>\w+)/(?P<seq>\d+)"
    told = from_environ(EDGE | {"DRILL_TURN_MARK": pattern}, tmp_path).grammar.acknowledged("d/p/t/full/3")
    assert told is not None
    assert (told.seq, told.patient) == (3, "p")


def test_a_time_of_day_is_told_by_name(tmp_path: Path) -> None:
    """With the windows that it runs over; a flat day has none."""
    told = EDGE | {"DRILL_ARRIVALS": "clinic-morning", "DRILL_WINDOWS_S": "90"}
    demand = from_environ(told, tmp_path).demand
    assert (demand.arrivals, demand.windows_s) == ("clinic-morning", 90.0)
    assert from_environ(EDGE | {"DRILL_WINDOWS_S": "90"}, tmp_path).demand.windows_s == 0.0


def test_a_locustfile_may_stand_for_a_time_of_day(tmp_path: Path) -> None:
    """Alone it is that; asked to be another, it refuses."""
    assert from_environ(EDGE, tmp_path, "quiet-night").demand.arrivals == "quiet-night"
    with pytest.raises(DefinitionError, match=r"DRILL_ARRIVALS: 'flat' is asked .* 'quiet-night'"):
        from_environ(EDGE | {"DRILL_ARRIVALS": "flat"}, tmp_path, "quiet-night")


def test_a_time_of_day_that_is_none_is_refused(tmp_path: Path) -> None:
    """With all that are."""
    with pytest.raises(DefinitionError, match="DRILL_ARRIVALS: 'noon' is not one of flat, clinic-morning"):
        from_environ(EDGE | {"DRILL_ARRIVALS": "noon"}, tmp_path)


@pytest.mark.parametrize(
    ("told", "mistake"),
    [
        (
            {"DRILL_CONCURRENCY": "2001", "DRILL_RAMP_S": "60"},
            "DRILL_CONCURRENCY: 2001 calls are more than the 2000",
        ),
        ({"DRILL_MAX_CALLS": "39"}, "DRILL_CONCURRENCY: 40 calls are more than the 39"),
        ({"DRILL_RAMP_S": "0.3"}, "DRILL_MAX_CALLS_PER_S: 133.3 calls a second are meant, more than 100;"),
        ({"DRILL_MEAN_CALL_S": "0.3"}, "DRILL_MAX_CALLS_PER_S: 133.3 calls a second are meant"),
        ({"DRILL_MAX_CALLS_PER_S": "3.9"}, "DRILL_MAX_CALLS_PER_S: 4.0 calls a second are meant"),
    ],
)
def test_a_profile_alone_has_a_most_too(tmp_path: Path, told: dict[str, str], mistake: str) -> None:
    """No plan stands before `locust -f`, so the load itself refuses."""
    with pytest.raises(DefinitionError) as raised:
        from_environ(EDGE | told, tmp_path)
    (said,) = raised.value.mistakes
    assert said.startswith(mistake)


def test_the_most_itself_is_allowed(tmp_path: Path) -> None:
    """And more of it where it was raised."""
    told = {
        "DRILL_CONCURRENCY": "3000",
        "DRILL_MAX_CALLS": "3000",
        "DRILL_RAMP_S": "30",
        "DRILL_MAX_CALLS_PER_S": "100",
    }
    assert from_environ(EDGE | told, tmp_path).demand.concurrency == 3000


def test_how_many_frames_leave_at_a_time_and_under_which_mask(tmp_path: Path) -> None:
    """One frame under the zero key, unless something else is asked."""
    settings = from_environ(EDGE, tmp_path)
    assert (settings.frame_ms, settings.random_masks) == (20, False)
    settings = from_environ(EDGE | {"DRILL_FRAME_MS": "200", "DRILL_MASK": "random"}, tmp_path)
    assert (settings.frame_ms, settings.random_masks) == (200, True)
    with pytest.raises(DefinitionError) as refused:
        from_environ(EDGE | {"DRILL_FRAME_MS": "60", "DRILL_MASK": "none"}, tmp_path)
    assert [m.split(":")[0] for m in refused.value.mistakes] == ["DRILL_FRAME_MS", "DRILL_MASK"]
