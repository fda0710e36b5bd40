"""An application with recovery, whose clients say what its handlers do. ``env.JUDGE`` is told before anything is done."""

from dataclasses import replace
from typing import Any

from pyodide.ffi import JsException
from workers import WorkerEntrypoint

from engine_do import EngineConfig
from engine_do.durable import EngineActor, route
from socketio_do import NamespaceRoutes
from socketio_do.durable import SocketActor

CONFIG = EngineConfig(
    path="/socket.io/",
    actors=2,
    choose_actor=lambda request: int(request.query["engine"]),
    choose_peer=NamespaceRoutes(lambda namespace: "other" if namespace == "/other" else "main"),
    max_messages_per_s=None,
    max_bytes_per_s=None,
)

#: Where sockets and application are in one object.
ONE_OBJECT = replace(CONFIG, choose_peer=None)


class Engine(EngineActor):
    config = CONFIG
    peer_binding = "SOCKET"


class Application(SocketActor):
    handler_timeout_s = 100_000

    @property
    def options(self) -> dict[str, Any]:  # type: ignore[override]
        return {"connection_state_recovery": self.env.JUDGE.recovery}

    def configure(self, sio: Any) -> None:
        self.sio, self.judge = sio, self.env.JUDGE
        for namespace in ("/", "/other"):
            for event, handler in (("connect", self.enter), ("say", self.say), ("disconnect", self.part)):
                sio.on(event, handler, namespace=namespace)
            sio.on_recovered(self.come_back, namespace=namespace)
            if self.judge.has_middleware:
                sio.use(self.judge.look_at, namespace=namespace)

    async def enter(self, sid: str, environ: Any, auth: Any) -> bool:
        del environ
        socket = self.judge.connecting(str(self.ctx.id.name), sid, *auth["who"])
        for deed, argument in auth["plan"]:
            if deed == "refuse":
                socket.is_refused = True
                return False
            await self.do(socket, deed, argument)
        socket.is_accepted = True
        return True

    async def come_back(self, sid: str) -> None:
        self.judge.came_back(sid)
        assert self.sio.recovered(sid)

    async def say(self, sid: str, number: int, plan: Any) -> int:
        socket = self.judge.found(sid)
        socket.begin(number)
        for deed, argument in plan:
            await self.do(socket, deed, argument)
        socket.end(number)
        self.judge.note("event handled")
        return number

    async def part(self, sid: str, reason: str) -> None:
        self.judge.parting(sid, reason)
        if self.judge.may_suspend_parting():
            await self.judge.suspend()
        self.judge.found(sid).is_gone = True

    async def do(self, socket: Any, deed: str, argument: Any) -> None:
        """Do a deed; where storage is full it is not done."""
        try:
            await self.do_at_once(socket, deed, argument)
        except JsException as error:
            if "SQLITE_FULL" not in str(error):
                raise
            self.judge.note("a handler could not write")

    async def do_at_once(self, socket: Any, deed: str, argument: Any) -> None:
        sio, sid, namespace = self.sio, socket.sid, socket.namespace
        is_there = sio.manager._socket(sid, namespace) is not None
        match deed:
            case "suspend":
                await self.judge.suspend()
            case "emit":
                await self.emit(socket, **argument)
            case "enter" if is_there:
                await sio.enter_room(sid, argument, namespace=namespace)
                socket.rooms.add(argument)
            case "leave" if is_there:
                await sio.leave_room(sid, argument, namespace=namespace)
                socket.rooms.discard(argument)
            case "close room":
                for other in self.judge.known.values():  # those that are about to connect, too
                    if other.namespace == namespace and other.server == socket.server:
                        other.rooms.discard(argument)
                await sio.close_room(argument, namespace=namespace)
            case "save" if is_there:
                await sio.save_session(sid, {"number": argument}, namespace=namespace)
                socket.data = argument
            case "kick" if sio.manager.is_connected(sid, namespace):
                self.judge.kicked(socket)
                await sio.disconnect(sid, namespace=namespace)

    async def emit(self, socket: Any, room: str, kind: str = "news", size: int = 0) -> None:
        """Emit to oneself ("self"), to everybody of the namespace ("all"), or to a room, once or several times."""
        namespace, sid, sio = socket.namespace, socket.sid, self.sio
        to = {"self": sid, "all": None}.get(room, room)
        if room == "self":
            known = [sid] if sio.manager._socket(sid, namespace) is not None else []
        else:
            known = self.judge.members(str(self.ctx.id.name), namespace, to)
            if sio.manager.is_pre_connected(sid, namespace) and (to is None or to in socket.rooms):
                known = [*known, sid]
        options: dict[str, Any] = {}
        match kind:
            case "skip":
                options, known = {"skip_sid": sid}, [one for one in known if one != sid]
            case "except":
                left_out = {*self.judge.members(str(self.ctx.id.name), namespace, "red")}
                left_out |= {sid} if "red" in socket.rooms else set()
                options, known = {"except_rooms": "red"}, [one for one in known if one not in left_out]
            case "volatile":
                options = {"volatile": True}
            case "ask" if sio.manager.is_connected(sid, namespace):
                to, known = sid, [sid]
                options = {"callback": lambda *answer: None}
        number = self.judge.emitted(known, kind)
        data = [number, "x" * size] if size else number
        try:
            await sio.emit("news", data, to=to, namespace=namespace, **options)
        except JsException:
            self.judge.not_emitted(known, number)
            raise

    async def shout(self, namespace: str, room: str | None) -> None:
        """Emit outside of all events."""
        number = self.judge.emitted(self.judge.members(str(self.ctx.id.name), namespace, room), "news")
        await self.sio.emit("news", number, to=room, namespace=namespace)


class Socket(Application):
    peer_binding = "ENGINE"


class Chat(Application, EngineActor):
    config = ONE_OBJECT


class Default(WorkerEntrypoint):
    async def fetch(self, request: Any) -> Any:
        version = self.env.CF_VERSION_METADATA.id
        if self.env.JUDGE.is_split:
            return await route(request, self.env.ENGINE, CONFIG, version=version)
        return await route(request, self.env.CHAT, ONE_OBJECT, version=version)
