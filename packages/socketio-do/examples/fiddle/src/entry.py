"""The composition: fiddle.py has the application."""

import fiddle
import socketio
from workers import Request, Response, WorkerEntrypoint

from engine_do import EngineConfig
from engine_do.durable import EngineActor, route
from socketio_do.durable import SocketActor

ENGINE = EngineConfig(path="/socket.io/")


class Engine(EngineActor):
    config = ENGINE
    peer_binding = "SOCKET"


class Socket(SocketActor):
    peer_binding = "ENGINE"

    def configure(self, sio: socketio.AsyncServer) -> None:
        fiddle.register(sio)


class Default(WorkerEntrypoint):
    async def fetch(self, request: Request) -> Response:
        return await route(request, self.env.ENGINE, ENGINE)
