"""One truth for two servers: what drill relies on holds for the embedded proxy and for Toxiproxy itself.

Where the original is lax (it ignores unknown attributes, or dies of them) only the embedded
one is asked; everything else is asked of both.
"""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_rig import (
    HOST,
    KINDS,
    Api,
    answers,
    await_true,
    command,
    dial,
    drain,
    echo,
    exactly,
    free_port,
    round_trip_s,
    running,
    sends,
    silent,
    upstream,
)

pytestmark = pytest.mark.processes
TOXICS = "/proxies/p/toxics"
BLOB = random.Random(7).randbytes(2_000_000)


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest) -> Iterator[Api]:
    with running(request.param) as api:
        yield api


@pytest.fixture
def api(server: Api) -> Iterator[Api]:
    yield server
    server.clear()


@pytest.fixture(scope="module")
def embedded() -> Iterator[Api]:
    with running("embedded") as api:
        yield api


@pytest.fixture
def strict(embedded: Api) -> Iterator[Api]:
    yield embedded
    embedded.clear()


# --- the API ----------------------------------------------------------------------------------


def test_it_names_its_version(api: Api) -> None:
    """GET /version is JSON with a version."""
    assert api.call("GET", "/version").json()["version"]


def test_a_proxy_can_be_made_shown_listed_and_deleted(api: Api) -> None:
    """The life of a proxy, with the status codes of each step."""
    made = api.call("POST", "/proxies", {"name": "p", "listen": f"{HOST}:0", "upstream": f"{HOST}:9"})
    assert made.status_code == 201
    shown = made.json()
    assert (shown["name"], shown["upstream"], shown["enabled"], shown["toxics"]) == (
        "p",
        f"{HOST}:9",
        True,
        [],
    )
    assert not made.json()["listen"].endswith(":0")
    assert api.call("GET", "/proxies/p").json() == made.json()
    assert api.call("GET", "/proxies").json() == {"p": made.json()}
    assert api.call("DELETE", "/proxies/p").status_code == 204
    assert api.call("GET", "/proxies/p").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("POST", "/proxies", {"upstream": "x:1"}, 400, "missing required field: name"),
        ("POST", "/proxies", {"name": "x"}, 400, "missing required field: upstream"),
        ("POST", "/proxies", {"name": 7, "upstream": "x:1"}, 400, "bad request body"),
        ("POST", "/proxies", {"name": "p", "upstream": "x:1"}, 409, "proxy already exists"),
        ("GET", "/proxies/nobody", None, 404, "proxy not found"),
        ("PATCH", "/proxies/nobody", {"enabled": False}, 404, "proxy not found"),
        ("DELETE", "/proxies/nobody", None, 404, "proxy not found"),
        ("GET", "/proxies/nobody/toxics", None, 404, "proxy not found"),
        ("PATCH", "/proxies/p", {"enabled": "no"}, 400, "bad request body"),
        ("POST", "/populate", {"name": "p"}, 400, "bad request body"),
        ("POST", "/populate", [{"name": "q"}], 400, "missing required field: upstream at proxy 1"),
        ("POST", "/proxies/p/toxics", {"type": "gremlin"}, 400, "invalid toxic type"),
        ("POST", "/proxies/p/toxics", {"type": "latency", "stream": "sideways"}, 400, "stream was invalid"),
        ("POST", TOXICS, {"type": "latency", "attributes": {"latency": "x"}}, 400, "bad request body"),
        ("POST", TOXICS, {"type": "latency", "attributes": {"latency": 1.5}}, 400, "bad request body"),
        ("GET", "/proxies/p/toxics/nothing", None, 404, "toxic not found"),
        ("PATCH", "/proxies/p/toxics/nothing", {"toxicity": 1}, 404, "toxic not found"),
        ("DELETE", "/proxies/p/toxics/nothing", None, 404, "toxic not found"),
    ],
)  # fmt: skip
def test_a_refusal_has_a_status_and_a_reason(
    api: Api, method: str, path: str, body: object, status: int, says: str
) -> None:
    """Errors are JSON with `error` and `status`, the same words from both."""
    api.proxy(f"{HOST}:9")
    answer = api.call(method, path, body)
    assert answer.status_code == status
    assert answer.json()["status"] == status
    assert answer.json()["error"].startswith(says)


