"""Speech and model as services that an agent depends on: what was said, what to answer, how it sounds.

    POST recognition/recognise  {"call", "seq", "votes"}            -> {"intent"}
    POST model/reply            {"call", "seq", "intent", "outcome"} -> {"text"}
    POST synthesis/speak        {"call", "seq", "text", "degraded"}  -> audio/basic, G.711 mu-law
    GET  .../health

Theory: what matters of them to a platform is how long they take and whether they answer at all, so that is
all that is real here. Each listens at an address of its own and is reached through a fault proxy, where they
are hurt; all three are one process, as none of them is ever hurt in itself.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

from aiohttp import web

from drill.sandbox import endpointing, pace, service, settings, speech
from drill.sandbox.settings import StagesConfig


class Stages:
    """Handlers of all three."""

    def __init__(self, config: StagesConfig) -> None:
        self._settings = config.settings

    def app(self, stage: str) -> web.Application:
        """One stage's routes."""
        path, handler = {
            pace.RECOGNITION: ("/recognise", self.recognise),
            pace.MODEL: ("/reply", self.reply),
            pace.SYNTHESIS: ("/speak", self.speak),
        }[stage]
        app = web.Application(client_max_size=1 << 16)
        app.router.add_get("/health", self.health)
        app.router.add_post(path, handler)
        return app

    async def health(self, _request: web.Request) -> web.Response:
        """200 always."""
        return web.json_response({"status": "ok"})

    async def recognise(self, request: web.Request) -> web.Response:
        """What most of an utterance sounded like."""
        asked = await self._waited(request, pace.RECOGNITION)
        try:
            intent = endpointing.elected([int(vote) for vote in asked["votes"]])
        except (KeyError, TypeError, ValueError) as error:
            raise web.HTTPBadRequest(text=f"no votes: {error}\n") from error
        return web.json_response({"intent": intent})

    async def reply(self, request: web.Request) -> web.Response:
        """Words for what came of a turn."""
        asked = await self._waited(request, pace.MODEL)
        return web.json_response({"text": f"{asked.get('intent')}: {asked.get('outcome')}"})

    async def speak(self, request: web.Request) -> web.Response:
        """The words as sound."""
        asked = await self._waited(request, pace.SYNTHESIS)
        length_ms = pace.answer_ms(self._settings, str(asked["call"]), int(asked["seq"]))
        sound = b"".join(speech.pieces(length_ms, degraded=asked.get("degraded") is True))
        return web.Response(body=sound, content_type="audio/basic")

    async def _waited(self, request: web.Request, stage: str) -> Mapping[str, Any]:
        """What is asked, once the stage has taken its time."""
        try:
            asked = dict(await request.json())
            wait_s = pace.stage_s(self._settings, stage, str(asked["call"]), int(asked["seq"]))
        except (KeyError, TypeError, ValueError) as error:
            raise web.HTTPBadRequest(text=f"not asked as agreed: {error}\n") from error
        await asyncio.sleep(wait_s)
        return asked


async def serve(config: StagesConfig, stop: asyncio.Event) -> None:
    """Answer until told to stop."""
    stages = Stages(config)
    async with AsyncExitStack() as held:
        for name in pace.STAGES:
            host, _, port = config.listen[name].rpartition(":")
            await held.enter_async_context(service.listening(stages.app(name), host, int(port)))
        await stop.wait()


if __name__ == "__main__":
    sys.exit(service.main("drill.sandbox.stages", settings.stages, serve))
