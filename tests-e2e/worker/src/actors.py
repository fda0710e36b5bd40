"""The test Worker's actors with probes, in several configurations."""

import asyncio
import json
import logging
from dataclasses import replace
from typing import Any, ClassVar

import app
import features
import hostile
import journal
import js
import ledger
import parity
import recovering
import several
import talk
from plain_packets import PlainPacket

from engine_do import EngineConfig
from engine_do.durable import EngineActor
from shared_wire.durable import raw
from socketio_do import NamespaceRoutes
from socketio_do.durable import SocketActor

TABLES = ("sessions", "sockets", "rooms")
LOGGED = ("sessions", "sockets", "parked", "log")

ENGINE = EngineConfig(path="/socket.io/", max_payload=100_000)
#: Several engine actors, for what is counted by actor, each call as an RPC; pings that do not come within a test.
WIDE = EngineConfig(path="/wide/", actors=2, ping_interval_ms=600_000, ping_timeout_ms=700_000, stream=False)
#: Intervals this short never let the objects sleep; the warning about them is expected.
FAST = EngineConfig(
    path="/fast/", ping_interval_ms=300, ping_timeout_ms=1_000, connect_timeout_ms=1_500, cors_allowed_origins="*"
)
FEATURES = EngineConfig(path="/features/")
BESIDE = EngineConfig(path="/beside/")
SEVERAL = EngineConfig(
    path="/several/",
    ping_interval_ms=3_000,
    choose_peer=NamespaceRoutes(several.actor_of),
    exclude_headers=["cookie"],
)
MSGPACK = EngineConfig(path="/msgpack/", max_payload=500_000)
PLAIN = EngineConfig(path="/plain/")
PARITY = EngineConfig(path="/parity/", ping_interval_ms=600_000, ping_timeout_ms=700_000)
#: Every limit as it is by default; pings that do not come within a test.
HOSTILE = EngineConfig(path="/hostile/", ping_interval_ms=600_000, ping_timeout_ms=700_000)
#: As Node's socket.io and python-socketio have it by default.
TALK = EngineConfig(path="/socket/", ping_interval_ms=6_000_000, ping_timeout_ms=5_000_000, max_payload=100_000)
#: Two engine actors whose alarms find the sessions a reset took within seconds; the warning is expected.
ROOMS = EngineConfig(path="/rooms/", actors=2, ping_interval_ms=5_000, ping_timeout_ms=30_000)

#: Several engine actors; pings that do not come within a test, so that a connection that is abandoned is not found dead by them.
RECOVERY = EngineConfig(path="/recovery/", actors=2, ping_interval_ms=600_000, ping_timeout_ms=700_000)
ONE_RECOVERY = replace(RECOVERY, actors=1)
#: The same, whose log is written later.
DEFERRED = replace(ONE_RECOVERY, path="/deferred/")
#: For what happens to the process and to the network: pings that find a silent connection within seconds; the warning is expected.
LEDGER = EngineConfig(path="/ledger/", ping_interval_ms=1_000, ping_timeout_ms=2_000)
#: The same, with clients that may come back.
LINES = replace(LEDGER, path="/lines/")

CONFIGS = {
    config.path.strip("/"): config
    for config in (
        *(WIDE, FAST, FEATURES, BESIDE, SEVERAL, MSGPACK, PLAIN, PARITY, ROOMS, HOSTILE),
        *(RECOVERY, DEFERRED, LEDGER, LINES),
    )
}


#: The objects that have lived in this process: of which class, and their names.
lived: set[tuple[str, str]] = set()


async def wipe(ctx: Any) -> None:
    """Forget what the object has stored, and end its life."""
    storage = raw(ctx.storage)
    await storage.deleteAlarm()
    await storage.deleteAll()
    await end_life(ctx)


async def end_life(ctx: Any) -> None:
    """End the object's life as a crash would.

    Aborting ends the running code where it stands. With Python's frames on the stack, as under the SDK's own `ctx.abort`, that
    leaves the interpreter, which all objects share, damaged: "memory access out of bounds" some aborts later. So a timer of
    JavaScript's does it, with nothing of Python's between.
    """
    inner = ctx._ctx  # the SDK wraps it
    js.setTimeout(inner.abort.bind(inner, "a test wants it"), 0)
    await asyncio.get_running_loop().create_future()


