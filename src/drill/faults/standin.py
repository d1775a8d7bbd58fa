"""A stand-in for the EHR: `python -m drill.faults.standin --mode errors|wrong-patient --upstream URL`.

Prints the address it listens on, and lives until its stdin closes: that is, as long as the
process that holds the fault.

    link -> [stand-in] -> EHR      wrong-patient: asks about somebody else, answers in good form
    link -> [stand-in]             errors: 503 and an OperationOutcome
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp import web

OTHER_PATIENT = "synthetic-0199"
OTHERS_PATIENT = "synthetic-0198"  # whom the other patient's own caller is told about
UPSTREAM_TIMEOUT_S = 5.0
_HOP_HEADERS = {
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "content-encoding",
    "date",
    "server",
}


async def answer_error(_request: web.Request) -> web.Response:
    """503, as an EHR whose backend is gone."""
    issue = {"severity": "fatal", "code": "transient", "diagnostics": "backend unavailable"}
    outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
    return web.json_response(outcome, status=503, content_type="application/fhir+json")


def swapped(resource: Any, asked: str) -> Any:
    """The same JSON with every mention of the asked patient's identifier replaced by another's."""
    text = json.dumps(resource)
    other = OTHERS_PATIENT if asked == OTHER_PATIENT else OTHER_PATIENT
    return json.loads(text.replace(json.dumps(asked)[1:-1], other)) if asked else resource


def asked_for(query: Mapping[str, str], body: bytes) -> str:
    """Whom a request is about: the patient of its query, or the subject of the resource it carries."""
    for name in ("identifier", "patient"):
        if query.get(name):
            return query[name].rpartition("|")[2].rpartition("/")[2]
    try:
        return str(json.loads(body)["subject"]["reference"]).rpartition("/")[2]
    except (ValueError, KeyError, TypeError):
        return ""


class Relay:
    """Forwards to the real EHR and answers with the wrong patient."""

    def __init__(self, upstream: str, session: aiohttp.ClientSession) -> None:
        self._upstream, self._session = upstream.rstrip("/"), session

    async def handle(self, request: web.Request) -> web.Response:
        """Relay one request; what comes back is in good form and about somebody else."""
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP_HEADERS}
        url, body = f"{self._upstream}{request.rel_url}", await request.read()
        try:
            async with self._session.request(request.method, url, headers=headers, data=body) as answer:
                status, text = answer.status, await answer.read()
                kept = {k: v for k, v in answer.headers.items() if k.lower() not in _HOP_HEADERS}
        except (aiohttp.ClientError, TimeoutError):
            return web.Response(status=502)
        return web.Response(status=status, headers=kept, body=_wrong(text, asked_for(request.query, body)))


def _wrong(text: bytes, asked: str) -> bytes:
    try:
        return json.dumps(swapped(json.loads(text), asked)).encode()
    except ValueError:
        return text


async def _serve(mode: str, upstream: str, host: str) -> None:
    timeout = aiohttp.ClientTimeout(total=UPSTREAM_TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        handler = answer_error if mode == "errors" else Relay(upstream, session).handle
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)
        runner = web.AppRunner(app, shutdown_timeout=0.5)
        await runner.setup()
        site = web.TCPSite(runner, host, 0)
        await site.start()
        name = runner.addresses[0]
        print(f"{name[0]}:{name[1]}", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
        await runner.cleanup()


def main() -> None:
    """Serve until stdin closes."""
    parser = argparse.ArgumentParser(prog="drill.faults.standin")
    parser.add_argument("--mode", choices=["errors", "wrong-patient"], required=True)
    parser.add_argument("--upstream", required=True, help="http://HOST:PORT of the real EHR")
    parser.add_argument("--host", default="127.0.0.1")
    args = parser.parse_args()
    asyncio.run(_serve(args.mode, args.upstream, args.host))


if __name__ == "__main__":
    main()
