"""Zone faults: only what was up is taken, never the last zone, and everything comes back as it was."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from chaoslib.exceptions import ActivityFailed

from drill.faults import Proxies, make
from drill.faults.ledger import outstanding
from drill.faults.switches import Way
from drill.faults.toxiproxy import Server
from drill.faults.zone_control import Control
from drill.faults.zone_isolate import ZoneIsolated
from drill.faults.zone_kill import ZoneKilled
from drill.faults.zone_pause import ZonePaused
from drill.faults.zones import ZONE_MODES, service_fault, stall, zone_fault
from drill.journal import Journal, read_stream
from drill.model.errors import WorldError
from drill.model.events import FaultApplied, FaultFailed, FaultRequested, FaultReverted
from drill.reaper.heal import heal_run
from drill.target import load_target
from drill.toolkit import actions, probes
from drill.toolkit import session as sessions
from drill.toolkit.session import Session
from drill.toolkit.zone_session import ZoneOrder, apply_service, apply_zone, fitted
from fakes.platform import ZONES, Platform, serving, wires

ALL = {*wires(), *(f"ehr-{zone}" for zone in ZONES)}
OF_A = {name for name in ALL if "a" in name.split("-")[1:]}


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with serving(tmp_path) as (platform, _):
        yield platform


@pytest.fixture
def session(platform: Platform, tmp_path: Path) -> Session:
    (tmp_path / "journal").mkdir()
    stream = tmp_path / "journal" / "faults.jsonl"
    return Session(load_target(tmp_path / "target.toml"), stream, Journal(stream, "r"))


def told(session: Session) -> list[str]:
    """The ledger in short: what, and of which fault."""
    session.journal.flush()
    events = [recorded.event for recorded in read_stream(session.path).events]
    kinds = (FaultRequested, FaultApplied, FaultFailed, FaultReverted)
    return [f"{e.kind.partition('.')[2]} {e.fault_id}" for e in events if isinstance(e, kinds)]


# --- kill and pause ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "state"), [("kill", "down"), ("pause", "frozen")])
def test_a_zone_is_taken_and_given_back(platform: Platform, session: Session, mode: str, state: str) -> None:
    """Read back both times; reverting twice is harmless."""
    assert apply_zone(session, ZoneOrder(mode, "b")) == [f"f1-{mode}-b"]
    assert [platform.zones[zone]["state"] for zone in ZONES] == ["up", state, "up"]
    session.revert_all("test")
    session.revert_all("test")
    assert [platform.zones[zone]["state"] for zone in ZONES] == ["up", "up", "up"]
    assert told(session) == [f"{what} f1-{mode}-b" for what in ("requested", "applied", "reverted")]


@pytest.mark.parametrize("state", ["down", "frozen"])
@pytest.mark.parametrize("mode", ZONE_MODES)
def test_what_is_not_up_is_not_touched(platform: Platform, session: Session, mode: str, state: str) -> None:
    """Another drill or an incident holds the zone: nothing is written and nothing done."""
    platform.zones["b"]["state"] = state
    with pytest.raises(WorldError, match=f"zone b is {state}, not up"):
        apply_zone(session, ZoneOrder(mode, "b"))
    assert (platform.log, told(session), platform.enabled(), platform.toxics()) == ([], [], ALL, {})


def test_a_zone_that_was_down_stays_down(platform: Platform) -> None:
    """Back to the prior state, whatever a ledger says that it was."""
    platform.zones["b"]["state"] = "down"
    for fault in (ZoneKilled(platform.control, "b"), ZonePaused(platform.control, "b")):
        assert fault.revert(Proxies(), {"state": "down"})["state"] == "down"
    assert platform.log == []


@pytest.mark.parametrize("mode", ZONE_MODES)
def test_the_last_zone_is_never_taken(platform: Platform, session: Session, mode: str) -> None:
    """Also when the others are down for other reasons."""
    platform.zones["b"]["state"], platform.zones["c"]["state"] = "down", "frozen"
    with pytest.raises(WorldError, match="zone a is the last one that is up"):
        apply_zone(session, ZoneOrder(mode, "a"))
    assert (platform.log, told(session)) == ([], [])


def test_an_experiment_cannot_take_all_zones_one_by_one(platform: Platform, session: Session) -> None:
    """A zone that is cut off looks up to the zone control, and is none that could take over."""
    apply_zone(session, ZoneOrder("isolate", "a"))
    apply_zone(session, ZoneOrder("isolate", "b"))
    with pytest.raises(WorldError, match="zone c is the last one that this experiment has left"):
        apply_zone(session, ZoneOrder("kill", "c"))


def test_the_only_zone_is_never_taken(platform: Platform) -> None:
    """There is none that could take over."""
    platform.zones = {"a": platform.zones["a"]}
    with pytest.raises(WorldError, match="a is the only zone"):
        ZoneKilled(platform.control, "a").capture(Proxies())


def test_an_order_that_does_nothing_is_not_believed(platform: Platform, session: Session) -> None:
    """The answer says yes, the read-back says otherwise; the doubt is reverted too."""
    platform.lies = True
    with pytest.raises(WorldError, match="zone a was told down and reads back up, not down"):
        apply_zone(session, ZoneOrder("kill", "a"))
    assert told(session) == ["requested f1-kill-a", "failed f1-kill-a"]
    session.revert_all("test")
    assert told(session)[-1] == "reverted f1-kill-a"


def test_a_refusal_is_told_in_the_controls_words(platform: Platform, session: Session) -> None:
    """409 and its text."""
    platform.refuses = True
    with pytest.raises(WorldError, match=r"status 409.*not now"):
        apply_zone(session, ZoneOrder("pause", "a"))


def test_a_control_that_is_not_there(platform: Platform) -> None:
    """Refused before anything is touched, and the address is named."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(WorldError, match=f"{port}/zones gave no answer"):
        ZoneKilled(f"http://127.0.0.1:{port}", "a").capture(Proxies())


