"""The stand-in that answers with the wrong patient: always another one, whatever was asked and how."""

from __future__ import annotations

import pytest

from drill.faults.standin import OTHER_PATIENT, asked_for, swapped


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ({"identifier": "urn:drill:patient|synthetic-0042"}, b""),
        ({"identifier": "synthetic-0042"}, b""),
        ({"patient": "Patient/synthetic-0042"}, b""),
        ({}, b'{"resourceType":"DocumentReference","subject":{"reference":"Patient/synthetic-0042"}}'),
    ],
)
def test_whom_a_request_is_about_is_found(query: dict[str, str], body: bytes) -> None:
    """In its query or in the resource it carries."""
    assert asked_for(query, body) == "synthetic-0042"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"no json"])
def test_a_request_about_nobody_is_left_alone(body: bytes) -> None:
    """Nothing to swap, nothing raised."""
    assert asked_for({}, body) == ""
    assert swapped({"id": "synthetic-0042"}, "") == {"id": "synthetic-0042"}


@pytest.mark.parametrize("asked", ["synthetic-0042", OTHER_PATIENT])
def test_the_answer_is_about_somebody_else(asked: str) -> None:
    """Also when the other patient is the one who was asked for."""
    answer = swapped({"subject": {"reference": f"Patient/{asked}"}}, asked)
    assert answer["subject"]["reference"].startswith("Patient/synthetic-")
    assert asked not in answer["subject"]["reference"]
