"""The little of FHIR R4B that the EHR speaks: seeds, searches, bundles, outcomes.

What is valid is not ours to say: fhir.resources decides. Two rules it describes without
enforcing them are enforced here: codes with a required value set, and lists that may not be empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from fhir.resources.R4B.appointment import Appointment
from fhir.resources.R4B.documentreference import DocumentReference
from fhir.resources.R4B.patient import Patient
from pydantic import BaseModel, ValidationError

from drill.sandbox.ehr_records import Page, Resource, Token

PATIENT_SYSTEM: Final = "urn:drill:patient"
MEDIA_TYPE: Final = "application/fhir+json"
MODELS: Final[Mapping[str, Any]] = {
    "Patient": Patient,
    "Appointment": Appointment,
    "DocumentReference": DocumentReference,
}
SEARCHED_BY: Final[Mapping[str, frozenset[str]]] = {
    "Patient": frozenset({"identifier"}),
    "Appointment": frozenset({"patient"}),
    "DocumentReference": frozenset({"identifier", "_tag", "patient", "subject"}),
}
_PAGING: Final = frozenset({"_count", "_after"})
MAX_PAGE: Final = 500


class FhirError(Exception):
    """A request that is answered with an OperationOutcome."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code


def outcome(code: str, text: str) -> Resource:
    """Why a request failed, as FHIR says it."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": code, "diagnostics": text}],
    }


def validated(kind: str, data: object) -> Resource:
    """The resource when it is valid R4B of this kind."""
    try:
        model = MODELS[kind].model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"]) or kind
        raise FhirError(422, "invalid", f"{kind}: {where}: {first['msg']}") from error
    if broken := next(_broken_rules(model, kind), None):
        raise FhirError(422, "invalid", broken)
    answer: Resource = model.model_dump(mode="json")
    return answer


def _broken_rules(model: BaseModel, where: str) -> Iterator[str]:
    """Codes outside their value set and empty lists, at any depth."""
    for name, field in type(model).model_fields.items():
        value, extra = getattr(model, name), field.json_schema_extra
        codes = extra.get("enum_values") if isinstance(extra, dict) else None
        if isinstance(codes, list) and value is not None and value not in codes:
            yield f"{where}.{name}: {value!r} is none of {', '.join(map(str, codes))}"
        if value == []:
            yield f"{where}.{name}: a list may not be empty"
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, BaseModel):
                yield from _broken_rules(item, f"{where}.{name}")


def patient(number: int) -> Resource:
    """A synthetic patient; the id is the identifier, so a reference needs no look-up."""
    name = f"synthetic-{number:04d}"
    return {
        "resourceType": "Patient",
        "id": name,
        "identifier": [{"system": PATIENT_SYSTEM, "value": name}],
        "name": [{"family": f"Synthetic-{number:04d}", "given": ["Test"]}],
        "birthDate": f"{1940 + number % 60}-{1 + number % 12:02d}-{1 + number % 28:02d}",
    }


def appointment(number: int) -> Resource:
    """The one appointment of a synthetic patient."""
    name = f"synthetic-{number:04d}"
    return {
        "resourceType": "Appointment",
        "id": f"appointment-{number:04d}",
        "status": "booked",
        "start": f"2030-01-{1 + number % 28:02d}T{8 + number % 9:02d}:00:00Z",
        "participant": [{"actor": {"reference": f"Patient/{name}"}, "status": "accepted"}],
    }


def query(kind: str, pairs: list[tuple[str, str]]) -> tuple[list[Token], int, int]:
    """A search's tokens, page size and cursor; parameters this EHR does not know are refused, not ignored."""
    unknown = sorted({name for name, _ in pairs} - SEARCHED_BY[kind] - _PAGING)
    if unknown:
        raise FhirError(400, "not-supported", f"{kind} cannot be searched by {', '.join(unknown)}")
    paging = {name: value for name, value in pairs if name in _PAGING}
    try:
        count, after = int(paging.get("_count", "50")), int(paging.get("_after", "0"))
    except ValueError as error:
        raise FhirError(400, "value", "_count and _after are whole numbers") from error
    wanted = [_token(name, value) for name, value in pairs if name not in _PAGING]
    return wanted, min(max(count, 1), MAX_PAGE), max(after, 0)


def condition(header: str) -> list[Token]:
    """What If-None-Exist asks for."""
    wanted, _, _ = query("DocumentReference", parse_qsl(header.lstrip("?"), keep_blank_values=True))
    if not wanted:
        raise FhirError(412, "invalid", "If-None-Exist names nothing to search by")
    return wanted


def _token(name: str, value: str) -> Token:
    if name in {"patient", "subject"}:
        return Token("patient", None, value if "/" in value else f"Patient/{value}")
    system, bar, code = value.rpartition("|")
    return Token(name, system if bar else None, code)


def bundle(kind: str, base: str, pairs: list[tuple[str, str]], page: Page) -> Resource:
    """A searchset with its links."""
    links = [{"relation": "self", "url": f"{base}/{kind}?{urlencode(pairs)}"}]
    if page.following is not None:
        rest = [pair for pair in pairs if pair[0] != "_after"] + [("_after", str(page.following))]
        links.append({"relation": "next", "url": f"{base}/{kind}?{urlencode(rest)}"})
    entries = [
        {"fullUrl": f"{base}/{kind}/{r['id']}", "resource": r, "search": {"mode": "match"}}
        for r in page.resources
    ]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": page.total,
        "link": links,
        "entry": entries,
    }
