"""Speech and model as the drill's own requests find them, through each zone's link.

Asked only by drills that hurt them: a model's owner may charge for every question.
"""

from __future__ import annotations

import json
import time
from typing import Any

import aiohttp

from drill.model.events import DoorSample
from drill.model.target import Stage
from drill.probes.ask import listen_address, since_ms
from drill.probes.classify import door_failure
from drill.probes.doors import through

# Longer than a slow answer takes, so that slow does not read as silent.
STAGE_TIMEOUT_S = 3.0
ANSWER_MAX = 1_000_000
_JSON = {"Content-Type": "application/json"}
_SAID = ("text", "content", "output_text", "transcript", "intent")


async def stage_url(session: aiohttp.ClientSession, way: Stage) -> str:
    """Where a stage is asked: the path of its probe, at the fault proxy's own listen address."""
    return through(way.probe, await listen_address(session, way.api, way.proxy))


async def ask_stage(session: aiohttp.ClientSession, way: Stage, url: str) -> DoorSample:
    """One request to a stage; the session must open a connection for each.

    `way` of the sample is the stage; `outcome` may be http_429 or empty besides a door's.
    """
    began_s = time.monotonic()
    try:
        outcome, detail = await _asked(session, way, url)
    except (aiohttp.ClientError, OSError) as error:
        outcome, detail = door_failure(error)
    return DoorSample(way.zone, way.stage, outcome, since_ms(began_s), detail)


async def _asked(session: aiohttp.ClientSession, way: Stage, url: str) -> tuple[str, str]:
    timeout = aiohttp.ClientTimeout(total=STAGE_TIMEOUT_S)
    method, body = ("POST", way.ask) if way.ask else ("GET", None)
    async with session.request(
        method, url, data=body, headers=_JSON, timeout=timeout, allow_redirects=False
    ) as response:
        text = b""
        async for part in response.content.iter_chunked(65536):
            text += part[: ANSWER_MAX - len(text)]
        return stage_answer(response.status, text)


def stage_answer(status: int, body: bytes) -> tuple[str, str]:
    """(outcome, detail) of an answer that arrived whole: never its words."""
    if not 200 <= status < 300:
        word = "http_429" if status == 429 else "http_5xx" if status >= 500 else "error"
        return word, f"status {status}"
    if not body:
        return "empty", "no body"
    try:
        words = list(_words(json.loads(body)))
    except (ValueError, RecursionError):
        return "ok", ""  # sound
    return ("empty", "no words") if words and not any(words) else ("ok", "")


def _words(answer: Any) -> list[str]:
    """Every text that stands where words stand in an answer, without the space around it."""
    if isinstance(answer, list):
        return [word for each in answer for word in _words(each)]
    if not isinstance(answer, dict):
        return []
    own = [value.strip() for key, value in answer.items() if key in _SAID and isinstance(value, str)]
    return own + [word for value in answer.values() for word in _words(value)]