@pytest.mark.parametrize(
    "zone",
    [
        {"state": "well"},
        {"state": "up"},
        {"services": {}},
        [],
        {"state": "up", "services": {"x": {"pid": "y"}}},
    ],
)
def test_an_answer_that_is_no_zone(platform: Platform, zone: object) -> None:
    """Nothing but a whole answer is one."""
    platform.zones["b"] = zone
    with pytest.raises(WorldError, match="zone b"):
        Control(platform.control).zones()


# --- isolate ----------------------------------------------------------------------------------------


def test_a_zone_is_cut_off_at_every_way_and_at_once(platform: Platform, session: Session) -> None:
    """Every proxy with the zone at either end, its EHR link too, within half a second; no other."""
    began = time.monotonic()
    apply_zone(session, ZoneOrder("isolate", "a"))
    assert time.monotonic() - began < 2  # the figure is 0.5 s; test machines are busy
    assert platform.enabled() == ALL - OF_A
    assert len(OF_A) == 18
    assert platform.zones["a"]["state"] == "up"
    session.revert_all("test")
    assert platform.enabled() == ALL


def test_a_proxy_that_was_disabled_stays_disabled(platform: Platform, session: Session) -> None:
    """Somebody else's cut is theirs."""
    Proxies().server(platform.api).switch("sql-b-a", enabled=False)
    apply_zone(session, ZoneOrder("isolate", "a"))
    session.revert_all("test")
    assert platform.enabled() == ALL - {"sql-b-a"}


def test_a_zone_cut_in_part_is_not_applied_and_still_undone(platform: Platform, session: Session) -> None:
    """One proxy is on another server, which refuses: the others are cut, the fault failed, all come back."""
    fault = zone_fault("isolate", session.target, "a")
    session.journal.flush()

    class Stubborn(Proxies):
        def server(self, api: str) -> Server:
            server = super().server(api)
            switch = server.switch

            def refusing(name: str, *, enabled: bool) -> None:
                if name == "wal-b-a" and not enabled:
                    raise WorldError("no answer")
                switch(name, enabled=enabled)

            server.switch = refusing
            return server

    session.world = Stubborn()
    with pytest.raises(WorldError, match=r"switched only in part, not wal-b-a \(1 of 18\); no answer"):
        session.inject("isolate-a", fault)
    assert platform.enabled() == (ALL - OF_A) | {"wal-b-a"}
    assert told(session) == ["requested f1-isolate-a", "failed f1-isolate-a"]
    session.revert_all("test")
    assert platform.enabled() == ALL


def test_a_proxy_that_is_not_there_is_named(platform: Platform) -> None:
    """Before anything is cut."""
    ways = (Way(platform.api, "voice-edge-a"), Way(platform.api, "gone"))
    with pytest.raises(WorldError, match="there is no proxy gone"):
        ZoneIsolated(platform.control, "a", ways).capture(Proxies())


# --- stalled replication ----------------------------------------------------------------------------


def greet(platform: Platform, name: str) -> bytes:
    """What PostgreSQL's first word through a wire comes to: N, or nothing within a moment."""
    host, _, port = platform.listens[name].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=0.3) as peer:
        peer.sendall(b"x")
        try:
            return peer.recv(1)
        except TimeoutError:
            return b"silent"


