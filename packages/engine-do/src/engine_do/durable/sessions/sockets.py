"""The hibernating sockets of one object: each with its session, or the probe it is, in its attachment, and its sid in its tag."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import js
from pyodide.ffi import JsException, to_js

from engine_do.durable.javascript import frame_to_js
from engine_do.protocol.ids import EngineSid
from engine_do.protocol.packets import NOOP, PING, PONG, Frame, encode_frame, encode_frame_v3
from engine_do.session.record_cache import RecordCache
from engine_do.session.session import FAULT_CLOSE, REVISION, Phase, Session, Unreadable, read_record, to_record

__all__ = ["Probe", "Sockets"]

_logger = logging.getLogger("engine_do")

#: Tags and attachment of a socket that came for a session that polls; it keeps the tag when it has become the session's own.
_PROBE: Final = "probe:"
_ADDRESS: Final = "from:"
#: Characters of an address in a tag; a tag holds 256.
_ADDRESS_LENGTH: Final = 200

#: Each frame of a client reads its session's record, which few frames change. Of all objects of this isolate.
_records: Final = RecordCache()
_short, _long = _records.short.get, _records.long.get


@dataclass(frozen=True, slots=True)
class Probe:
    """What a socket is that came for a session that polls."""

    engine_sid: EngineSid


@dataclass(frozen=True, slots=True)
class Ready:
    """Packets some of which are binary: made ready for most sockets, and as they are for those that read binary otherwise."""

    shared: tuple[Any, ...]
    packets: tuple[Frame, ...]


class Sockets:
    """What `ctx` knows of sockets. All it holds is a cache: after sleep they are all still there."""

    def __init__(self, ctx: Any, revision: int) -> None:
        """Initialise with the object's context, and the protocol's revision that is spoken here."""
        self._ctx = ctx
        self._revision = revision
        self._answers = False
        self._moment: Any = None
        self._found: dict[EngineSid, Any] = {}
        #: Return a session's socket, if this life has met it; such a session is not pending.
        self.known = self._found.get
        #: No more sockets than this; less those that have closed since it was counted.
        self._at_most: int | None = None

    def accept(self, session: Session, address: str) -> tuple[Any, Any]:
        """Make a socket pair and accept our end of it for a session; returns the client's end and ours."""
        record = to_record(session)
        _records.keep(record, session)
        client, server = self._accept(record, session.engine_sid, address)
        self._found[session.engine_sid] = server
        return client, server

    def accept_probe(self, engine_sid: EngineSid, address: str) -> Any:
        """Accept a socket that may become the session's; returns the client's end."""
        return self._accept(_PROBE + engine_sid, _PROBE + engine_sid, address)[0]

    def _accept(self, attachment: str, tag: str, address: str) -> tuple[Any, Any]:
        if not self._answers:
            # The runtime answers a pong of revision 4 with a noop, which clients ignore, and a ping of revision 3 with its pong.
            pair = (PONG, NOOP) if self._revision == REVISION else (PING, PONG)
            self._ctx.setWebSocketAutoResponse(js.WebSocketRequestResponsePair.new(*pair))
            self._answers = True
        if self._at_most is not None:
            self._at_most += 1
        client, server = js.WebSocketPair.new().object_values()
        self._ctx.acceptWebSocket(server, to_js([tag, _ADDRESS + address[:_ADDRESS_LENGTH]]))
        server.serializeAttachment(attachment)
        return client, server

    def find(self, engine_sid: EngineSid) -> Any | None:
        """Find a session's socket; none when it is gone, or the session polls."""
        if (ws := self.known(engine_sid)) is not None:
            return ws
        found = self._ctx.getWebSockets(engine_sid)
        ws = found[0] if found.length else self._find_switched(engine_sid)
        if ws is not None:
            self._found[engine_sid] = ws
        return ws

    def _find_switched(self, engine_sid: EngineSid) -> Any | None:
        ws = self.find_probe(engine_sid)
        return ws if ws is not None and isinstance(self.read(ws), Session) else None

    def find_probe(self, engine_sid: EngineSid) -> Any | None:
        """Find the latest socket that came for a session that polls."""
        found = self._ctx.getWebSockets(_PROBE + engine_sid)
        return next((ws for ws in reversed(list(found)) if ws.readyState == ws.OPEN), None) if found.length else None

    def read(self, ws: Any) -> Session | Probe | None:
        """Read what a socket is; none when it is not one of ours.

        Nor is one whose record cannot be read any more: it is closed, so that its client reconnects.
        """
        record = ws.deserializeAttachment()
        if not isinstance(record, str):
            return None
        known = _short(record) or _long(record)
        if known is not None or not record.startswith(_PROBE):
            return known or self._read(ws, record)
        return Probe(EngineSid(record.removeprefix(_PROBE).partition(" ")[0]))  # a later release may append to it

    def _read(self, ws: Any, record: str) -> Session | None:
        found = read_record(record)
        if isinstance(found, Unreadable):
            self._give_up(ws, found)
            return None
        if found is not None:
            _records.keep(record, found)
        return found

    def _give_up(self, ws: Any, found: Unreadable) -> None:
        if ws.readyState == ws.OPEN:
            _logger.error("= session %s closed: its record cannot be read", found.engine_sid)
            self.close(ws, FAULT_CLOSE)

    def write(self, ws: Any, session: Session) -> None:
        """Keep a socket's session; survives sleep, ends with the socket."""
        record = to_record(session)
        ws.serializeAttachment(record)
        if session.phase is Phase.CLOSED:
            self._found.pop(session.engine_sid, None)
        else:
            _records.keep(record, session)

    def forget(self, engine_sid: EngineSid) -> None:
        """Keep nothing of a session's socket in memory."""
        self._found.pop(engine_sid, None)

    def all(self) -> list[Any]:
        """List all sockets, whatever they are. Loads every one: for the alarm, never for a message."""
        return list(self._ctx.getWebSockets())

    def is_full(self, limit: int) -> bool:
        """Return whether there are so many sockets. Counting loads every one, so it is done only when there may be."""
        if self._at_most is None or self._at_most >= limit:
            self._at_most = int(self._ctx.getWebSockets().length)
        return self._at_most >= limit

    def count_from(self, address: str) -> int:
        """Count the sockets of one address."""
        return int(self._ctx.getWebSockets(_ADDRESS + address[:_ADDRESS_LENGTH]).length)

    def open_sessions(self) -> Iterator[tuple[Any, Session]]:
        """Go through all open sessions. Loads every socket: for the alarm, never for a message."""
        for ws in self._ctx.getWebSockets():
            session = self.read(ws)
            if isinstance(session, Session) and session.phase is Phase.OPEN:
                yield ws, session

    def answered_ms(self, ws: Any) -> int | None:
        """Return when the runtime last answered a heartbeat of this socket."""
        at = self._ctx.getWebSocketAutoResponseTimestamp(ws)
        return int(at.getTime()) if at else None

    def ready(self, packets: tuple[Frame, ...]) -> tuple[Frame, ...] | Ready:
        """Make packets ready to be sent to any number of sockets. Texts are: they are returned as they came."""
        for packet in packets:
            if isinstance(packet, bytes):
                return Ready(tuple(map(frame_to_js, packets)), packets)
        return packets

    def send(self, ws: Any, ready: tuple[Frame, ...] | Ready) -> None:
        """Send what `ready` made. A socket that is closing already takes none, and its session's end is under way."""
        frames = ready if isinstance(ready, tuple) else self._encode(ws, ready)
        try:
            for frame in frames:
                ws.send(frame)
        except JsException:
            return

    def _encode(self, ws: Any, ready: Ready) -> tuple[Any, ...]:
        """Write packets as the client of a socket reads binary."""
        session = self.read(ws)
        base64 = isinstance(session, Session) and session.base64
        if self._revision == REVISION and not base64:
            return ready.shared
        write = encode_frame if self._revision == REVISION else encode_frame_v3
        return tuple(frame_to_js(write(packet, base64)) for packet in ready.packets)

    def let_others_in(self) -> None:
        """Hold this object's events back for a moment, in which the runtime reads what other clients have sent.

        It delivers the frames of one socket until none is left before it reads another's. A timer is what makes it read, and an
        object that blocks on one gets nothing more in between.
        """
        if self._moment is None:
            self._moment = js.scheduler.wait.bind(js.scheduler, 0)
        # Past the SDK's wrapper, which takes Python functions: this one is JavaScript's own and costs a third less.
        getattr(self._ctx, "_ctx", self._ctx).blockConcurrencyWhile(self._moment)

    def close(self, ws: Any, code: int) -> None:
        """Close a socket, or answer its close; one that is gone already stays gone."""
        try:
            ws.close(code)
        except JsException:
            return
