"""Faults of callers' media: laid on every wire concerned, read back, and gone as if they had never been."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from chaoslib.exceptions import ActivityFailed

from drill.definition.media import MEDIA_MODES, MediaOrder, media_order
from drill.faults import Proxies, make
from drill.faults.media import MediaHurt
from drill.faults.media_modes import media_fault
from drill.faults.toxiproxy import Server, Toxic
from drill.journal import Journal, read_stream
from drill.model.errors import WorldError
from drill.reaper.heal import heal_run
from drill.target import load_target
from drill.toolkit import actions, probes
from drill.toolkit import session as sessions
from drill.toolkit.media_session import apply_media
from drill.toolkit.session import Session
from fakes.platform import ZONES, Platform, serving

VOICE = {f"voice-edge-{zone}" for zone in ZONES}
THEIRS = Toxic("theirs", "latency", "upstream", 1.0, (("jitter", 0), ("latency", 1)))


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with serving(tmp_path) as (platform, _):
        yield platform


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing flows here that would need its time."""
    monkeypatch.setattr("drill.faults.media.DRAIN_S", 0.01)


@pytest.fixture
def session(platform: Platform, tmp_path: Path) -> Session:
    (tmp_path / "journal").mkdir()
    stream = tmp_path / "journal" / "faults.jsonl"
    return Session(load_target(tmp_path / "target.toml"), stream, Journal(stream, "r"))


def laid(platform: Platform, proxy: str = "voice-edge-a") -> list[Toxic]:
    """What is on a wire, by the server's own word."""
    return list(Proxies().server(platform.api).read(proxy).toxics)


def entries(session: Session) -> list[str]:
    """Kinds of what the ledger holds."""
    session.journal.flush()
    return [recorded.event.kind for recorded in read_stream(session.path).events]


# --- orders -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "kind", "values", "witness"),
    [
        (MediaOrder("delay", "a"), "latency", {"latency": 150, "jitter": 0}, "slower:300"),
        (MediaOrder("delay", "a", "up", 150, 50), "latency", {"latency": 150, "jitter": 50}, "slower:100"),
        (MediaOrder("delay", "a", "both", 5000), "latency", {"latency": 5000, "jitter": 0}, "slower:700"),
        (MediaOrder("jitter", "a", "down"), "latency", {"latency": 60, "jitter": 60}, "spread:60"),
        (MediaOrder("stall", "a"), "latency", {"latency": 3_600_000, "jitter": 0}, "timeout"),
        (MediaOrder("bandwidth", "a", "down"), "bandwidth", {"rate": 2}, "slower:60"),
        (MediaOrder("bandwidth", "a", rate_kbps=32), "bandwidth", {"rate": 4}, "slower:60"),
        (MediaOrder("reset", "a"), "reset_peer", {"timeout": 0}, "reset"),
    ],
)
def test_each_mode_is_a_toxic_and_a_sign(
    session: Session, order: MediaOrder, kind: str, values: dict[str, int], witness: str
) -> None:
    """In each direction asked for, and what the link door has to show is never more than what was added."""
    fault = media_fault(order, session.target, "a")
    assert fault.witness == f"link/a:{witness}"
    assert {toxic.type for toxic in fault.toxics} == {kind}
    assert all(dict(toxic.attributes) == values for toxic in fault.toxics)
    wanted = {"up": "upstream", "down": "downstream"}
    assert [toxic.stream for toxic in fault.toxics] == [wanted[each] for each in order.directions]


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"mode": "dely"}, "mode 'dely' is no way media fails"),
        ({"mode": "delay", "direction": "sideways"}, "direction 'sideways' is none"),
        ({"mode": "stall", "delay_ms": 5}, "mode stall has no use for delay_ms"),
        ({"mode": "jitter", "delay_ms": 5}, "mode jitter has no use for delay_ms"),
        ({"mode": "delay", "delay_ms": -1}, "delay_ms must be 0 to 60000"),
        ({"mode": "delay", "delay_ms": 60_001}, "delay_ms must be 0 to 60000"),
        ({"mode": "delay", "delay_ms": 100, "jitter_ms": 101}, "jitter_ms 101 is above delay_ms 100"),
        ({"mode": "delay", "delay_ms": 9}, "would show as 18 ms only"),
        ({"mode": "delay", "delay_ms": 100, "jitter_ms": 100}, "would show as 0 ms only"),
        ({"mode": "jitter", "jitter_ms": 49}, "would show as 49 ms only"),
        ({"mode": "bandwidth", "rate_kbps": 0}, "no multiple of 8 above 0"),
        ({"mode": "bandwidth", "rate_kbps": 30}, "no multiple of 8 above 0"),
        ({"mode": "bandwidth", "rate_kbps": 40}, "would show as 48 ms only"),
    ],
)
def test_an_order_that_cannot_be_done_or_seen(
    platform: Platform, session: Session, told: dict[str, object], message: str
) -> None:
    """In words, before anything is touched: a fault that nobody could see proves nothing."""
    order = media_order({"zone": "every", **told})
    assert any(message in problem for problem in order.problems())
    with pytest.raises(WorldError, match=message):
        apply_media(session, order)
    assert (platform.toxics(), entries(session)) == ({}, ["stream.opened"])