def test_a_body_that_is_not_json_is_refused(api: Api) -> None:
    """400 before anything is made."""
    assert api.call("POST", "/proxies", data=b"{nope").status_code == 400
    assert api.call("GET", "/proxies").json() == {}


def test_a_browser_is_refused(api: Api) -> None:
    """A web page must not be able to reach it."""
    assert api.call("GET", "/proxies", headers={"User-Agent": "Mozilla/5.0"}).status_code == 403


@pytest.mark.parametrize("method", ["PATCH", "POST"])
def test_a_proxy_can_be_changed(api: Api, method: str) -> None:
    """Fields that are not named stay as they are."""
    host, port = api.proxy(f"{HOST}:9")
    changed = api.call(method, "/proxies/p", {"upstream": f"{HOST}:10"}).json()
    assert (changed["upstream"], changed["enabled"]) == (f"{HOST}:10", True)
    changed = api.call(method, "/proxies/p", {"enabled": False}).json()
    assert (changed["upstream"], changed["listen"], changed["enabled"]) == (
        f"{HOST}:10",
        f"{host}:{port}",
        False,
    )


def test_a_disabled_proxy_stays_disabled_when_pointed_elsewhere(api: Api) -> None:
    """Changing the upstream is no way of switching on."""
    api.proxy(f"{HOST}:9", enabled=False)
    assert api.call("PATCH", "/proxies/p", {"upstream": f"{HOST}:10"}).json()["enabled"] is False


def test_populate_makes_keeps_and_replaces(api: Api) -> None:
    """A proxy that is there as wanted stays; one that differs is replaced; `enabled` is heard."""
    wanted = [{"name": n, "listen": f"{HOST}:{free_port()}", "upstream": f"{HOST}:9"} for n in ("p", "q")]
    wanted[1]["enabled"] = False
    first = api.call("POST", "/populate", wanted)
    assert first.status_code == 201
    assert [(p["name"], p["enabled"]) for p in first.json()["proxies"]] == [("p", True), ("q", False)]
    api.toxic("latency", latency=1)
    kept = api.call("POST", "/populate", wanted[:1]).json()["proxies"][0]
    assert len(kept["toxics"]) == 1
    replaced = api.call("POST", "/populate", [wanted[0] | {"upstream": f"{HOST}:10"}]).json()["proxies"][0]
    assert (replaced["upstream"], replaced["toxics"]) == (f"{HOST}:10", [])


def test_a_toxic_has_defaults(api: Api) -> None:
    """Downstream, every connection, all attributes 0, named after type and stream."""
    api.proxy(f"{HOST}:9")
    made = api.call("POST", "/proxies/p/toxics", {"type": "latency"})
    assert made.status_code == 200
    assert made.json() == {
        "name": "latency_downstream", "type": "latency", "stream": "downstream", "toxicity": 1,
        "attributes": {"latency": 0, "jitter": 0},
    }  # fmt: skip
    assert api.call("GET", "/proxies/p/toxics").json() == [made.json()]
    assert api.call("GET", "/proxies/p/toxics/latency_downstream").json() == made.json()


@pytest.mark.parametrize("method", ["PATCH", "POST"])
def test_a_toxic_can_be_changed(api: Api, method: str) -> None:
    """Attributes that are not named stay, and so do name, type and stream."""
    api.proxy(f"{HOST}:9")
    path = api.toxic("latency", latency=5, jitter=2)
    changed = api.call(method, path, {"attributes": {"latency": 9}, "toxicity": 0.5}).json()
    assert (changed["attributes"], changed["toxicity"]) == ({"latency": 9, "jitter": 2}, 0.5)


