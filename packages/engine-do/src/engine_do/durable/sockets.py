"""The hibernating sockets of one object, each with its session in its attachment and its sid as its tag."""

from collections.abc import Iterator
from typing import Any

import js
from pyodide.ffi import JsException, to_js

from engine_do.durable.interop import frame_to_js
from engine_do.ids import EngineSid
from engine_do.packets import NOOP, PONG
from engine_do.session import Phase, Session, from_record, to_record

__all__ = ["Sockets"]


class Sockets:
    """What `ctx` knows of sockets. Holds none itself: after sleep they are all still there."""

    def __init__(self, ctx: Any) -> None:
        """Take the object's context."""
        self._ctx = ctx
        self._absorbs_pongs = False

    def accept(self, session: Session) -> tuple[Any, Any]:
        """Make a socket pair and accept our end of it; returns the client's end and ours."""
        if not self._absorbs_pongs:
            # The runtime answers a pong with a noop, which clients ignore: pongs wake nobody.
            self._ctx.setWebSocketAutoResponse(js.WebSocketRequestResponsePair.new(PONG, NOOP))
            self._absorbs_pongs = True
        client, server = js.WebSocketPair.new().object_values()
        self._ctx.acceptWebSocket(server, to_js([session.engine_sid]))
        self.write(server, session)
        return client, server

    def find(self, engine_sid: EngineSid) -> Any | None:
        """Find a session's socket; none when it is gone."""
        found = self._ctx.getWebSockets(engine_sid)
        return found[0] if found.length else None

    def read(self, ws: Any) -> Session | None:
        """Read a socket's session; none when the socket is not one of ours."""
        record = ws.deserializeAttachment()
        return from_record(record) if isinstance(record, str) else None

    def write(self, ws: Any, session: Session) -> None:
        """Keep a socket's session; survives sleep, ends with the socket."""
        ws.serializeAttachment(to_record(session))

    def open_sessions(self) -> Iterator[tuple[Any, Session]]:
        """Go through all open sessions. Loads every socket: for the alarm, never for a message."""
        for ws in self._ctx.getWebSockets():
            session = self.read(ws)
            if session is not None and session.phase is Phase.OPEN:
                yield ws, session

    def pong_ms(self, ws: Any) -> int | None:
        """Tell when the runtime last absorbed a pong of this socket."""
        at = self._ctx.getWebSocketAutoResponseTimestamp(ws)
        return int(at.getTime()) if at else None

    def send(self, ws: Any, frames: list[Any]) -> None:
        """Send frames made by `frame_to_js`. A socket that is closing already takes none, and its session's end is under way."""
        try:
            for frame in frames:
                ws.send(frame)
        except JsException:
            return

    def send_one(self, ws: Any, frame: str | bytes) -> None:
        """Send one frame."""
        self.send(ws, [frame_to_js(frame)])

    def close(self, ws: Any, code: int) -> None:
        """Close a socket, or answer its close; one that is gone already stays gone."""
        try:
            ws.close(code)
        except JsException:
            return