def test_numbers_come_as_texts_too() -> None:
    """From the environment; one that the experiment's configuration will give is not known yet."""
    told = {"mode": "delay", "zone": "a", "delay_ms": "200", "jitter_ms": "${jitter}"}
    assert media_order(told) == MediaOrder("delay", "a", delay_ms=200)
    with pytest.raises(ValueError, match="delay_ms 'long' is no whole number"):
        media_order({**told, "delay_ms": "long"})


# --- applying and reverting -------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MEDIA_MODES)
def test_every_zones_wires_are_hurt_and_given_back(platform: Platform, session: Session, mode: str) -> None:
    """Both directions of each voice wire, no other; what others laid stays; reverting twice is harmless."""
    Proxies().server(platform.api).add_toxic("voice-edge-b", THEIRS)
    ids = apply_media(session, MediaOrder(mode, "every"))
    assert ids == [f"f{n}-{mode}-{zone}" for n, zone in enumerate(ZONES, start=1)]
    ours = ["drill-media-up", "drill-media-down"]
    found = {name: set(toxics) for name, toxics in platform.toxics().items()}
    assert found == {name: {*ours} for name in VOICE} | {"voice-edge-b": {*ours, "theirs"}}
    session.revert_all("test")
    session.revert_all("test")
    assert platform.toxics() == {"voice-edge-b": ["theirs"]}


def test_what_is_held_flows_before_its_toxic_goes(platform: Platform, session: Session) -> None:
    """Toxiproxy may wait for minutes in a removal that has to hand on what nobody takes any more."""
    done: list[str] = []

    class Watched(Proxies):
        def server(self, api: str) -> Server:
            server = super().server(api)
            ease, remove = server.set_toxic, server.remove_toxic

            def easing(name: str, toxic: Toxic) -> None:
                done.append(f"ease {toxic.name} {sum(value for _, value in toxic.attributes)}")
                ease(name, toxic)

            def removing(name: str, toxic: str) -> object:
                done.append(f"remove {toxic}")
                return remove(name, toxic)

            server.set_toxic, server.remove_toxic = easing, removing
            return server

    apply_media(session, MediaOrder("stall", "a", "down"))
    session.world = Watched()
    session.revert_all("test")
    assert done == ["ease drill-media-down 0", "remove drill-media-down"]
    assert platform.toxics() == {}


def test_one_zone_by_its_role(platform: Platform, session: Session) -> None:
    """As for zone faults; the others' wires stay as they are."""
    platform.lead("b")
    assert apply_media(session, MediaOrder("stall", "primary", "down")) == ["f1-stall-b"]
    assert platform.toxics() == {"voice-edge-b": ["drill-media-down"]}
    assert session.zones == ["b"]


def test_a_zone_that_is_not_there_and_none_at_all(session: Session) -> None:
    """Every zone has to be said."""
    for zone in ("z", ""):
        with pytest.raises(WorldError, match="has no zone"):
            apply_media(session, MediaOrder("stall", zone))


def test_a_wire_that_is_held_already_is_not_touched(platform: Platform, session: Session) -> None:
    """By another drill, on the last zone only: no wire of any zone is hurt, and nothing is written."""
    Proxies().server(platform.api).add_toxic(
        "voice-edge-c", Toxic("drill-media-up", "latency", "upstream", 1.0, (("jitter", 0), ("latency", 1)))
    )
    with pytest.raises(WorldError, match="voice-edge-c already carry a toxic of a media fault"):
        apply_media(session, MediaOrder("delay", "every"))
    assert platform.toxics() == {"voice-edge-c": ["drill-media-up"]}
    assert entries(session) == ["stream.opened"]


def test_a_wire_that_is_off_carries_nothing_to_hurt(platform: Platform, session: Session) -> None:
    """Somebody else's cut."""
    Proxies().server(platform.api).switch("voice-edge-a", enabled=False)
    with pytest.raises(WorldError, match="voice-edge-a are switched off"):
        apply_media(session, MediaOrder("delay", "a"))


def test_a_ledger_that_says_it_was_there_before_is_obeyed(platform: Platform, session: Session) -> None:
    """Back to the prior state, whatever that was."""
    fault = media_fault(MediaOrder("delay", "a"), session.target, "a")
    fault.apply(Proxies())
    with pytest.raises(WorldError, match="left as they are"):
        fault.revert(Proxies(), {"ways": [[platform.api, "voice-edge-a", ["drill-media-up"]]]})
    assert len(laid(platform)) == 2


