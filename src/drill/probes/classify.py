"""What came of one EHR request, as one word.

Pure: takes what the wire gave and decides; `watch` and the guards do the asking.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

SLOW_S = 1.0


def answer(status: int, body: bytes, latency_s: float, patient: str) -> tuple[str, str]:
    """(outcome, detail) of an answer that arrived whole, to a Patient search by identifier."""
    if status >= 500:
        return "http_5xx", f"status {status}"
    if status != 200:
        return "error", f"status {status}"
    try:
        found = list(_identifiers(json.loads(body)))
    except ValueError:
        return "error", "the body is not JSON"
    if patient not in found:
        return "wrong_patient", f"asked for {patient}, got {', '.join(found[:3]) or 'nobody'}"
    return ("slow", f"{latency_s:.2f} s") if latency_s >= SLOW_S else ("ok", "")


def _identifiers(bundle: Any) -> Iterator[str]:
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise ValueError("not a Bundle")
    for entry in bundle.get("entry") or []:
        for identifier in entry.get("resource", {}).get("identifier") or []:
            yield str(identifier.get("value"))
