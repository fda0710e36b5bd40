"""The composition: rooms.py has the application, clock.py the object that ticks."""

import rooms
import socketio
from clock import Clock
from workers import Request, Response, WorkerEntrypoint

from engine_do import EngineConfig
from engine_do.durable import EngineActor, route
from socketio_do.durable import SocketActor

__all__ = ["Clock", "Default", "Engine", "Socket"]

ENGINE = EngineConfig(path="/socket.io/")


class Engine(EngineActor):
    config = ENGINE
    peer_binding = "SOCKET"


class Socket(SocketActor):
    peer_binding = "ENGINE"

    def configure(self, sio: socketio.AsyncServer) -> None:
        rooms.register(sio, self.start_clock)

    async def start_clock(self) -> None:
        await self.env.CLOCK.getByName("main").start()


class Default(WorkerEntrypoint):
    async def fetch(self, request: Request) -> Response:
        return await route(request, self.env.ENGINE, ENGINE)
