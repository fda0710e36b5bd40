"""The actors of one build. Of another there is a copy of this module with other imports, which the test makes."""

from dataclasses import replace
from typing import Any, ClassVar

import builds_app

from engine_do import EngineConfig
from engine_do.durable import EngineActor, route
from shared_wire.durable import raw
from socketio_do.durable import SocketActor
from socketio_do.server import recovery

__all__ = ["ALONE", "ONE", "RPC", "TWO", "Alone", "Chat", "Engine", "RpcEngine", "RpcSocket", "Socket", "route"]

#: Pings that come within a test; an object is put to sleep by force.
TWO = EngineConfig(
    path="/two/",
    actors=2,
    choose_actor=lambda request: int(request.query.get("engine", "0")),
    ping_interval_ms=400,
    ping_timeout_ms=85_000,
)
#: Without streams: an object that has opened one is not put to sleep.
RPC = replace(TWO, path="/rpc/", stream=False)
ONE = replace(TWO, path="/one/", actors=1, choose_actor=None)
ALONE = replace(ONE, path="/alone/")


#: What is put to sleep by force counts as having slept: else who may lack what was sent just before is closed, and recovered.
vars(recovery)["_ON_THE_WAY_MS"] = -1


class Engine(EngineActor):
    config = TWO
    peer_binding: ClassVar[str | None] = "SOCKET"


class Socket(SocketActor):
    peer_binding: ClassVar[str | None] = "ENGINE"
    options = {"connection_state_recovery": {"max_disconnection_s": 60}}  # noqa: RUF012

    def configure(self, sio: Any) -> None:
        builds_app.register(sio, raw(self.ctx.storage).kv)


class RpcEngine(Engine):
    config = RPC
    peer_binding: ClassVar[str | None] = "RPC_SOCKET"


class RpcSocket(Socket):
    peer_binding: ClassVar[str | None] = "RPC_ENGINE"


class Chat(Socket, EngineActor):
    config = ONE
    peer_binding: ClassVar[str | None] = None


class Alone(EngineActor):
    """Numbers without Socket.IO."""

    config = ALONE

    async def on_connect(self, sid: str, environ: dict[str, str]) -> bool | None:
        del environ
        builds_app.count(raw(self.ctx.storage).kv, "connects")
        await self.save_session(sid, {"up": 0})
        return None

    async def on_message(self, sid: str, data: str | bytes) -> None:
        number = int(data)
        async with self.session(sid) as session:
            if number != session["up"] + 1:
                builds_app.count(raw(self.ctx.storage).kv, "gaps")
            session["up"] = number
        await self.send(sid, data)

    async def on_disconnect(self, sid: str, reason: str) -> None:
        del sid, reason
        builds_app.count(raw(self.ctx.storage).kv, "disconnects")