def test_a_toxics_name_is_taken_on_both_streams(api: Api) -> None:
    """409, also when the other one lies on the other stream."""
    api.proxy(f"{HOST}:9")
    bodies = [{"name": "t", "type": "latency", "stream": stream} for stream in ("upstream", "downstream")]
    assert api.call("POST", "/proxies/p/toxics", bodies[0]).status_code == 200
    assert api.call("POST", "/proxies/p/toxics", bodies[1]).status_code == 409


def test_a_name_may_have_spaces(api: Api) -> None:
    """Names are quoted in addresses."""
    api.proxy(f"{HOST}:9", name="ehr of zone a")
    assert api.call("GET", "/proxies/ehr%20of%20zone%20a").json()["name"] == "ehr of zone a"


def test_reset_enables_everything_and_takes_every_toxic_away(api: Api) -> None:
    """204, and the world is plain again."""
    api.proxy(f"{HOST}:9")
    api.toxic("timeout", timeout=0)
    api.call("PATCH", "/proxies/p", {"enabled": False})
    assert api.call("POST", "/reset").status_code == 204
    shown = api.call("GET", "/proxies/p").json()
    assert (shown["enabled"], shown["toxics"]) == (True, [])


@pytest.mark.parametrize(
    "body",
    [
        {"type": "latency", "attributes": {"lateness": 5}},
        {"type": "latency", "attributes": {"latency": -5}},
        {"type": "latency", "attributes": {"latency": True}},
        {"type": "latency", "attributes": [5]},
        {"type": "latency", "toxicity": 1.5},
        {"type": "latency", "toxicity": "all"},
        {"type": "latency", "streem": "upstream"},
        {"type": "slicer"},
        {"type": "slicer", "attributes": {"average_size": 5, "size_variation": 5}},
    ],
)
def test_odd_toxics_are_refused_and_leave_nothing_behind(strict: Api, body: object) -> None:
    """400, and no toxic: the embedded proxy never guesses what was meant."""
    strict.proxy(f"{HOST}:9")
    answer = strict.call("POST", "/proxies/p/toxics", body)
    assert (answer.status_code, answer.json()["status"]) == (400, 400)
    assert strict.call("GET", "/proxies/p/toxics").json() == []


def test_an_odd_update_leaves_the_toxic_as_it_was(strict: Api) -> None:
    """All or nothing."""
    strict.proxy(f"{HOST}:9")
    path = strict.toxic("latency", latency=5)
    assert strict.call("PATCH", path, {"attributes": {"latency": -1}, "toxicity": 0.1}).status_code == 400
    shown = strict.call("GET", path).json()
    assert (shown["attributes"]["latency"], shown["toxicity"]) == (5, 1)


# --- plain traffic ------------------------------------------------------------------------------


def test_bytes_pass_both_ways_whole(api: Api) -> None:
    """Two megabytes each way at once, unchanged."""
    with upstream(echo) as up, dial(api.proxy(up)) as caller:
        writer = threading.Thread(target=caller.sendall, args=(BLOB,))  # it must not wait for the reader
        writer.start()
        assert exactly(caller, len(BLOB)) == BLOB
        writer.join(10)


def test_what_was_said_before_hanging_up_arrives(api: Api) -> None:
    """The end of the stream does not overtake its bytes."""
    with upstream(sends(BLOB)) as up, dial(api.proxy(up)) as caller:
        time.sleep(0.2)
        assert drain(caller) == BLOB


def test_a_dead_upstream_closes_the_caller(api: Api) -> None:
    """Nobody waits for a connection that cannot be made."""
    with dial(api.proxy(f"{HOST}:{free_port()}")) as caller:
        assert _ends(caller)


def test_disabling_closes_live_connections_and_refuses_new_ones(api: Api) -> None:
    """And enabling brings the same address back."""
    with upstream(echo) as up:
        address = api.proxy(up)
        with dial(address) as caller:
            round_trip_s(caller)
            api.call("PATCH", "/proxies/p", {"enabled": False})
            assert _ends(caller)
        with pytest.raises(ConnectionRefusedError):
            dial(address)
        api.call("PATCH", "/proxies/p", {"enabled": True})
        with dial(address) as caller:
            assert round_trip_s(caller) < 1


