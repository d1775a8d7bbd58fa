"""echo HOST PORT: the echo server where there is no C compiler; like echo.c, only slower."""

from __future__ import annotations

import sys

from aiohttp import WSMsgType, web


async def _echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(compress=False, autoping=True)
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
    return socket


if __name__ == "__main__":
    app = web.Application()
    app.router.add_get("/{tail:.*}", _echo)
    web.run_app(app, host=sys.argv[1], port=int(sys.argv[2]), print=None)
