"""Faults on real links: seen by a request through the link, and gone without a trace afterwards.

On the embedded proxy and on Toxiproxy itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from fault_rig import HOST, KINDS, Api, Handler, free_port, running, upstream

from drill.faults import Proxies
from drill.faults.ehr import MODES, ehr_fault
from drill.faults.standin import OTHER_PATIENT
from drill.faults.toxiproxy import Server, Toxic
from drill.journal import Journal
from drill.model.errors import WorldError
from drill.model.target import Link
from drill.probes.watch import ask_witness, link_base
from drill.target import load_target
from drill.toolkit.session import Session

pytestmark = pytest.mark.processes
PATIENT = "synthetic-0001"
ZONES = ("a", "b", "c")
TARGET = """
[target.rig]
environment = "sandbox"
edge = "ws://{host}:1/media"
[[target.rig.zones]]
name = "a"
health = "http://{host}:1/health"
metrics = "http://{host}:1/metrics"
[[target.rig.zones]]
name = "b"
health = "http://{host}:1/health"
metrics = "http://{host}:1/metrics"
[[target.rig.zones]]
name = "c"
health = "http://{host}:1/health"
metrics = "http://{host}:1/metrics"
[target.rig.ehr]
direct = "http://{ehr}/fhir"
probe_patient = "synthetic-0001"
"""
LINK = """
[[target.rig.ehr.links]]
zone = "{zone}"
proxy = "ehr-{zone}"
api = "{api}"
"""


def ehr(peer: socket.socket) -> None:
    """Patient searches answered, in FHIR, until the caller hangs up."""
    while request := peer.recv(65536):
        asked = request.split(b" ")[1].partition(b"identifier=")[2].decode()
        patient = {"resourceType": "Patient", "id": asked, "identifier": [{"value": asked}]}
        body = json.dumps({"resourceType": "Bundle", "entry": [{"resource": patient}]}).encode()
        peer.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest) -> Iterator[Api]:
    with running(request.param) as api:
        yield api


@pytest.fixture
def session(server: Api, tmp_path: Path) -> Iterator[Session]:
    """Three links to an EHR: one plain, one with somebody's toxic, one plain."""
    with upstream(ehr) as address:
        text = TARGET.format(host=HOST, ehr=address)
        for zone in ZONES:
            server.proxy(address, f"ehr-{zone}")
            text += LINK.format(zone=zone, api=server.url)
        somebodys = {"name": "somebodys", "type": "latency", "attributes": {"latency": 1}}
        server.call("POST", "/proxies/ehr-b/toxics", somebodys)
        (tmp_path / "target.toml").write_text(text)
        stream = tmp_path / "faults.jsonl"
        made = Session(load_target(tmp_path / "target.toml"), stream, Journal(stream, "r"))
        yield made
        made.revert_all("test")
        server.clear()


def witnessed(session: Session, patient: str = PATIENT, timeout_s: float = 6.0) -> set[str]:
    """What requests through all links come to."""

    async def ask() -> set[str]:
        async with aiohttp.ClientSession() as http:
            links = session.target.ehr.links
            bases = [(each.zone, await link_base(http, each, "http://ehr/fhir")) for each in links]
            asks = (ask_witness(zone, base, patient, timeout_s) for zone, base in bases)
            return {sample.outcome for sample in await asyncio.gather(*asks)}

    return asyncio.run(ask())


EXPECTED = {mode: {ehr_fault(mode, Link("a", "p", "http://x"), "x:1").witness} for mode in MODES}
EXPECTED["resetting"] = {"reset", "truncated"}  # depends on where in the answer the cut falls


@pytest.mark.parametrize("mode", MODES)
def test_each_way_to_fail_is_seen_and_goes_without_a_trace(server: Api, session: Session, mode: str) -> None:
    """The witness through every link; then the very state from before, somebody's toxic with it."""
    before = server.call("GET", "/proxies").json()
    assert witnessed(session) == {"ok"}
    assert len(session.apply_ehr(mode)) == 3
    seen = witnessed(session, timeout_s=6.0 if mode == "slow" else 2.0)
    assert seen
    assert seen <= EXPECTED[mode]
    session.revert_all("test")
    assert server.call("GET", "/proxies").json() == before
    assert witnessed(session) == {"ok"}


def test_the_wrong_patient_is_wrong_for_everybody(session: Session) -> None:
    """Also for the one whose record others are given."""
    session.apply_ehr("wrong-patient")
    assert witnessed(session, OTHER_PATIENT) == {"wrong_patient"}


@pytest.mark.parametrize("mode", ["refused", "errors"])
def test_a_link_that_was_disabled_stays_disabled(server: Api, session: Session, mode: str) -> None:
    """Back to the prior state, which is not always on."""
    server.call("PATCH", "/proxies/ehr-c", {"enabled": False})
    session.apply_ehr(mode)
    session.revert_all("test")
    assert server.call("GET", "/proxies/ehr-c").json()["enabled"] is False


