"""The whole composition: two Durable Objects and the Worker in front of them."""

import json

import socketio
from workers import Request, Response, WorkerEntrypoint

import chat
from engine_do import EngineConfig
from engine_do.durable import EngineActor, route
from socketio_do.durable import SocketActor

ENGINE = EngineConfig(path="/socket.io/")


class Engine(EngineActor):
    """Holds the clients' sockets, asleep or awake."""

    config = ENGINE
    peer_binding = "SOCKET"


class Socket(SocketActor):
    """Runs the chat."""

    peer_binding = "ENGINE"

    def configure(self, sio: socketio.AsyncServer) -> None:
        """Add the application; called once per life of the object."""
        chat.register(sio, self.lives)


class Default(WorkerEntrypoint):
    """Passes Socket.IO requests to the engine; the platform serves the page from `public/`."""

    async def fetch(self, request: Request) -> Response:
        """Answer a request that no static file answers."""
        if request.method == "GET" and request.url.endswith("/counters"):
            engine = await self.env.ENGINE.getByName("e0").counters()
            socket = await self.env.SOCKET.getByName("main").counters()
            return Response.from_json({"engine": json.loads(engine), "socket": json.loads(socket)})
        return await route(request, self.env.ENGINE, ENGINE)