def test_replication_is_stalled_on_the_wires_that_lead_to_the_zone(
    platform: Platform, session: Session
) -> None:
    """Nobody hears of the zone any more; the zone itself still hears of others."""
    session.inject("stall-a", stall(session.target, "a"))
    assert platform.toxics() == {"wal-b-a": ["drill-wal"], "wal-c-a": ["drill-wal"]}
    assert (greet(platform, "wal-b-a"), greet(platform, "wal-a-b")) == (b"silent", b"N")
    with pytest.raises(WorldError, match=r"wal-b-a, wal-c-a already carry a toxic 'drill-wal'"):
        stall(session.target, "a").capture(Proxies())
    session.revert_all("test")
    assert (platform.toxics(), greet(platform, "wal-b-a")) == ({}, b"N")


def test_what_was_stalled_never_arrives(platform: Platform, session: Session) -> None:
    """Reverting pays nothing out: the connection closes instead."""
    host, _, port = platform.listens["wal-b-a"].rpartition(":")
    session.inject("stall-a", stall(session.target, "a"))
    with socket.create_connection((host, int(port)), timeout=3) as peer:
        peer.sendall(b"x")
        time.sleep(0.2)
        session.revert_all("test")
        with contextlib.suppress(ConnectionResetError):
            assert peer.recv(1) == b""


def test_somebody_elses_toxic_stays(platform: Platform, session: Session) -> None:
    """On the same wire."""
    import requests

    body = {"name": "theirs", "type": "latency", "attributes": {"latency": 1}}
    requests.post(f"{platform.api}/proxies/wal-b-a/toxics", json=body, timeout=5).raise_for_status()
    session.inject("stall-a", stall(session.target, "a"))
    session.revert_all("test")
    assert platform.toxics() == {"wal-b-a": ["theirs"]}


# --- orders -----------------------------------------------------------------------------------------


def test_a_lossy_kill_stalls_first_and_leaves_only_the_kill(platform: Platform, session: Session) -> None:
    """The stall has done its work once the zone is dead."""
    ids = apply_zone(session, ZoneOrder("lossy-kill", "primary", stall_s=0.05))
    assert ids == ["f1-stall-a", "f2-lossy-kill-a"]
    assert told(session) == [
        "requested f1-stall-a", "applied f1-stall-a", "requested f2-lossy-kill-a",
        "applied f2-lossy-kill-a", "reverted f1-stall-a",
    ]  # fmt: skip
    assert (platform.zones["a"]["state"], platform.toxics()) == ("down", {})


def test_an_isolated_zone_with_a_stall_stays_isolated(platform: Platform, session: Session) -> None:
    """Ending the stall switches nothing on."""
    apply_zone(session, ZoneOrder("isolate", "a", stall_s=0.05))
    assert (platform.enabled(), platform.toxics()) == (ALL - OF_A, {})
    session.revert_all("test")
    assert platform.enabled() == ALL


def test_a_flap_takes_and_gives_back_each_time(platform: Platform, session: Session) -> None:
    """Every time a fault of its own; at the end the zone is up and nothing is outstanding."""
    ids = apply_zone(session, ZoneOrder("flap", "a", stall_s=0.01, times=3, down_s=0.01, up_s=0.01))
    assert ids == ["f1-stall-a", "f2-flap-a", "f3-flap-a", "f4-flap-a"]
    assert platform.log == ["a down", "a up"] * 3
    assert outstanding(read_stream(session.path).events) == []
    reverted = [r.event for r in read_stream(session.path).events if isinstance(r.event, FaultReverted)]
    assert {event.by for event in reverted} == {"action"}


