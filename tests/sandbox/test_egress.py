"""The egress counter as a real process: it counts what passes, and changes nothing."""

from __future__ import annotations

import errno
import hashlib
import json
import re
import socket
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from services import service

pytestmark = [pytest.mark.processes, pytest.mark.timeout(60)]
HOST, HTTP, NOBODY, RUDE, ECHO, METRICS = "127.42.0.7", 18101, 18102, 18103, 18104, 9100
NEXT = "127.42.4.1"


class Answers(BaseHTTPRequestHandler):
    """Keeps connections alive and says how much it was sent."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = hashlib.sha256(body).hexdigest().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Quiet."""


class Rude(socketserver.BaseRequestHandler):
    """Answers half a line, then resets."""

    def handle(self) -> None:
        self.request.recv(1000)
        self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.request.close()  # before the server's own orderly shutdown can send a FIN


class Echo(socketserver.BaseRequestHandler):
    """Sends everything back once the client has finished sending."""

    def handle(self) -> None:
        data = b""
        while piece := self.request.recv(1 << 16):
            data += piece
        self.request.sendall(data)


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Directory of a running relay with four links; nobody is behind the second."""
    home = tmp_path_factory.mktemp("egress")
    behind = [
        ThreadingHTTPServer((NEXT, HTTP), Answers),
        socketserver.ThreadingTCPServer((NEXT, RUDE), Rude),
        socketserver.ThreadingTCPServer((NEXT, ECHO), Echo),
    ]
    for server in behind:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
    links = [
        {"link": f"link-{port}", "host": HOST, "port": port, "to_host": NEXT, "to_port": port}
        for port in (HTTP, NOBODY, RUDE, ECHO)
    ]
    config = {
        "listeners": links,
        "metrics_host": HOST,
        "metrics_port": METRICS,
        "truth": str(home / "egress.jsonl"),
    }
    with service("egress", config, home, HOST, METRICS):
        yield home
    for server in behind:
        server.shutdown()
        server.server_close()


def counts(port: int) -> dict[str, int]:
    """A link's figures."""
    text = requests.get(f"http://{HOST}:{METRICS}/metrics", timeout=5).text
    found = re.findall(rf'^egress_(\w+)_total{{link="link-{port}"}} (\S+)$', text, re.MULTILINE)
    return {name: int(float(value)) for name, value in found}


def risen(before: dict[str, int], port: int) -> tuple[int, int, int]:
    now = counts(port)
    return tuple(now[name] - before[name] for name in ("connections", "requests", "refused"))


def dial(port: int) -> socket.socket:
    return socket.create_connection((HOST, port), timeout=5)


def test_every_link_is_shown_from_the_start(relay: Path) -> None:
    """A series that is missing could not be told from one that is zero."""
    assert all(
        counts(port).keys() == {"connections", "requests", "refused"} for port in (HTTP, NOBODY, RUDE, ECHO)
    )


def test_requests_on_one_connection_are_counted_each(relay: Path) -> None:
    """Three requests, one connection, bodies whole; a body that looks like a request is none."""
    before = counts(HTTP)
    body = b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n" * 50_000
    with requests.Session() as session:
        answers = [session.post(f"http://{HOST}:{HTTP}/x", data=body, timeout=10).text for _ in range(3)]
    assert answers == [hashlib.sha256(body).hexdigest()] * 3
    assert risen(before, HTTP) == (1, 3, 0)


def test_a_refusal_behind_is_a_reset_in_front_and_counts(relay: Path) -> None:
    """The client is reset, as by a closed port; the attempt is not lost to the count."""
    before = counts(NOBODY)
    with dial(NOBODY) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            client.recv(1000)
    assert risen(before, NOBODY) == (1, 1, 1)


def test_a_reset_behind_is_a_reset_in_front(relay: Path) -> None:
    """What came before it is delivered or lost with it, never a clean end."""
    with dial(RUDE) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(OSError) as caught:
            while client.recv(1000):
                pass
            raise OSError(0, "clean end")
    assert caught.value.errno == errno.ECONNRESET


def test_a_half_closed_connection_still_hears_its_answer(relay: Path) -> None:
    """End of sending is passed on; every byte comes back."""
    data = bytes(range(256)) * 4096
    with dial(ECHO) as client:
        sender = threading.Thread(target=lambda: (client.sendall(data), client.shutdown(socket.SHUT_WR)))
        sender.start()
        heard = b""
        while piece := client.recv(1 << 16):
            heard += piece
        sender.join(5)
    assert heard == data


def test_a_connection_without_a_request_is_no_request(relay: Path) -> None:
    """Half a head is not yet a request, and nothing is dialled for an empty connection."""
    before = counts(HTTP)
    with dial(HTTP) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost:")
    dial(HTTP).close()
    assert risen(before, HTTP)[1:] == (0, 0)


def test_the_truth_has_a_line_per_event(relay: Path) -> None:
    """Times grow, and the lines agree with the figures."""
    requests.post(f"http://{HOST}:{HTTP}/x", data=b"1", timeout=5)
    lines = [json.loads(line) for line in (relay / "egress.jsonl").read_text().splitlines()]
    times = [line["t_ns"] for line in lines]
    assert times == sorted(times)
    seen = [line["event"] for line in lines if line["link"] == f"link-{HTTP}"]
    assert {name: seen.count(name) for name in ("connections", "requests", "refused")} == counts(HTTP)
