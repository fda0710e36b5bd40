"""An application whose clients say what its handlers do, in one object or two. ``env.JUDGE`` is told before anything is done."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import socketio.exceptions
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


def is_side(namespace: str, environ: Any, auth: Any) -> bool:
    """Let namespaces in that are nobody's by name: their rows tell it after sleep."""
    del environ, auth
    return namespace.startswith("/side-")


def past_namespace(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Leave out the namespace that the handlers of a parent are told first."""

    async def handle(namespace: str, *arguments: Any) -> Any:
        del namespace
        return await handler(*arguments)

    return handle


class Application(SocketActor):
    handler_timeout_s = 100_000

    def configure(self, sio: Any) -> None:
        self.sio, self.judge = sio, self.env.JUDGE
        handlers: dict[str, Callable[..., Any]] = {
            "connect": self.enter,
            "say": self.say,
            "blob": self.say,
            "disconnect": self.part,
        }
        for event, handler in handlers.items():
            for namespace in ("/", "/other"):
                sio.on(event, handler, namespace=namespace)
            sio.on(event, past_namespace(handler), namespace=is_side)

        sio.on_answer("kept", self.answered)
        sio.on_no_answer("kept", self.not_answered)

    async def answered(self, context: Any, sid: str, answer: int) -> None:
        del sid
        assert answer == context, f"question {context}: the answer to another one"
        self.judge.settled(context, self.life, "answered later")

    async def not_answered(self, context: Any, sid: str, reason: str) -> None:
        del sid
        self.judge.settled(context, self.life, f"not answered: {reason}")

    async def enter(self, sid: str, environ: Any, auth: Any) -> bool:
        del environ
        stream = self.judge.connecting(sid, *auth["who"])
        for deed, argument in auth["plan"]:
            if deed == "refuse":
                self.judge.expect(stream, stream.write("4"), is_own=True)
                if argument:
                    raise socketio.exceptions.ConnectionRefusedError("no")
                return False
            try:
                await self.do(stream, deed, argument)
            except asyncio.CancelledError:  # its session holds too much, and is closed
                self.judge.expect(stream, stream.write("4"), is_own=False)
                raise
        self.judge.expect(stream, stream.write("0"), is_own=True)
        stream.is_accepted = True
        return True

    async def say(self, sid: str, number: int, plan: Any, blob: bytes | None = None) -> int:
        stream = self.judge.stream(sid)
        assert blob is None or blob == bytes([number % 256]), f"{sid}: the attachment of another event"
        stream.begin(number)
        for deed, argument in plan:
            await self.do(stream, deed, argument)
        if self.sio.manager.is_connected(sid, stream.namespace):  # nothing follows a DISCONNECT
            self.judge.expect(stream, f"{stream.write('3')}{number}[{number}]", is_own=True)
        stream.done += 1
        self.judge.note("event handled")
        return number

    async def part(self, sid: str, reason: str) -> None:
        del reason
        stream = self.judge.stream(sid)
        assert stream.is_accepted, f"{sid}: disconnected, though it was never connected"
        is_repeated = self.judge.was_full(self.ctx.id.name)  # that the socket is gone could not be written
        assert is_repeated or not stream.is_gone, f"{sid}: disconnected twice"
        if self.judge.may_suspend_parting():
            await self.judge.suspend()
        stream.is_gone = True

    async def do(self, stream: Any, deed: str, argument: Any) -> None:
        """Do a deed; where storage is full it is not done."""
        try:
            await self.do_at_once(stream, deed, argument)
        except JsException as error:
            if "SQLITE_FULL" not in str(error):
                raise
            self.judge.note("a handler could not write")

    async def do_at_once(self, stream: Any, deed: str, argument: Any) -> None:
        sio, sid, namespace = self.sio, stream.socket_sid, stream.namespace
        is_there = sio.manager._socket(sid, namespace) is not None
        match deed:
            case "suspend":
                await self.judge.suspend()
            case "emit":
                await self.emit(stream, argument)
            case "ask":
                await self.ask(stream)
            case "expect" if sio.manager.is_connected(sid, namespace):
                await self.expect(stream, *argument)
            case "enter" if is_there:
                await sio.enter_room(sid, argument, namespace=namespace)
                self.judge.enter(str(self.ctx.id.name))
                stream.rooms.add(argument)
            case "leave":
                await sio.leave_room(sid, argument, namespace=namespace)
                stream.rooms.discard(argument)
            case "save" if is_there:
                await sio.save_session(sid, {"number": argument}, namespace=namespace)
                stream.data = argument
            case "kick" if sio.manager.is_connected(sid, namespace):
                stream.is_kicked = True
                self.judge.expect(stream, stream.write("1"), is_own=True)
                await sio.disconnect(sid, namespace=namespace)
            case "close":
                stream.is_kicked = True
                await sio.disconnect_sockets(sid, namespace=namespace, close=True)

    async def emit(self, stream: Any, room: str) -> None:
        """Emit to oneself ("self"), to everybody of the namespace ("all"), or to a room."""
        number, namespace = self.judge.next_emission(), stream.namespace
        to = {"self": stream.socket_sid, "all": None}.get(room, room)
        for socket_sid in self.recipients(stream, room):
            other = self.judge.stream(socket_sid)
            self.judge.expect(other, other.write("2", ["news", number]), is_own=other.client is stream.client)
        await self.sio.emit("news", number, to=to, namespace=namespace)

    def recipients(self, stream: Any, room: str) -> list[str]:
        if room == "self":
            is_there = self.sio.manager._socket(stream.socket_sid, stream.namespace) is not None
            return [stream.socket_sid] if is_there else []
        found = self.judge.members(str(self.ctx.id.name), stream.namespace, None if room == "all" else room)
        is_pending = self.sio.manager.is_pre_connected(stream.socket_sid, stream.namespace)
        hears = is_pending and (room == "all" or room in stream.rooms)
        return [*found, stream.socket_sid] if hears else found

    async def ask(self, stream: Any) -> None:
        """Ask the client something, and wait for its answer."""
        if not self.sio.manager.is_connected(stream.socket_sid, stream.namespace):
            return
        number = self.judge.next_emission()
        self.judge.expect(stream, stream.write("2", ["ask", number]), is_own=True)
        try:
            answer = await self.sio.call("ask", number, to=stream.socket_sid, namespace=stream.namespace, timeout=50)
        except (socketio.exceptions.TimeoutError, socketio.exceptions.DisconnectedError):
            self.judge.note("not answered")
        else:
            assert answer == number, f"{stream.socket_sid}: the answer to another question"
            self.judge.note("answered")

    async def expect(self, stream: Any, question: str, timeout: float) -> None:
        """Ask the client something, and wait for its answer across sleep; of "quiet" there is none."""
        number = self.judge.next_emission()
        self.judge.expect(stream, stream.write("2", [question, number]), is_own=True)
        kept = {"callback": "kept", "callback_context": number, "timeout": timeout}
        await self.sio.emit(question, number, to=stream.socket_sid, namespace=stream.namespace, **kept)
        if self.sio.manager.is_connected(stream.socket_sid, stream.namespace):
            self.judge.asked[number] = self.life

    async def shout(self, namespace: str, room: str | None) -> None:
        """Emit outside of all events."""
        number = self.judge.next_emission()
        for socket_sid in self.judge.members(str(self.ctx.id.name), namespace, room):
            stream = self.judge.stream(socket_sid)
            self.judge.expect(stream, stream.write("2", ["news", number]), is_own=False)
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