def test_a_flap_that_is_interrupted_is_undone(
    platform: Platform, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever ends it while the zone is down."""

    class Ended(BaseException):
        pass

    def ended(_: float) -> None:
        raise Ended

    monkeypatch.setattr("drill.toolkit.zone_session.time.sleep", ended)
    with pytest.raises(Ended):
        apply_zone(session, ZoneOrder("flap", "a"))
    assert platform.zones["a"]["state"] == "down"
    session.revert_all("runner")
    assert platform.zones["a"]["state"] == "up"


IMPOSSIBLE = [{"times": 0}, {"times": 101}, {"down_s": -1.0}, {"up_s": 4000.0}, {"stall_s": -1.0},
              {"stall_s": 61.0}, {"stall_s": float("nan")}]  # fmt: skip


@pytest.mark.parametrize("order", IMPOSSIBLE)
def test_orders_that_cannot_be(order: dict[str, float]) -> None:
    """Refused when they are made."""
    with pytest.raises(WorldError):
        ZoneOrder("flap", "a", **order)


def test_a_flap_is_fitted_to_a_time() -> None:
    """In the proportion that was asked for."""
    assert fitted(30.0, 3, 1.0, 1.0) == (5.0, 5.0)
    assert fitted(30.0, 2, 2.0, 1.0) == (10.0, 5.0)
    with pytest.raises(WorldError):
        fitted(30.0, 0, 1.0, 1.0)


# --- zones by role ----------------------------------------------------------------------------------


def test_roles_are_asked_of_the_members(platform: Platform, session: Session) -> None:
    """The primary moves, and the choice with it."""
    platform.lead("b")
    assert apply_zone(session, ZoneOrder("pause", "primary")) == ["f1-pause-b"]
    assert apply_zone(session, ZoneOrder("kill", "replica")) == ["f2-kill-a"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"a": {"state": "running", "role": "replica"}}, "no member says so"),
        ({"b": {"state": "running", "role": "master"}}, "a, b all say so"),
        ({"a": {"state": "stopped", "role": "primary"}}, "no member says so"),
        ({"a": {}}, "no member says so"),
    ],
)
def test_without_one_primary_nothing_is_taken(
    platform: Platform, session: Session, change: dict[str, dict[str, str]], message: str
) -> None:
    """None, or two: which zone is meant cannot be known."""
    platform.members |= change
    with pytest.raises(WorldError, match=message):
        apply_zone(session, ZoneOrder("kill", "primary"))
    assert (platform.log, told(session)) == ([], [])


def test_an_unknown_zone_is_refused_in_words(session: Session) -> None:
    """With what could be meant."""
    with pytest.raises(WorldError, match="has no zone 'z'; write a, b, c, primary, replica"):
        apply_zone(session, ZoneOrder("kill", "z"))


# --- services ---------------------------------------------------------------------------------------


def test_a_service_is_killed_and_left_to_the_platform(platform: Platform, session: Session) -> None:
    """Named by its stem; reverting starts nothing, and says whose part that is."""
    assert apply_service(session, "kill", "agent", "replica") == ["f1-kill-agent-b"]
    session.revert_all("test")
    assert platform.log == ["agent-b kill"]
    session.journal.flush()
    events = [recorded.event for recorded in read_stream(session.path).events]
    reverted = next(event for event in events if isinstance(event, FaultReverted))
    assert json.loads(reverted.read_back)["reverted by"] == "nobody: that is the platform's part"


def test_a_service_hangs(platform: Platform, session: Session) -> None:
    """One order, and the witness at the zone's own door."""
    apply_service(session, "hang", "store-a", "a")
    assert platform.log == ["store-a freeze"]
    assert service_fault("hang", session.target, "a", "agent-a").witness == "direct/a:timeout"
    assert service_fault("kill", session.target, "a", "agent-a").witness == "direct/a:refused"


def test_a_hang_that_nobody_found_is_woken(platform: Platform, session: Session) -> None:
    """The same process is there: a stop is the drill's own to undo."""
    apply_service(session, "hang", "agent", "a")
    session.revert_all("test")
    assert platform.log == ["agent-a freeze", "a thaw"]


def test_a_hang_that_the_platform_found_is_left_to_it(platform: Platform, session: Session) -> None:
    """Another process is there, or none."""
    apply_service(session, "hang", "agent", "a")
    platform.zones["a"]["services"]["agent-a"] |= {"pid": 4711}
    session.revert_all("test")
    assert platform.log == ["agent-a freeze"]


def test_a_service_that_goes_on_living_was_not_killed(
    platform: Platform, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same pid as before, though the control said yes."""
    monkeypatch.setattr("drill.faults.service_kill.GONE_WITHIN_S", 0.1)
    platform.lies = True
    with pytest.raises(WorldError, match="still runs as pid 100"):
        apply_service(session, "kill", "agent", "a")


def test_a_service_that_is_not_there_or_not_up(platform: Platform, session: Session) -> None:
    """Named with those that are; and one that is down cannot be hurt."""
    with pytest.raises(WorldError, match="no service 'edge'; its services are agent-a, store-a"):
        apply_service(session, "kill", "edge", "a")
    platform.zones["a"]["services"]["agent-a"] |= {"state": "starting"}
    with pytest.raises(WorldError, match="agent-a is 'starting', not up"):
        apply_service(session, "hang", "agent", "a")
    assert told(session) == ["failed f1-hang-agent-a"]


# --- the ledger -------------------------------------------------------------------------------------


def test_a_fault_is_the_same_after_its_ledger_entry(session: Session) -> None:
    """Spec out, fault in, for every kind; and the zone is in the spec."""
    made = [zone_fault(mode, session.target, "a") for mode in ZONE_MODES]
    made += [service_fault(mode, session.target, "a", "agent-a") for mode in ("kill", "hang")]
    for fault in (*made, stall(session.target, "a")):
        assert make(fault.kind, json.dumps(fault.spec())) == fault
        assert fault.spec()["zone"] == "a"
        assert fault.witness.partition(":")[0].endswith("/a")


def test_a_dead_drills_zones_come_back_from_its_journal_alone(
    platform: Platform, session: Session, tmp_path: Path
) -> None:
    """Everything outstanding, last first; then nothing is."""
    session.inject("stall-a", stall(session.target, "a"))
    session.inject("isolate-a", zone_fault("isolate", session.target, "a"))
    session.inject("pause-b", zone_fault("pause", session.target, "b"))
    apply_service(session, "kill", "agent", "c")
    session.journal.flush()
    assert heal_run(tmp_path).restored == (
        "f4-kill-agent-c: service-kill on service agent-c", "f3-pause-b: zone-pause on zone b",
        "f2-isolate-a: zone-isolate on zone a", "f1-stall-a: replication-stall on zone a",
    )  # fmt: skip
    assert heal_run(tmp_path).restored == ()
    assert (platform.enabled(), platform.toxics()) == (ALL, {})
    assert {zone["state"] for zone in platform.zones.values()} == {"up"}


# --- through Chaos Toolkit --------------------------------------------------------------------------


@pytest.fixture
def chaos(platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The target file of the actions' own session, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    for name in ("DRILL_TARGET", "DRILL_TARGET_NAME", "DRILL_FAULT_STREAM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sessions, "_SESSIONS", {})
    return str(tmp_path / "target.toml")


def test_the_actions_take_what_a_file_can_say(platform: Platform, chaos: str) -> None:
    """Numbers come as texts when they come from the environment."""
    ids = actions.zone_fault("flap", "b", target_file=chaos, times="2", total_s="0.04", stall_s="0")
    assert ids == ["f1-flap-b", "f2-flap-b"]
    assert actions.service_fault("kill", zone="a", target_file=chaos) == ["f3-kill-agent-a"]
    actions.zone_fault("kill", "c", target_file=chaos)
    assert actions.revert() == "reverted"
    assert {zone["state"] for zone in platform.zones.values()} == {"up"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mode": "gone"}, "is no way a zone fails; write one of kill, pause"),
        ({"mode": "flap", "times": "x"}, "invalid literal"),
        ({"mode": "kill", "zone": "z"}, "has no zone 'z'"),
    ],
)
def test_an_action_fails_in_words(chaos: str, arguments: dict[str, str], message: str) -> None:
    """Chaos Toolkit's own exception, with the reason."""
    with pytest.raises(ActivityFailed, match=message):
        actions.zone_fault(target_file=chaos, **arguments)


def test_the_probes_say_how_things_stand(platform: Platform, chaos: str) -> None:
    """Up and whole; then a zone is cut off, and one is down."""
    assert probes.zones_up(target_file=chaos)
    assert probes.store_whole(target_file=chaos)
    assert probes.zone_door("a", "wal", target_file=chaos) == "ok"
    actions.zone_fault("isolate", target_file=chaos)
    assert probes.zone_door(way="link", target_file=chaos) == "refused"
    assert probes.zone_door(way="direct", target_file=chaos) == "ok"
    actions.zone_fault("kill", "b", target_file=chaos)
    assert not probes.zones_up(target_file=chaos)
    actions.revert()


@pytest.mark.parametrize(
    "change",
    [
        {"b": {"state": "starting", "role": "replica"}},
        {"b": {"state": "running", "role": "replica", "replication_state": "streaming"}},
        {"c": {}},
        {"c": {"state": "running", "role": "primary"}},
    ],
)
def test_a_store_that_is_not_whole(platform: Platform, chaos: str, change: dict[str, dict[str, str]]) -> None:
    """A member behind, none in sync, a member silent, two primaries."""
    platform.members |= change
    assert not probes.store_whole(target_file=chaos)


def test_a_store_that_agreed_not_to_wait_is_whole_without_sync(platform: Platform, chaos: str) -> None:
    """What that costs is for the drill to find out, not a reason not to look."""
    platform.members["b"].pop("sync_standby")
    assert not probes.store_whole(target_file=chaos)
    platform.synchronous = False
    assert probes.store_whole(target_file=chaos)
