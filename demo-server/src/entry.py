"""The whole composition: a Durable Object and the Worker in front of it; or, with ``PLACEMENT`` set to ``split``, two of them."""

import json
from typing import Any
from urllib.parse import urlsplit

from workers import Request, Response, WorkerEntrypoint

import announcements
import boards
import chat
import doors
import roll
import rooms
from engine_do import EngineConfig
from engine_do.durable import EngineActor, route
from socketio_do import DurableServer
from socketio_do.durable import Emitter, SocketActor
from store import Store

CONFIG = EngineConfig(path="/socket.io/")


class Application(SocketActor):
    """The chat, wherever its clients' sockets are."""

    #: Whoever loses the connection keeps its place for so long; whoever closes the page is seen to go as much later.
    options = {"connection_state_recovery": {"max_disconnection_s": 30}}  # noqa: RUF012

    def configure(self, sio: DurableServer) -> None:
        """Add the application; called once per life of the object."""
        store = Store(self.execute)
        chat.register(sio, self.lives)
        doors.register(sio, self.lives)
        boards.register(sio, store, self.lives)
        roll.register(sio, store, self.lives, float(self.env.ROLL_SECONDS))

    def execute(self, statement: str, *parameters: Any) -> list[list[Any]]:
        """Run a statement in the object's own SQLite."""
        return [list(row) for row in self.ctx.storage.sql.exec(statement, *parameters).raw()]


class Chat(Application, EngineActor):
    """Runs the chat, and holds its clients' sockets, asleep or awake."""

    config = CONFIG


class Engine(EngineActor):
    """Holds the clients' sockets where the chat runs in another object."""

    config = CONFIG
    peer_binding = "SOCKET"


class Socket(Application):
    """Runs the chat where the sockets are in another object."""

    peer_binding = "ENGINE"


class Default(WorkerEntrypoint):
    """Passes Socket.IO requests to the engine; the platform serves the page from `public/`."""

    async def fetch(self, request: Request) -> Response:
        """Answer a request that no static file answers."""
        path = urlsplit(request.url).path
        if path == "/announce":
            return await self.announce(request)
        if path == "/counters":
            return await self.counters()
        # Plain workerd has no versions.
        version = getattr(getattr(self.env, "CF_VERSION_METADATA", None), "id", "")
        return await route(request, self.env.ENGINE if self.is_split else self.env.CHAT, CONFIG, version=version)

    @property
    def is_split(self) -> bool:
        """Whether sockets and chat are in two objects."""
        return bool(self.env.PLACEMENT == "split")

    async def announce(self, request: Request) -> Response:
        """Say something into a room, from outside."""
        headers, token = request.headers, getattr(self.env, "ANNOUNCE_TOKEN", None)
        try:
            announcements.admit(request.method, headers.get("authorization"), headers.get("content-length"), token)
            room, text = announcements.read(await request.text())
        except announcements.Refused as refused:
            return Response.from_json({"ok": False, "error": str(refused)}, status=refused.status)
        emitter = Emitter(self.env.SOCKET) if self.is_split else Emitter(self.env.CHAT, "e0")
        await emitter.emit("announced", {"room": room, "text": text}, room=rooms.key(room))
        return Response.from_json({"ok": True, "listeners": await emitter.room_size(rooms.key(room))})

    async def counters(self) -> Response:
        """Return what the objects' current lives have cost."""
        if not self.is_split:
            return Response.from_json({"chat": json.loads(await self.env.CHAT.getByName("e0").counters())})
        engine = await self.env.ENGINE.getByName("e0").counters()
        socket = await self.env.SOCKET.getByName("main").counters()
        return Response.from_json({"engine": json.loads(engine), "socket": json.loads(socket)})