def test_a_wire_hurt_in_part_is_not_applied_and_still_undone(platform: Platform, session: Session) -> None:
    """One direction is refused: the fault failed, and the other direction comes back."""

    class Stubborn(Proxies):
        def server(self, api: str) -> Server:
            server = super().server(api)
            add = server.add_toxic

            def refusing(name: str, toxic: Toxic) -> object:
                if toxic.name == "drill-media-down":
                    raise WorldError("no answer")
                return add(name, toxic)

            server.add_toxic = refusing
            return server

    session.world = Stubborn()
    with pytest.raises(WorldError, match="hurt only 0 of 1 voice wires of zone a; no answer"):
        apply_media(session, MediaOrder("delay", "a"))
    assert platform.toxics() == {"voice-edge-a": ["drill-media-up"]}
    assert entries(session)[-1] == "fault.failed"
    session.revert_all("test")
    assert platform.toxics() == {}


def test_a_toxic_of_other_values_is_not_ours(platform: Platform, session: Session) -> None:
    """Somebody changed it after it was laid: what reads back is not the fault."""
    fault = media_fault(MediaOrder("delay", "a"), session.target, "a")
    fault.apply(Proxies())
    other = media_fault(MediaOrder("delay", "a", delay_ms=200), session.target, "a")
    with pytest.raises(WorldError, match="hurt only 0 of 1"):
        other.apply(Proxies())


@pytest.mark.parametrize("mode", MEDIA_MODES)
def test_a_fault_is_the_same_after_its_ledger_entry(session: Session, mode: str) -> None:
    """Spec out, fault in; and the zone is in the spec."""
    fault = media_fault(MediaOrder(mode, "b"), session.target, "b")
    again = make(fault.kind, json.dumps(fault.spec()))
    assert again == fault
    assert isinstance(again, MediaHurt)
    assert fault.spec()["zone"] == "b"


def test_a_dead_drills_wires_come_back_from_its_journal_alone(
    platform: Platform, session: Session, tmp_path: Path
) -> None:
    """Last first; then nothing is outstanding."""
    apply_media(session, MediaOrder("stall", "every"))
    session.journal.flush()
    assert heal_run(tmp_path).restored == tuple(
        f"f{n}-stall-{z}: media-stall on zone {z}" for n, z in ((3, "c"), (2, "b"), (1, "a"))
    )
    assert platform.toxics() == {}
    assert heal_run(tmp_path).restored == ()


# --- through Chaos Toolkit, and on the wire ---------------------------------------------------------


@pytest.fixture
def chaos(platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The target file of the actions' own session, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    for name in ("DRILL_TARGET", "DRILL_TARGET_NAME", "DRILL_FAULT_STREAM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sessions, "_SESSIONS", {})
    # The fake's wires lead to a greeter, not to a health page; its control answers for one.
    for name in VOICE:
        Proxies().server(platform.api).set_upstream(name, platform.control.removeprefix("http://"))
    return str(tmp_path / "target.toml")


NEAR_MS = 240  # a door that nothing was done to may be slow on a busy machine, but not so slow


def test_the_link_door_sees_what_was_added(platform: Platform, chaos: str) -> None:
    """Through a real proxy: slower by both directions, silent, torn off, and well again."""
    assert probes.door_ms("a", target_file=chaos) < NEAR_MS
    actions.media_fault("delay", "a", target_file=chaos, delay_ms="150")
    assert probes.door_ms(target_file=chaos) >= 300
    assert probes.zone_door(way="link", target_file=chaos) == "ok"
    assert probes.zone_door(way="direct", target_file=chaos) == "ok"
    actions.revert()
    actions.media_fault("stall", "a", target_file=chaos)
    assert probes.zone_door(way="link", target_file=chaos) == "timeout"
    actions.revert()
    actions.media_fault("reset", "a", target_file=chaos)
    assert probes.zone_door(way="link", target_file=chaos) == "reset"
    actions.revert()
    actions.media_fault("bandwidth", "a", target_file=chaos, rate_kbps=8)
    assert probes.door_ms(target_file=chaos) >= NEAR_MS
    actions.revert()
    assert probes.door_ms("a", target_file=chaos) < NEAR_MS


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mode": "gone", "zone": "a"}, "is no way media fails"),
        ({"mode": "delay", "zone": "a", "delay_ms": "x"}, "delay_ms 'x' is no whole number"),
        ({"mode": "delay", "zone": "z"}, "has no zone 'z'"),
    ],
)
def test_an_action_fails_in_words(chaos: str, arguments: dict[str, str], message: str) -> None:
    """Chaos Toolkit's own exception, with the reason."""
    with pytest.raises(ActivityFailed, match=message):
        actions.media_fault(target_file=chaos, **arguments)


def test_all_wires_are_hurt_nearly_at_once(platform: Platform, session: Session) -> None:
    """Some ten milliseconds a zone; test machines are busy."""
    began = time.monotonic()
    apply_media(session, MediaOrder("delay", "every"))
    assert time.monotonic() - began < 2