def test_a_link_switched_off_by_a_failed_change_comes_back(server: Api, session: Session) -> None:
    """A change of upstream stops the proxy first: if it dies in between, reverting starts it again."""
    fault = ehr_fault("errors", session.target.ehr.links[0], f"{HOST}:9")
    prior = fault.capture(Proxies())
    server.call("PATCH", "/proxies/ehr-a", {"enabled": False, "upstream": f"{HOST}:9"})
    fault.revert(Proxies(), prior)
    shown = server.call("GET", "/proxies/ehr-a").json()
    assert (shown["enabled"], shown["upstream"]) == (True, prior["upstream"])


def test_a_fault_bites_on_connections_that_are_already_open(session: Session) -> None:
    """A pooled connection gets no answer either."""
    links = session.target.ehr.links
    host, _, port = Server(links[0].api).read("ehr-a").listen.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=2) as pooled:
        time.sleep(0.1)
        session.apply_ehr("blackholed")
        pooled.sendall(b"GET /fhir/Patient?identifier=x HTTP/1.1\r\n\r\n")
        pooled.settimeout(0.5)
        with contextlib.suppress(TimeoutError):  # nothing came: as good as a close
            assert pooled.recv(1) == b""


def test_two_servers_at_once_are_not_mixed_up(server: Api) -> None:
    """Two threads, two servers, a hundred writes: each stays with its own."""
    with running("embedded") as other:
        apis = {server.url: server, other.url: other}
        for number, api in enumerate(apis.values()):
            api.proxy(f"{HOST}:{number + 1}")
        failures: list[Exception] = []

        def toggles(url: str, number: int) -> None:
            try:
                for turn in range(25):
                    state = Server(url).set_enabled("p", enabled=bool(turn % 2))
                    assert state.upstream == f"{HOST}:{number + 1}"
            except (WorldError, AssertionError) as error:
                failures.append(error)

        threads = [threading.Thread(target=toggles, args=(url, n)) for n, url in enumerate(apis)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        server.clear()
    assert failures == []


def test_a_name_with_a_space_is_quoted(server: Api) -> None:
    """Names are data, not address syntax."""
    server.proxy(f"{HOST}:9", name="ehr of a")
    toxic = Toxic("very slow", "latency", "downstream", 1.0, (("jitter", 0), ("latency", 5)))
    assert Server(server.url).add_toxic("ehr of a", toxic).toxics == (toxic,)
    assert Server(server.url).remove_toxic("ehr of a", "very slow").toxics == ()
    server.clear()


# --- the guard, against servers that misbehave -----------------------------------------------------


def says(head: bytes, body: bytes = b"") -> Handler:
    """A server that answers every request so."""

    def handler(peer: socket.socket) -> None:
        peer.recv(65536)
        peer.sendall(b"HTTP/1.1 " + head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    return handler


def keeps_silent(peer: socket.socket) -> None:
    """A server that listens and says nothing."""
    peer.recv(65536)
    time.sleep(5)


def drips(peer: socket.socket) -> None:
    """A server whose answer never ends, though bytes keep coming."""
    peer.recv(65536)
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        peer.sendall(b" ")
        time.sleep(0.1)


@pytest.mark.parametrize(
    "handler",
    [
        says(b"503 Service Unavailable"),
        says(b"404 Not Found", b'{"error": "proxy not found", "status": 404}'),
        says(b"302 Found\r\nLocation: http://127.50.0.9:1/"),
        says(b"200 OK"),
        says(b"200 OK", b"<html>"),
        says(b"200 OK", b"[]"),
        says(b"200 OK", b'{"name": "p"}'),
    ],
)
def test_an_answer_that_is_not_one_raises(handler: Handler) -> None:
    """Nothing but a whole, well-formed 2xx is taken for success."""
    with upstream(handler) as address, pytest.raises(WorldError):
        Server(f"http://{address}").set_enabled("p", enabled=False)


def test_nobody_there_raises() -> None:
    """Refused is a WorldError that names the address."""
    port = free_port()
    with pytest.raises(WorldError, match=str(port)):
        Server(f"http://{HOST}:{port}").read("p")


@pytest.mark.parametrize("handler", [keeps_silent, drips], ids=["silent", "dripping"])
def test_a_call_has_a_deadline(handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence ends a call, and so does an answer that never ends."""
    monkeypatch.setattr("drill.faults.toxiproxy.DEADLINE_S", 0.5)
    began = time.monotonic()
    with upstream(handler) as address, pytest.raises(WorldError):
        Server(f"http://{address}").read("p")
    assert time.monotonic() - began < 3


def test_a_write_that_does_not_stick_raises() -> None:
    """The answer says yes, the read-back says otherwise."""
    state = {"name": "p", "listen": "x:1", "upstream": "y:1", "enabled": True, "toxics": []}
    handler = says(b"200 OK", json.dumps(state).encode())
    with upstream(handler) as address, pytest.raises(WorldError, match="reads back"):
        Server(f"http://{address}").set_enabled("p", enabled=False)
