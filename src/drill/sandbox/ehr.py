"""The health record service: a FHIR R4B subset over HTTP.

Theory: FHIR's conditional create is what makes a repeated write harmless: If-None-Exist turns
"create" into "create unless it is there", answered 201, 200 when it was there, and 412 when
several match and the server cannot tell which was meant.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from drill.sandbox import fhir, service, settings
from drill.sandbox.ehr_records import ManyMatchError, Records, Resource
from drill.sandbox.settings import EhrConfig
from drill.sandbox.truth import Truth

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Ehr:
    """Handlers over one set of records."""

    def __init__(self, config: EhrConfig) -> None:
        self.records = Records(config.database)
        self.truth = Truth(config.truth)
        for number in range(1, config.patients + 1):
            self._seed(fhir.patient(number))
            self._seed(fhir.appointment(number))

    def app(self) -> web.Application:
        """Routes and middleware."""
        app = web.Application(middlewares=[self._witness, self._outcomes], client_max_size=1 << 20)
        app.router.add_get("/health", self.health)
        app.router.add_get("/fhir/{kind}", self.search)
        app.router.add_get("/fhir/{kind}/{id}", self.read)
        app.router.add_post("/fhir/{kind}", self.create)
        return app

    async def health(self, _request: web.Request) -> web.Response:
        """200 while the records can be read."""
        self.records.get("Patient", "synthetic-0001")
        return web.json_response({"status": "ok"})

    async def search(self, request: web.Request) -> web.Response:
        """GET /fhir/KIND?..."""
        kind, pairs = _kind(request), list(request.query.items())
        wanted, count, after = fhir.query(kind, pairs)
        page = self.records.search(kind, wanted, count, after)
        return _answer(fhir.bundle(kind, _base(request), pairs, page), 200)

    async def read(self, request: web.Request) -> web.Response:
        """GET /fhir/KIND/ID"""
        kind, record_id = _kind(request), request.match_info["id"]
        record = self.records.get(kind, record_id)
        if record is None:
            raise fhir.FhirError(404, "not-found", f"no {kind}/{record_id}")
        return _answer(record, 200)

    async def create(self, request: web.Request) -> web.Response:
        """POST /fhir/DocumentReference, once only where If-None-Exist asks for it."""
        kind = _kind(request)
        if kind != "DocumentReference":
            raise fhir.FhirError(405, "not-supported", f"{kind} cannot be created here")
        document = fhir.validated(kind, await request.json())
        self._check_subject(document)
        header = request.headers.get("If-None-Exist")
        unless = fhir.condition(header) if header is not None else None
        try:
            stored, created = self.records.create({**document, "id": None}, unless)
        except ManyMatchError as error:
            raise fhir.FhirError(412, "multiple-matches", str(error)) from error
        location = f"{_base(request)}/{kind}/{stored['id']}"
        return _answer(stored, 201 if created else 200, {"Location": location})

    def _seed(self, resource: Resource) -> None:
        kind = str(resource["resourceType"])
        if self.records.get(kind, str(resource["id"])) is None:
            self.records.create(fhir.validated(kind, resource))

    def _check_subject(self, document: Resource) -> None:
        kind, _, name = str(document.get("subject", {}).get("reference", "")).partition("/")
        if kind != "Patient" or self.records.get("Patient", name) is None:
            raise fhir.FhirError(422, "business-rule", "subject.reference names no patient of this EHR")

    @web.middleware
    async def _witness(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """One line of truth per FHIR request, when it came and how it ended."""
        if not request.path.startswith("/fhir"):
            return await handler(request)
        t_ns, status = time.monotonic_ns(), 0
        try:
            response = await handler(request)
            status = response.status
            return response
        finally:
            self.truth.write(
                t_ns=t_ns,
                method=request.method,
                path=request.path_qs,
                status=status,
                if_none_exist=request.headers.get("If-None-Exist"),
                ms=(time.monotonic_ns() - t_ns) / 1e6,
            )

    @web.middleware
    async def _outcomes(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every failure is an OperationOutcome."""
        try:
            return await handler(request)
        except fhir.FhirError as error:
            return _failure(error.status, error.code, str(error))
        except json.JSONDecodeError as error:
            return _failure(400, "structure", f"not JSON: {error}")
        except sqlite3.Error as error:
            return _failure(500, "exception", str(error))
        except web.HTTPException as error:
            return _failure(error.status, "not-found", error.reason)


def _answer(resource: Resource, status: int, headers: dict[str, str] | None = None) -> web.Response:
    text = json.dumps(resource, separators=(",", ":"))
    return web.Response(text=text, status=status, headers=headers, content_type=fhir.MEDIA_TYPE)


def _failure(status: int, code: str, text: str) -> web.Response:
    body: Any = fhir.outcome(code, text)
    return web.json_response(body, status=status, content_type=fhir.MEDIA_TYPE)


def _kind(request: web.Request) -> str:
    kind = request.match_info["kind"]
    if kind not in fhir.MODELS:
        raise fhir.FhirError(404, "not-supported", f"this EHR keeps {', '.join(fhir.MODELS)}, not {kind}")
    return kind


def _base(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}/fhir"


async def serve(config: EhrConfig, stop: asyncio.Event) -> None:
    """Answer until told to stop."""
    ehr = Ehr(config)
    try:
        async with service.listening(ehr.app(), config.host, config.port):
            await stop.wait()
    finally:
        ehr.records.close()
        ehr.truth.close()


if __name__ == "__main__":
    sys.exit(service.main("drill.sandbox.ehr", settings.ehr, serve))
