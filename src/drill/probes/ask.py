"""What every question has in common: a deadline, a bounded word for what went wrong, and the clock."""

from __future__ import annotations

import time

import aiohttp

from drill.model.events import ClockAnchor

ASK_TIMEOUT_S = 1.0
PAGE_MAX = 4_000_000
# No answer in time, or none at all; and a page of another shape than was agreed (the last four).
FAILURES = (aiohttp.ClientError, OSError, ValueError, LookupError, TypeError, AttributeError)


def clock_anchor() -> ClockAnchor:
    """UTC and monotonic time read back to back; the uncertainty is the width of the reading."""
    before = time.monotonic_ns()
    utc_ns = time.time_ns()
    return ClockAnchor(utc_ns, time.monotonic_ns() - before)


async def text(session: aiohttp.ClientSession, url: str, *, any_status: bool = False) -> str:
    """The page at a URL within ASK_TIMEOUT_S; one of FAILURES when there is none, or when its status is
    400 or above, unless `any_status` is good."""
    timeout = aiohttp.ClientTimeout(total=ASK_TIMEOUT_S)
    async with session.get(url, timeout=timeout) as response:
        if not any_status:
            response.raise_for_status()
        return (await body(response)).decode("utf-8", "replace")


async def body(response: aiohttp.ClientResponse) -> bytes:
    """An answer's bytes; ValueError when there are more than PAGE_MAX: whoever answers may never end."""
    page = b""
    async for part in response.content.iter_chunked(65536):
        page += part
        if len(page) > PAGE_MAX:
            raise ValueError(f"a page of more than {PAGE_MAX} bytes")
    return page


async def listen_address(session: aiohttp.ClientSession, api: str, proxy: str) -> str:
    """Where a fault proxy listens, as its API says: `host:port`. One of FAILURES when it does not say."""
    timeout = aiohttp.ClientTimeout(total=5)
    async with session.get(f"{api}/proxies/{proxy}", timeout=timeout) as response:
        response.raise_for_status()
        return str((await response.json())["listen"])


def say(error: BaseException) -> str:
    """An error's class and a bounded text: never a body, which might hold patient data."""
    return f"{type(error).__name__}: {str(error)[:120]}".rstrip(": ")


def since_ms(began_s: float) -> float:
    """Milliseconds since a reading of the monotonic clock."""
    return round((time.monotonic() - began_s) * 1000, 1)
