"""Is it there, does it answer: one connection a question, and a deadline on each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from drill.sandbox.layout import Address

DEADLINE_S = 1.0
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Check:
    """A TCP address, or with `path` an HTTP resource."""

    address: Address
    path: str = ""


class SilentError(Exception):
    """No usable answer; the text says what happened."""


async def ready(check: Check) -> bool:
    """Whether it does its work: connects, or answers 200."""
    try:
        if not check.path:
            return await connects(check.address)
        return (await request(check.address, "GET", check.path))[0] == 200
    except SilentError:
        return False


async def alive(check: Check) -> bool:
    """Whether anything answers. A service that says "not ready" is no reason to restart it."""
    try:
        if not check.path:
            return await connects(check.address)
        await request(check.address, "GET", check.path)
    except SilentError:
        return False
    return True


async def connects(address: Address) -> bool:
    """Whether something accepts connections."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            _, writer = await asyncio.open_connection(*address)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def request(address: Address, method: str, path: str, body: str = "") -> tuple[int, str]:
    """Status and body of one HTTP/1.1 exchange on a connection of its own."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body.encode())}\r\n\r\n"
    )
    try:
        async with asyncio.timeout(DEADLINE_S):
            answer = await _exchange(address, (head + body).encode())
    except (OSError, TimeoutError) as error:
        raise SilentError(f"{method} http://{address}{path}: {error or 'no answer in time'}") from error
    first, _, rest = answer.partition("\r\n")
    words = first.split()
    if len(words) < 2 or not words[1].isdigit():
        raise SilentError(f"{method} http://{address}{path}: {first!r} is no HTTP answer")
    return int(words[1]), rest.partition("\r\n\r\n")[2]


async def _exchange(address: Address, message: bytes) -> str:
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(message)
        chunks, size = [], 0
        while size < _MOST_BYTES and (chunk := await reader.read(65536)):
            chunks.append(chunk)
            size += len(chunk)
        return b"".join(chunks).decode("utf-8", errors="replace")
    finally:
        writer.close()


async def until(holds: Callable[[], Awaitable[bool]], every_s: float) -> None:
    """Ask until it holds; whoever waits sets the deadline."""
    while not await holds():  # noqa: ASYNC110  # what is asked for is another process's state, and that sends no event
        await asyncio.sleep(every_s)
