"""The composition: news.py has the application; a cron tells its readers the headline every hour."""

from typing import Any

import news
import socketio
from workers import Request, Response, WorkerEntrypoint

from engine_do import EngineConfig
from engine_do.durable import EngineActor, route
from socketio_do.durable import Emitter, SocketActor

ENGINE = EngineConfig(path="/socket.io/")


class Engine(EngineActor):
    config = ENGINE
    peer_binding = "SOCKET"


class Socket(SocketActor):
    peer_binding = "ENGINE"

    def configure(self, sio: socketio.AsyncServer) -> None:
        news.register(sio, self.env, self.ctx.storage)


class Default(WorkerEntrypoint):
    async def fetch(self, request: Request) -> Response:
        return await route(request, self.env.ENGINE, ENGINE)

    async def scheduled(self, controller: Any, env: Any, ctx: Any) -> None:
        headline = await self.env.NEWS.get("headline")
        if headline is not None:
            await Emitter(self.env.SOCKET).emit("headline", headline, room="readers")