def test_another_upstream_takes_over(api: Api) -> None:
    """Live connections end; new ones lead there."""
    with upstream(echo) as up, upstream(sends(b"other")) as other:
        address = api.proxy(up)
        with dial(address) as caller:
            round_trip_s(caller)
            api.call("PATCH", "/proxies/p", {"upstream": other})
            assert _ends(caller)
        with dial(address) as caller:
            assert drain(caller) == b"other"


def test_a_slow_reader_holds_the_sender_back(api: Api) -> None:
    """Buffers are bounded: what is not read is not taken."""
    sent = [0]

    def pours(peer: socket.socket) -> None:
        while True:
            sent[0] += peer.send(bytes(65536))

    with upstream(pours) as up, dial(api.proxy(up)):
        time.sleep(1.5)
        after_a_while = sent[0]
        time.sleep(0.5)
        assert sent[0] == after_a_while < 32_000_000


def test_a_half_closed_caller_still_gets_its_answer(strict: Api) -> None:
    """The original closes both halves; ours keeps the other."""

    def at_the_end(peer: socket.socket) -> None:
        asked = drain(peer)
        time.sleep(0.1)
        peer.sendall(b"you said " + asked)

    with upstream(at_the_end) as up, dial(strict.proxy(up)) as caller:
        caller.sendall(b"hello")
        caller.shutdown(socket.SHUT_WR)
        assert drain(caller) == b"you said hello"


# --- toxics -------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_latency_delays_one_direction(api: Api, stream: str) -> None:
    """So much more for a round trip, on either stream; gone with the toxic, on the same connection."""
    with upstream(echo) as up, dial(api.proxy(up)) as caller:
        assert round_trip_s(caller) < 0.8
        path = api.toxic("latency", stream, latency=900)
        assert 0.89 <= round_trip_s(caller) < 3
        api.call("PATCH", path, {"attributes": {"latency": 1800}})
        assert 1.79 <= round_trip_s(caller) < 5
        assert api.call("DELETE", path).status_code == 204
        assert round_trip_s(caller) < 0.8


def test_latency_of_two_streams_adds_up(api: Api) -> None:
    """There and back."""
    with upstream(echo) as up, dial(api.proxy(up)) as caller:
        api.toxic("latency", "upstream", latency=200)
        api.toxic("latency", "downstream", latency=200)
        assert 0.39 <= round_trip_s(caller) < 1.5


def test_jitter_spreads_the_delay(api: Api) -> None:
    """Within latency +/- jitter, and not always the same."""
    with upstream(echo) as up, dial(api.proxy(up)) as caller:
        api.toxic("latency", latency=100, jitter=80)
        times = [round_trip_s(caller) for _ in range(12)]
    assert all(0.015 <= t < 1 for t in times)
    assert max(times) - min(times) > 0.02


def test_bandwidth_limits_the_rate(api: Api) -> None:
    """60 kB at 100 kB/s take some 0.6 s."""
    with upstream(sends(BLOB[:60_000])) as up:
        address = api.proxy(up)
        api.toxic("bandwidth", rate=100)
        with dial(address) as caller:
            began = time.monotonic()
            assert drain(caller) == BLOB[:60_000]
            assert 0.4 <= time.monotonic() - began < 2.5


def test_bandwidth_zero_stops_the_flow_and_loses_nothing(api: Api) -> None:
    """Nothing comes while it lies there; everything does once it is gone."""
    with upstream(echo) as up, dial(api.proxy(up)) as caller:
        path = api.toxic("bandwidth", rate=0)
        caller.sendall(b"patience")
        assert silent(caller, 0.4)
        api.call("DELETE", path)
        assert exactly(caller, 8) == b"patience"


