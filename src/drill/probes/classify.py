"""What came of one request, as one word.

Pure: takes what the wire gave and decides; the questions' own modules and the guards do the asking.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from typing import Any

import aiohttp

from drill.probes.ask import say
from drill.redact import SHAPES, WITHHELD

SLOW_S = 1.0
_BROKEN = (errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE)


def answer(status: int, body: bytes, latency_s: float, patient: str) -> tuple[str, str]:
    """(outcome, detail) of an answer that arrived whole, to a Patient search by identifier."""
    if status >= 500:
        return "http_5xx", f"status {status}"
    if status != 200:
        return "error", f"status {status}"
    try:
        found = list(_identifiers(json.loads(body)))
    except (ValueError, TypeError, AttributeError):
        return "error", "the body is not a Bundle in JSON"
    if patient not in found:
        return "wrong_patient", f"asked for {patient}, got {', '.join(map(_named, found[:3])) or 'nobody'}"
    return ("slow", f"{latency_s:.2f} s") if latency_s >= SLOW_S else ("ok", "")


def _named(identifier: str) -> str:
    """A synthetic patient by name; of a real one nothing may be written down."""
    return identifier if SHAPES["patient"].fullmatch(identifier) else WITHHELD


def _identifiers(bundle: Any) -> Iterator[str]:
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise ValueError("not a Bundle")
    for entry in bundle.get("entry") or []:
        for identifier in entry.get("resource", {}).get("identifier") or []:
            yield str(identifier.get("value"))


def door_answer(status: int) -> tuple[str, str]:
    """(outcome, detail) of a door that answered: an agent that says that it is not fit answers 5xx."""
    if status == 200:
        return "ok", ""
    return ("http_5xx" if 500 <= status < 600 else "error"), f"status {status}"


def door_failure(error: BaseException) -> tuple[str, str]:
    """(outcome, detail) of a door that did not answer.

    Client libraries wrap the system's errors in classes of their own but keep the number. A connection
    that was accepted and ended without an answer counts as reset.
    """
    code = getattr(error, "errno", None)
    if isinstance(error, TimeoutError) or code == errno.ETIMEDOUT:
        outcome = "timeout"
    elif code == errno.ECONNREFUSED:
        outcome = "refused"
    elif isinstance(error, ConnectionError | EOFError | aiohttp.ServerDisconnectedError) or code in _BROKEN:
        outcome = "reset"
    else:
        outcome = "error"
    return outcome, say(error)
