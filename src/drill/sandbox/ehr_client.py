"""Talking to the EHR: one request, one deadline, one verdict, no retry.

Theory: an answer counts only when it is whole, in time, and about the right patient. A
well-formed record of somebody else is the worst failure of all, so identity is checked
before anything is used. The HTTP library repeats reads by itself when a connection breaks;
a breaker that counts one call where two were sent lies, so that is switched off here.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

import aiohttp

from drill.sandbox.breaker import Kind
from drill.sandbox.turns import Turn

PATIENT_SYSTEM: Final = "urn:drill:patient"
TURN_SYSTEM: Final = "urn:drill:turn"
RUN_SYSTEM: Final = "urn:drill:run"
MOST_AT_ONCE: Final = 64
Resource = Mapping[str, Any]


class EhrError(Exception):
    """A request that gave nothing usable; `kind` is the short name that goes into the truth."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def judge(error: Exception) -> Kind:
    """What an error says about the EHR's health: a rejected request is our mistake."""
    return Kind.IGNORED if isinstance(error, EhrError) and error.kind == "rejected" else Kind.FAILED


def document(turn: Turn) -> Resource:
    """The note of a turn."""
    text = base64.b64encode(f"Synthetic note {turn.digest}".encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "meta": {"tag": [{"system": RUN_SYSTEM, "code": turn.drill_id}]},
        "identifier": [{"system": TURN_SYSTEM, "value": turn.turn_id}],
        "subject": {"reference": f"Patient/{turn.patient}"},
        "description": turn.digest,
        "content": [{"attachment": {"contentType": "text/plain", "data": text}}],
    }


class EhrClient:
    """Requests to one EHR; use as an async context manager."""

    def __init__(self, base: str, timeout_s: float) -> None:
        self._base = base.rstrip("/")
        self.timeout_s = timeout_s
        connector = aiohttp.TCPConnector(force_close=True, limit=MOST_AT_ONCE)
        self._session = aiohttp.ClientSession(connector=connector, middlewares=(_once,))

    async def __aenter__(self) -> EhrClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def patient(self, identifier: str) -> Resource:
        """The patient with this identifier, and no other."""
        query = {"identifier": f"{PATIENT_SYSTEM}|{identifier}"}
        found = _resources(await self._request("GET", "Patient", self.timeout_s, params=query))
        if len(found) != 1 or identifier not in _identifiers(found[0]):
            raise EhrError("wrong-patient", f"asked for {identifier}, was answered another")
        return found[0]

    async def appointments(self, patient_id: str, timeout_s: float) -> list[Resource]:
        """The appointments of this patient, and of no other."""
        reference = f"Patient/{patient_id}"
        query = {"patient": reference}
        found = _resources(await self._request("GET", "Appointment", timeout_s, params=query))
        if not all(reference in _actors(it) for it in found):
            raise EhrError("wrong-patient", f"an appointment does not belong to {patient_id}")
        return found

    async def write_note(self, turn_id: str, note: Resource, *, once: bool = True) -> None:
        """Create the note; `once` lets the EHR recognise it when an earlier answer was lost."""
        headers = {"Content-Type": "application/fhir+json"}
        if once:
            headers["If-None-Exist"] = f"identifier={TURN_SYSTEM}|{turn_id}"
        body = json.dumps(note)
        stored = await self._request("POST", "DocumentReference", self.timeout_s, data=body, headers=headers)
        if stored.get("subject") != note["subject"] or turn_id not in _identifiers(stored):
            raise EhrError("wrong-patient", f"note {turn_id} was answered with another patient's")

    async def _request(self, method: str, kind: str, timeout_s: float, **more: Any) -> Resource:
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        url = f"{self._base}/{kind}"
        try:
            async with self._session.request(
                method, url, timeout=timeout, allow_redirects=False, **more
            ) as response:
                return _checked(response.status, await response.text())
        except TimeoutError as error:
            raise EhrError("timeout", f"{kind}: no answer in {timeout_s:.2f} s") from error
        except (aiohttp.ClientPayloadError, UnicodeDecodeError) as error:
            raise EhrError("truncated", str(error)) from error
        except (aiohttp.ClientError, OSError) as error:
            raise EhrError("reset", str(error)) from error


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send once: an error of ours, unlike the library's, is not taken as a reason to send again."""
    try:
        return await send(request)
    except aiohttp.ClientConnectorError as error:
        raise EhrError("refused", str(error)) from error
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise EhrError("reset", str(error)) from error


def _checked(status: int, text: str) -> Resource:
    if status >= 500 or status in {408, 429}:
        raise EhrError(f"status-{status}", text[:200])
    if status not in {200, 201}:
        raise EhrError("rejected", f"{status}: {text[:200]}")
    try:
        answer = json.loads(text)
    except json.JSONDecodeError as error:
        raise EhrError("truncated", str(error)) from error
    if not isinstance(answer, dict):
        raise EhrError("truncated", "the answer is no resource")
    return answer


def _resources(bundle: Resource) -> list[Resource]:
    try:
        return [dict(entry["resource"]) for entry in bundle.get("entry", [])]
    except (KeyError, TypeError, ValueError) as error:
        raise EhrError("truncated", "the answer is no bundle") from error


def _identifiers(resource: Resource) -> set[object]:
    try:
        return {it["value"] for it in resource["identifier"]}
    except (KeyError, TypeError) as error:
        raise EhrError("wrong-patient", "the answer does not say whose it is") from error


def _actors(appointment: Resource) -> set[object]:
    try:
        return {part["actor"]["reference"] for part in appointment["participant"]}
    except (KeyError, TypeError) as error:
        raise EhrError("wrong-patient", "the appointment does not say whose it is") from error