def test_slow_close_delays_only_the_end(api: Api) -> None:
    """The bytes at once, the hanging up 1.5 s later."""
    with upstream(sends(b"bye")) as up:
        address = api.proxy(up)
        api.toxic("slow_close", delay=1500)
        with dial(address) as caller:
            began = time.monotonic()
            assert exactly(caller, 3) == b"bye"
            assert time.monotonic() - began < 1.2
            assert drain(caller) == b""
            assert 1.45 <= time.monotonic() - began < 5


def test_timeout_swallows_then_closes(api: Api) -> None:
    """No byte, then the end after 300 ms."""
    with upstream(answers(b"lost")) as up:
        address = api.proxy(up)
        api.toxic("timeout", timeout=300)
        with dial(address) as caller:
            began = time.monotonic()
            caller.sendall(b"?")
            assert _ends(caller)
            assert 0.25 <= time.monotonic() - began < 2


def test_a_black_hole_swallows_answers_though_the_work_was_done(api: Api) -> None:
    """Timeout 0 downstream: the question arrives, the answer does not, the line stays open."""
    heard: list[bytes] = []

    def listens(peer: socket.socket) -> None:
        heard.append(peer.recv(100))
        peer.sendall(b"done")
        peer.recv(1)

    with upstream(listens) as up, dial(api.proxy(up)) as caller:
        api.toxic("timeout", timeout=0)
        caller.sendall(b"please write")
        assert silent(caller, 0.5)
        assert heard == [b"please write"]


def test_lifting_a_black_hole_closes_its_connections(api: Api) -> None:
    """What vanished cannot come back: the caller is told so."""
    with upstream(answers(b"lost")) as up:
        address = api.proxy(up)
        path = api.toxic("timeout", timeout=0)
        with dial(address) as caller:
            caller.sendall(b"?")
            assert silent(caller, 0.2)
            assert api.call("DELETE", path).status_code == 204
            assert _ends(caller)
        with dial(address) as caller:
            caller.sendall(b"?")
            assert exactly(caller, 4) == b"lost"


def test_reset_peer_resets(api: Api) -> None:
    """Not an end but an error: ECONNRESET, after the timeout."""
    with upstream(answers(b"lost")) as up:
        address = api.proxy(up)
        api.toxic("reset_peer", timeout=300)
        with dial(address) as caller:
            began = time.monotonic()
            caller.sendall(b"?")
            with pytest.raises(ConnectionResetError):
                drain(caller)
            assert 0.25 <= time.monotonic() - began < 2


def test_slicer_cuts_and_delays(api: Api) -> None:
    """1000 bytes in about ten pieces of 100, 30 ms apart, none lost."""
    with upstream(answers(BLOB[:1000])) as up:
        address = api.proxy(up)
        api.toxic("slicer", average_size=100, size_variation=10, delay=30_000)
        with dial(address) as caller:
            caller.sendall(b"?")
            began, pieces = time.monotonic(), list[bytes]()
            while sum(map(len, pieces)) < 1000:
                pieces.append(caller.recv(65536))
    assert b"".join(pieces) == BLOB[:1000]
    assert len(pieces) >= 5
    assert 0.15 <= time.monotonic() - began < 3


def test_limit_data_closes_after_so_many_bytes(api: Api) -> None:
    """Exactly 100 bytes on each connection, then the end."""
    with upstream(answers(BLOB[:300])) as up:
        address = api.proxy(up)
        api.toxic("limit_data", bytes=100)
        for _ in range(2):
            with dial(address) as caller:
                caller.sendall(b"?")
                assert drain(caller) == BLOB[:100]


def test_limit_data_counts_over_all_answers_of_a_connection(api: Api) -> None:
    """40 + 40 pass, of the third 40 only half."""
    with upstream(answers(BLOB[:40])) as up, dial(api.proxy(up)) as caller:
        api.toxic("limit_data", bytes=100)
        for _ in range(2):
            caller.sendall(b"?")
            assert exactly(caller, 40) == BLOB[:40]
        caller.sendall(b"?")
        assert drain(caller) == BLOB[:20]


