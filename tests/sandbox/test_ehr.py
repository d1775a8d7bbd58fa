"""The EHR as a real process: conditional create, searches with paging, validation, what survives a kill."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from services import service

pytestmark = [pytest.mark.processes, pytest.mark.timeout(60)]
HOST, PORT = "127.41.4.1", 17003
BASE = f"http://{HOST}:{PORT}/fhir"


def config(home: Path) -> dict[str, object]:
    return {
        "host": HOST,
        "port": PORT,
        "database": str(home / "ehr.sqlite"),
        "truth": str(home / "ehr.jsonl"),
        "patients": 12,
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ehr")


@pytest.fixture(scope="module")
def ehr(home: Path) -> Iterator[str]:
    with service("ehr", config(home), home, HOST, PORT):
        yield BASE


def note(turn: str, run: str = "run-1", patient: str = "synthetic-0007") -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "meta": {"tag": [{"system": "urn:drill:run", "code": run}]},
        "identifier": [{"system": "urn:drill:turn", "value": turn}],
        "subject": {"reference": f"Patient/{patient}"},
        "description": "digest",
        "content": [{"attachment": {"contentType": "text/plain", "data": "aGk="}}],
    }


def create(body: object, once: str | None = None) -> requests.Response:
    headers = {} if once is None else {"If-None-Exist": f"identifier=urn:drill:turn|{once}"}
    return requests.post(f"{BASE}/DocumentReference", data=json.dumps(body), headers=headers, timeout=5)


def search(kind: str, **query: str) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{BASE}/{kind}", params=query, timeout=5).json()
    return found


def test_a_write_with_if_none_exist_is_created_once(ehr: str) -> None:
    """201, then 200 with the same record, and one record."""
    first, again = create(note("t-once"), "t-once"), create(note("t-once"), "t-once")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.headers["Location"].endswith(f"/DocumentReference/{first.json()['id']}")
    assert search("DocumentReference", identifier="urn:drill:turn|t-once")["total"] == 1


def test_concurrent_writers_create_one_record(ehr: str) -> None:
    """Twenty at once: one 201, nineteen 200."""
    codes: list[int] = []
    threads = [
        threading.Thread(target=lambda: codes.append(create(note("t-race"), "t-race").status_code))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(codes) == [200] * 19 + [201]


def test_without_the_condition_a_repeat_doubles_and_then_412_tells(ehr: str) -> None:
    """That is what a lost answer does to a naive client, and the condition cannot choose between two."""
    assert [create(note("t-twice")).status_code for _ in range(2)] == [201, 201]
    conditional = create(note("t-twice"), "t-twice")
    assert conditional.status_code == 412
    assert conditional.json()["issue"][0]["code"] == "multiple-matches"


def test_a_search_pages_through_every_record_once(ehr: str) -> None:
    """Links lead from page to page, and the total is right on each."""
    for number in range(7):
        create(note(f"p-{number}", run="run-paging"))
    url: str | None = f"{BASE}/DocumentReference?_tag=urn:drill:run|run-paging&_count=3"
    sizes, seen = [], []
    while url:
        bundle = requests.get(url, timeout=5).json()
        assert (bundle["resourceType"], bundle["type"], bundle["total"]) == ("Bundle", "searchset", 7)
        sizes.append(len(bundle["entry"]))
        seen += [entry["resource"]["identifier"][0]["value"] for entry in bundle["entry"]]
        url = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), None)
    assert sizes == [3, 3, 1]
    assert seen == [f"p-{number}" for number in range(7)]


def test_patients_and_their_appointments_are_found(ehr: str) -> None:
    """By identifier with or without its system; an unknown one finds nothing."""
    for asked in ("urn:drill:patient|synthetic-0007", "synthetic-0007"):
        assert [it["resource"]["id"] for it in search("Patient", identifier=asked)["entry"]] == [
            "synthetic-0007"
        ]
    (booked,) = search("Appointment", patient="Patient/synthetic-0007")["entry"]
    assert booked["resource"]["participant"][0]["actor"]["reference"] == "Patient/synthetic-0007"
    assert search("Patient", identifier="synthetic-9999")["total"] == 0
    assert search("Patient", identifier="urn:other|synthetic-0007")["total"] == 0


def spoilt(**changes: object) -> dict[str, Any]:
    return {**copy.deepcopy(note("t-bad")), **changes}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (spoilt(status="no-such-status"), 422),
        (spoilt(content=[]), 422),
        (spoilt(surprise=1), 422),
        (spoilt(subject={"reference": "Patient/nobody"}), 422),
        (spoilt(subject={"reference": 7}), 422),
        (["not", "a", "resource"], 422),
    ],
)
def test_what_is_not_valid_is_refused_with_an_outcome(ehr: str, body: object, status: int) -> None:
    """An OperationOutcome says why, and nothing is stored."""
    refused = create(body)
    assert (refused.status_code, refused.json()["resourceType"]) == (status, "OperationOutcome")
    assert search("DocumentReference", identifier="urn:drill:turn|t-bad")["total"] == 0


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/Observation", 404),
        ("GET", "/Patient?name=x", 400),
        ("GET", "/Patient?_count=x", 400),
        ("GET", "/Patient/nobody", 404),
        ("POST", "/Patient", 405),
        ("POST", "/DocumentReference", 400),
        ("DELETE", "/Patient/synthetic-0001", 405),
    ],
)
def test_other_mistakes_get_an_outcome_too(ehr: str, method: str, path: str, status: int) -> None:
    """Unknown kinds, parameters, records and methods, and a body that is no JSON."""
    answer = requests.request(method, f"{BASE}{path}", data="{", timeout=5)
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    """SIGKILL right after 201; the next process has the record and still recognises the turn."""
    host = "127.41.4.2"
    own = {**config(tmp_path), "host": host}
    url = f"http://{host}:{PORT}/fhir/DocumentReference"
    headers = {"If-None-Exist": "identifier=urn:drill:turn|t-kill"}
    codes = []
    for _ in range(2):
        with service("ehr", own, tmp_path, host, PORT):
            codes.append(
                requests.post(url, data=json.dumps(note("t-kill")), headers=headers, timeout=5).status_code
            )
    assert codes == [201, 200]


def test_every_request_is_in_the_truth(ehr: str, home: Path) -> None:
    """A line per FHIR request with its time and status; health checks are not requests."""
    requests.get(f"http://{HOST}:{PORT}/health", timeout=5).raise_for_status()
    create(note("t-truth"), "t-truth")
    lines = [json.loads(line) for line in (home / "ehr.jsonl").read_text().splitlines()]
    assert not [line for line in lines if "health" in line["path"]]
    last = lines[-1]
    assert (last["method"], last["status"], last["if_none_exist"]) == (
        "POST",
        201,
        "identifier=urn:drill:turn|t-truth",
    )
    assert last["t_ns"] > lines[0]["t_ns"]


def test_a_wrong_configuration_is_told_and_nothing_starts(tmp_path: Path) -> None:
    """A misspelt key ends the service with its name."""
    with (
        pytest.raises(AssertionError, match="ended with 3"),
        service("ehr", {**config(tmp_path), "databse": "x"}, tmp_path, "127.41.4.3", PORT),
    ):
        pass
    assert "databse" in (tmp_path / "ehr.log").read_text()
