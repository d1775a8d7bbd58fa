"""The read-back of the EHR ends, whatever the EHR answers."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import urllib3.util.connection

from drill.model.errors import WorldError
from drill.model.target import Ehr
from drill.probes import readback

EHR = Ehr("http://127.0.0.1:9/fhir", "synthetic-0001", (), None)


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """Parts of the one answer of an EHR that is the other end of a pair of sockets, a tenth of a second
    apart."""
    parts: list[bytes] = []

    def connected(*_: object, timeout: float | None = None, **__: object) -> socket.socket:
        ours, theirs = socket.socketpair()
        ours.settimeout(timeout)

        def answer() -> None:
            theirs.recv(65536)
            for part in parts:
                try:
                    theirs.sendall(part)
                except OSError:
                    break
                time.sleep(0.1)
            theirs.close()

        threading.Thread(target=answer, daemon=True).start()
        return ours

    monkeypatch.setattr(urllib3.util.connection, "create_connection", connected)
    yield parts


def head(length: int) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n".encode()


def test_an_answer_that_drips_is_left_behind(answered: list[bytes]) -> None:
    """Each byte comes in time, and the last never does."""
    answered += [head(100_000), *([b" "] * 30)]
    began_s = time.monotonic()
    with pytest.raises(WorldError, match=r"could not be read back within 0\.5 s"):
        readback.ehr_records(EHR, "run", within_s=0.5)
    assert time.monotonic() - began_s < 2.0


def test_a_page_without_measure_is_refused(answered: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's memory is that of the EHR."""
    monkeypatch.setattr(readback, "PAGE_BYTES_MAX", 100)
    answered += [head(200), b" " * 200]
    with pytest.raises(WorldError, match="a page of more than 100 bytes"):
        readback.ehr_records(EHR, "run", within_s=5.0)


def test_a_bundle_is_read(answered: list[bytes]) -> None:
    """As before."""
    body = json.dumps({"resourceType": "Bundle", "entry": [{"resource": {"id": "1"}}]}).encode()
    answered += [head(len(body)), body]
    assert [record.resource for record in readback.ehr_records(EHR, "run", within_s=5.0)] == ["1"]