def talkative() -> logging.Logger:
    """Return a logger that says everything."""
    logger = logging.getLogger("talkative")
    logger.setLevel(logging.INFO)
    logger.addHandler(logging.StreamHandler())
    return logger


class Engine(EngineActor):
    config = ENGINE
    peer_binding: ClassVar[str | None] = "SOCKET"
    frames = 0
    alarms = 0

    def __init__(self, ctx: Any, env: Any) -> None:
        lived.add((type(self).__name__, str(ctx.id.name)))
        super().__init__(ctx, env)

    def webSocketMessage(self, ws: Any, message: Any) -> None:  # noqa: N802
        self.frames += 1
        super().webSocketMessage(ws, message)

    async def alarm(self, info: Any = None) -> None:
        self.alarms += 1
        await super().alarm(info)

    async def probe(self) -> str:
        sockets = raw(self.ctx.storage) and self.ctx.getWebSockets().length
        return json.dumps({"life": str(self.life), "frames": self.frames, "alarms": self.alarms, "sockets": sockets})

    async def kill(self) -> None:
        await end_life(self.ctx)

    async def wipe(self) -> None:
        await wipe(self.ctx)


class WideEngine(Engine):
    config = WIDE
    peer_binding: ClassVar[str | None] = "WIDE_SOCKET"


class FastEngine(Engine):
    config = FAST
    peer_binding: ClassVar[str | None] = "FAST_SOCKET"


class FeaturesEngine(Engine):
    config = FEATURES
    peer_binding: ClassVar[str | None] = "FEATURES_SOCKET"


class BesideEngine(Engine):
    config = BESIDE
    peer_binding: ClassVar[str | None] = "BESIDE_SOCKET"


class SeveralEngine(Engine):
    config = SEVERAL
    peer_binding: ClassVar[str | None] = "SEVERAL_SOCKET"


class MsgPackEngine(Engine):
    config = MSGPACK
    peer_binding: ClassVar[str | None] = "MSGPACK_SOCKET"


class PlainEngine(Engine):
    config = PLAIN
    peer_binding: ClassVar[str | None] = "PLAIN_SOCKET"


class ParityEngine(Engine):
    config = PARITY
    peer_binding: ClassVar[str | None] = "PARITY_SOCKET"


class RoomsEngine(Engine):
    config = ROOMS
    peer_binding: ClassVar[str | None] = "ROOMS_SOCKET"


class HostileEngine(Engine):
    config = HOSTILE
    peer_binding: ClassVar[str | None] = "HOSTILE_SOCKET"


class RecoveryEngine(Engine):
    config = RECOVERY
    peer_binding: ClassVar[str | None] = "RECOVERY_SOCKET"


class DeferredEngine(Engine):
    config = DEFERRED
    peer_binding: ClassVar[str | None] = "DEFERRED_SOCKET"


class LedgerEngine(Engine):
    config = LEDGER
    peer_binding: ClassVar[str | None] = "LEDGER_SOCKET"


class LinesEngine(Engine):
    config = LINES
    peer_binding: ClassVar[str | None] = "LINES_SOCKET"


class TalkEngine(Engine):
    config = TALK
    peer_binding: ClassVar[str | None] = "TALK_SOCKET"


class Socket(SocketActor):
    peer_binding: ClassVar[str | None] = "ENGINE"

    def __init__(self, ctx: Any, env: Any) -> None:
        lived.add((type(self).__name__, str(ctx.id.name)))
        super().__init__(ctx, env)

    def configure(self, sio: Any) -> None:
        app.register(sio, raw(self.ctx.storage).kv)

    async def probe(self) -> str:
        storage = raw(self.ctx.storage)
        rows = {table: storage.sql.exec(f"SELECT count(*) FROM sio_{table}").raw().toArray()[0][0] for table in TABLES}
        counts = {what: storage.kv.get(what) or 0 for what in ("connects", "disconnects", "gaps", "recovered")}
        return json.dumps({"life": str(self.life), **rows, **counts})

    async def kill(self) -> None:
        await end_life(self.ctx)

    async def wipe(self) -> None:
        await wipe(self.ctx)


class FastSocket(Socket):
    peer_binding: ClassVar[str | None] = "FAST_ENGINE"


