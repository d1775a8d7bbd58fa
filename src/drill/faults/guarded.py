"""One HTTP request to a control API, with a deadline over the whole of it.

requests' own timeout is per read: an answer that drips never ends. So the call is made in a thread; one
that is left behind ends with its connection or with us.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import Any

import requests

SAID_MAX = 200


def send(method: str, url: str, json: Any = None, *, deadline_s: float) -> requests.Response:
    """The answer, whatever its status; TimeoutError or requests.RequestException when there is none."""
    result: Future[requests.Response] = Future()

    def work() -> None:
        try:
            result.set_result(_send(method, url, json, deadline_s))
        except requests.RequestException as error:
            result.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return result.result(deadline_s)


def refusal(response: requests.Response) -> str:
    """What the API says of itself: its `error`, bounded. Never a body: who answers may be somebody else."""
    try:
        said = response.json()["error"]
    except (ValueError, LookupError, TypeError):
        return ""
    return " ".join(said[:SAID_MAX].split()) if isinstance(said, str) else ""


def _send(method: str, url: str, json: Any, deadline_s: float) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False  # an HTTP proxy of the environment is no way to a control API
        return session.request(method, url, json=json, timeout=deadline_s, allow_redirects=False)