def test_an_answer_can_be_cut_in_its_middle_and_then_reset(api: Api) -> None:
    """A reset_peer that affects nobody still makes the close of another toxic a hard one."""
    with upstream(answers(BLOB[:300])) as up:
        address = api.proxy(up)
        api.toxic("reset_peer", toxicity=0)
        api.toxic("limit_data", bytes=100)
        with dial(address) as caller:
            caller.sendall(b"?")
            with pytest.raises(ConnectionResetError):
                drain(caller)


def test_toxicity_zero_affects_nobody(api: Api) -> None:
    """The toxic is listed, the traffic is plain."""
    with upstream(echo) as up:
        address = api.proxy(up)
        api.toxic("timeout", timeout=0, toxicity=0)
        with dial(address) as caller:
            assert round_trip_s(caller) < 1


def test_toxicity_is_a_share_of_connections(api: Api) -> None:
    """Of 60 connections at 0.5 some 30 are cut; 10 to 50 would be chance of one in millions."""
    with upstream(sends(b"ok")) as up:
        address = api.proxy(up)
        api.toxic("limit_data", bytes=0, toxicity=0.5)
        spared = 0
        for _ in range(60):
            with dial(address) as caller:
                spared += drain(caller) == b"ok"
    assert 10 <= spared <= 50


# --- company ------------------------------------------------------------------------------------

LIBRARY = """
import sys
from toxiproxy import Toxiproxy
server = Toxiproxy()
server.update_api_consumer(sys.argv[1], int(sys.argv[2]))
assert server.running() and b"version" in server.version()
proxy = server.create(name="lib", upstream=sys.argv[1] + ":9", listen=sys.argv[1] + ":0")
proxy.add_toxic(type="latency", attributes={"latency": 5})
assert proxy.get_toxic("latency_downstream").attributes["latency"] == 5
proxy.destroy_toxic("latency_downstream")
assert proxy.toxics() == {}
proxy.disable()
assert server.get_proxy("lib").enabled is False
assert server.reset() and server.get_proxy("lib").enabled is True
made = server.populate([{"name": "pop", "upstream": sys.argv[1] + ":9", "listen": sys.argv[1] + ":0"}])
assert [each.name for each in made] == ["pop"]
server.destroy_all()
assert server.proxies() == {}
"""


def test_toxiproxy_python_works_with_it(api: Api) -> None:
    """Every call of the client library, in a process of its own: it keeps its server on a class."""
    host, _, port = api.url.removeprefix("http://").partition(":")
    done = subprocess.run(
        [sys.executable, "-c", LIBRARY, host, port], check=False, capture_output=True, timeout=60, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_embedded_one_dies_with_its_parent() -> None:
    """Also when the parent is killed outright."""
    port = free_port()
    holder = "import subprocess, sys; subprocess.Popen(sys.argv[1:]).wait()"
    parent = subprocess.Popen([sys.executable, "-c", holder, *command("embedded", port)])
    await_true(lambda: _listens(port), 15)
    parent.send_signal(signal.SIGKILL)
    parent.wait(10)
    await_true(lambda: not _listens(port), 5)


def test_the_embedded_one_starts_with_the_proxies_of_a_file(tmp_path: Path) -> None:
    """--config takes what /populate takes."""
    port, listen = free_port(), free_port()
    config = tmp_path / "proxies.json"
    config.write_text(f'[{{"name": "p", "listen": "{HOST}:{listen}", "upstream": "{HOST}:9"}}]')
    process = subprocess.Popen([*command("embedded", port), "--config", str(config)])
    try:
        await_true(lambda: _listens(port), 15)
        assert _listens(listen)
    finally:
        process.terminate()
        assert process.wait(10) == 0


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def _ends(caller: socket.socket) -> bool:
    """Whether the other side closes, in whatever way, without a byte."""
    try:
        return caller.recv(1) == b""
    except ConnectionError:
        return True