class WideSocket(Socket):
    peer_binding: ClassVar[str | None] = "WIDE_ENGINE"
    options = {"namespaces": "*"}  # noqa: RUF012

    async def crowd(self) -> str:
        """Have ten thousand others, each a session of an engine actor that there is not, in a namespace and a room of its own."""
        membership = self._membership
        for number in range(10_000):
            engine_sid, socket_sid, namespace = f"{number:022}e9", f"{number:020}", f"/n{number}"
            membership.open_session(engine_sid, "e9", {})
            membership.begin(socket_sid, engine_sid, namespace)
            membership.enter(socket_sid, f"room {number}")
            membership.connect(socket_sid)
        return json.dumps(len(membership.namespaces()))


class FeaturesSocket(Socket):
    peer_binding: ClassVar[str | None] = "FEATURES_ENGINE"

    def configure(self, sio: Any) -> None:
        features.register(sio, raw(self.ctx.storage).kv)


class BesideSocket(Socket):
    peer_binding: ClassVar[str | None] = "BESIDE_ENGINE"
    options = {"async_handlers": True, "always_connect": True, "logger": talkative()}  # noqa: RUF012


class ParitySocket(Socket):
    peer_binding: ClassVar[str | None] = "PARITY_ENGINE"
    options = {"namespaces": [parity.PLAIN], "cleanup_empty_child_namespaces": True}  # noqa: RUF012

    def configure(self, sio: Any) -> None:
        parity.register(sio, raw(self.ctx.storage).kv)


class SeveralSocket(Socket):
    peer_binding: ClassVar[str | None] = "SEVERAL_ENGINE"
    options = {"namespaces": "*"}  # noqa: RUF012

    def configure(self, sio: Any) -> None:
        several.register(sio, str(self.ctx.id.name), raw(self.ctx.storage).kv)


class MsgPackSocket(Socket):
    peer_binding: ClassVar[str | None] = "MSGPACK_ENGINE"
    options = {"serializer": "msgpack"}  # noqa: RUF012


class PlainSocket(Socket):
    peer_binding: ClassVar[str | None] = "PLAIN_ENGINE"
    options = {"serializer": PlainPacket}  # noqa: RUF012


class RoomsSocket(Socket):
    peer_binding: ClassVar[str | None] = "ROOMS_ENGINE"

    def configure(self, sio: Any) -> None:
        self.journal = journal.Journal(raw(self.ctx.storage).sql, str(self.life))
        journal.register(sio, self.journal)

    async def read(self, after: int) -> str:
        return json.dumps(self.journal.read(after, 2_000))


class RecoverySocket(Socket):
    peer_binding: ClassVar[str | None] = "RECOVERY_ENGINE"
    options = {"connection_state_recovery": {"max_disconnection_s": 60}}  # noqa: RUF012

    def configure(self, sio: Any) -> None:
        recovering.register(sio, raw(self.ctx.storage).kv)

    async def probe(self) -> str:
        storage = raw(self.ctx.storage)
        rows = {table: storage.sql.exec(f"SELECT count(*) FROM sio_{table}").raw().toArray()[0][0] for table in LOGGED}
        counts = {what: storage.kv.get(what) or 0 for what in recovering.COUNTED}
        return json.dumps({"life": str(self.life), **rows, **counts})


class DeferredSocket(RecoverySocket):
    peer_binding: ClassVar[str | None] = "DEFERRED_ENGINE"
    options = {"connection_state_recovery": {"max_disconnection_s": 60, "write": "deferred"}}  # noqa: RUF012


class LedgerSocket(Socket):
    peer_binding: ClassVar[str | None] = "LEDGER_ENGINE"

    def configure(self, sio: Any) -> None:
        storage = raw(self.ctx.storage)
        self.journal = journal.Journal(storage.sql, str(self.life))
        ledger.register(sio, self.journal, storage.kv)

    async def read(self, after: int) -> str:
        return json.dumps(self.journal.read(after, 2_000))


class LinesSocket(LedgerSocket):
    peer_binding: ClassVar[str | None] = "LINES_ENGINE"
    options = {"connection_state_recovery": {"max_disconnection_s": 60}}  # noqa: RUF012


class TalkSocket(Socket):
    peer_binding: ClassVar[str | None] = "TALK_ENGINE"

    def configure(self, sio: Any) -> None:
        talk.register(sio)


class HostileSocket(Socket):
    peer_binding: ClassVar[str | None] = "HOSTILE_ENGINE"

    def configure(self, sio: Any) -> None:
        hostile.register(sio)
