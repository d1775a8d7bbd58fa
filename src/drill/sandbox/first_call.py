"""The first call after a restore: a voice agent is started on a restored copy, and a caller presses a key.

    python -m drill.sandbox.first_call --dsn "host=/folder dbname=voice"

For a place where nothing else answers: speech, model and EHR are away, and the agent says what it has at
hand. What counts is that it takes a call, and that the turn it tells of is in the copy. The last line of
output says what came of it; exit code 1 when nothing did.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
from psycopg.conninfo import make_conninfo

from drill.sandbox.agent import serve
from drill.sandbox.layout import STAGES
from drill.sandbox.settings import AgentConfig

HOST, PORT, NOWHERE = "127.0.0.1", 17001, "http://127.0.0.1:9"
DEADLINE_S, POLL_S = 20.0, 0.05


async def first_call(dsn: str) -> str:
    """What came of it; an exception when nothing did."""
    stages = dict.fromkeys(STAGES, NOWHERE)
    agent = AgentConfig("restored", HOST, PORT, f"{NOWHERE}/fhir", dsn, "", Path(os.devnull), stages)
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(agent, stop))
    try:
        async with asyncio.timeout(DEADLINE_S):
            told = await _call(serving, f"CA-first-{secrets.token_hex(4)}")
            _, seq, outcome, turn_id, _, digest = told.split(":")
            async with await psycopg.AsyncConnection.connect(dsn) as copy:
                query = "SELECT digest FROM turn WHERE turn_id = %s"
                if await (await copy.execute(query, (turn_id,))).fetchone() != (digest,):
                    raise LookupError(f"turn {turn_id} was told of and is not in the copy")
    finally:
        stop.set()
        await serving
    return f"a voice agent on the copy took a call; its turn {seq} was told ({outcome}) and is stored"


async def _call(serving: asyncio.Task[None], call_sid: str) -> str:
    """The mark of the turn that pressing a key makes."""
    given = {"patient": "synthetic-0001", "synthetic": "1", "drill_id": "first-call"}
    start = {"streamSid": "MZ1", "callSid": call_sid, "customParameters": given}
    async with aiohttp.ClientSession() as session:
        socket = await _connected(session, serving)
        await socket.send_json({"event": "start", "start": start, "streamSid": "MZ1"})
        await socket.send_json({"event": "dtmf", "dtmf": {"digit": "1"}, "streamSid": "MZ1"})
        async for message in socket:
            frame: dict[str, Any] = json.loads(message.data)
            if str(frame.get("mark", {}).get("name")).startswith("turn:"):
                await socket.send_json({"event": "stop", "stop": {}, "streamSid": "MZ1"})
                return str(frame["mark"]["name"])
    raise ConnectionError("the agent hung up before it told of a turn")


async def _connected(
    session: aiohttp.ClientSession, serving: asyncio.Task[None]
) -> aiohttp.ClientWebSocketResponse:
    while not serving.done():
        try:
            return await session.ws_connect(f"ws://{HOST}:{PORT}/media")
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(POLL_S)
    serving.result()
    raise ConnectionError("the agent ended")


def main() -> int:
    """0 when the turn is in the copy."""
    parser = argparse.ArgumentParser(prog="python -m drill.sandbox.first_call")
    parser.add_argument("--dsn", required=True)
    dsn = make_conninfo(parser.parse_args().dsn, user="drill")  # the agents' own role
    try:
        print(asyncio.run(first_call(dsn)))
    except (OSError, TimeoutError, LookupError, ValueError, psycopg.Error, aiohttp.ClientError) as error:
        print(f"no call: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
