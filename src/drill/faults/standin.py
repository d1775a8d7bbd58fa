"""A stand-in for the EHR, for speech or a model: `python -m drill.faults.standin --mode MODE --upstream URL`.

Prints the address it listens on, and lives until its stdin closes: that is, as long as the
process that holds the fault.

    link -> [stand-in] -> EHR      wrong-patient: asks about somebody else, answers in good form
    link -> [stand-in]             errors: 503 and an OperationOutcome
    link -> [stand-in] -> model    empty: the answer in good form, its words taken out
    link -> [stand-in]             rate-limited: 429
    link -> [stand-in] -> speech   stalling: the first half of the answer, and no end of it
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
from aiohttp import web

OTHER_PATIENT = "synthetic-0199"
OTHERS_PATIENT = "synthetic-0198"  # whom the other patient's own caller is told about
UPSTREAM_TIMEOUT_S = 5.0
STALL_S = 3600.0
MODES = ("errors", "wrong-patient", "rate-limited", "empty", "stalling")
# Where answers of models and of recognition have their words.
SAID = ("text", "content", "output_text", "transcript", "intent")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
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


async def answer_busy(_request: web.Request) -> web.Response:
    """429, as a model of which too much is asked."""
    error = {"error": {"type": "rate_limit_exceeded", "message": "too many requests"}}
    return web.json_response(error, status=429, headers={"Retry-After": "30"})


def emptied(answer: Any) -> Any:
    """The same JSON with nothing said in it."""
    if isinstance(answer, dict):
        return {
            key: "" if key in SAID and isinstance(value, str) else emptied(value)
            for key, value in answer.items()
        }
    return [emptied(each) for each in answer] if isinstance(answer, list) else answer


class Relay:
    """Forwards to the real service and spoils what it answers."""

    def __init__(self, upstream: str, session: aiohttp.ClientSession) -> None:
        self._upstream, self._session = upstream.rstrip("/"), session

    async def wrong_patient(self, request: web.Request) -> web.Response:
        """What comes back is in good form and about somebody else."""
        answer, text = await self._relayed(request)
        return _with(answer, _wrong(text, asked_for(request.query, await request.read())))

    async def empty(self, request: web.Request) -> web.Response:
        """What comes back is in good form and says nothing."""
        answer, text = await self._relayed(request)
        return _with(answer, _emptied(text))

    async def stalling(self, request: web.Request) -> web.StreamResponse:
        """Half of what comes back, and then silence for as long as somebody listens."""
        answer, text = await self._relayed(request)
        begun = web.StreamResponse(status=answer.status, headers=answer.headers)
        begun.content_length = len(text)
        await begun.prepare(request)
        await begun.write(text[: len(text) // 2])
        await asyncio.sleep(STALL_S)  # ends sooner: a request is cancelled when its client goes
        return begun

    async def _relayed(self, request: web.Request) -> tuple[web.Response, bytes]:
        """The service's own answer (502 when there is none), its head and its body."""
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP_HEADERS}
        url, body = f"{self._upstream}{request.rel_url}", await request.read()
        try:
            async with self._session.request(request.method, url, headers=headers, data=body) as answer:
                status, text = answer.status, await answer.read()
                kept = {k: v for k, v in answer.headers.items() if k.lower() not in _HOP_HEADERS}
        except (aiohttp.ClientError, TimeoutError):
            return web.Response(status=502), b""
        return web.Response(status=status, headers=kept), text


def _with(head: web.Response, body: bytes) -> web.Response:
    return web.Response(status=head.status, headers=head.headers, body=body)


def _emptied(text: bytes) -> bytes:
    """Without words where it is JSON, without anything where it is not."""
    try:
        return json.dumps(emptied(json.loads(text))).encode()
    except ValueError:
        return b""


def _wrong(text: bytes, asked: str) -> bytes:
    try:
        return json.dumps(swapped(json.loads(text), asked)).encode()
    except ValueError:
        return text


async def _serve(mode: str, upstream: str, host: str) -> None:
    timeout = aiohttp.ClientTimeout(total=UPSTREAM_TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        relay = Relay(upstream, session)
        handlers: dict[str, Handler] = {
            "errors": answer_error, "rate-limited": answer_busy, "empty": relay.empty,
            "stalling": relay.stalling, "wrong-patient": relay.wrong_patient,
        }  # fmt: skip
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handlers[mode])
        runner = web.AppRunner(app, shutdown_timeout=0.5, handler_cancellation=True)
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
    parser.add_argument("--mode", choices=MODES, required=True)
    parser.add_argument("--upstream", required=True, help="http://HOST:PORT of the real service")
    parser.add_argument("--host", default="127.0.0.1")
    args = parser.parse_args()
    asyncio.run(_serve(args.mode, args.upstream, args.host))


if __name__ == "__main__":
    main()
