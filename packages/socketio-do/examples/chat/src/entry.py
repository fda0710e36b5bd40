import chat
from workers import WorkerEntrypoint

from engine_do import EngineConfig
from engine_do.durable import EngineActor, route
from socketio_do.durable import SocketActor

ENGINE = EngineConfig(path="/socket.io/")


class Engine(EngineActor):
    """Holds the clients' sockets."""

    config = ENGINE
    peer_binding = "SOCKET"


class Socket(SocketActor):
    """Runs the chat."""

    peer_binding = "ENGINE"

    def configure(self, sio):
        chat.register(sio)


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await route(request, self.env.ENGINE, ENGINE)
