import chat
from workers import WorkerEntrypoint

from engine_do import EngineConfig
from engine_do.durable import EngineActor, route
from socketio_do.durable import SocketActor

CONFIG = EngineConfig(path="/socket.io/")


class Chat(SocketActor, EngineActor):
    """Runs the chat, and holds its clients' sockets."""

    config = CONFIG

    def configure(self, sio):
        chat.register(sio)


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await route(request, self.env.CHAT, CONFIG)
