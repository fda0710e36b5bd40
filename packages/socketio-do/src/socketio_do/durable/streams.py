"""The streams that engine actors have opened to this object. Their WebSockets hibernate: they are still there after sleep."""

import secrets
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import js
from pyodide.ffi import JsException, to_js

from shared_wire.durable import Stream
from shared_wire.errors import MalformedFrame
from shared_wire.link.stream_messages import UNREADABLE
from shared_wire.names import STREAM_FORMAT, STREAM_HEADER, STREAM_SENDER, STREAM_URL

__all__ = ["AcceptedStreams"]

#: What the tag of a stream begins with; the engine actor's name follows. The attachment is the tag, a space, and what tells two
#: streams of one engine actor apart; a later release may add to it.
_TAG: Final = "socketio_do:stream:"


class AcceptedStreams:
    """The streams of a socket actor: `shared_wire.durable.Streams`. What it holds is a cache."""

    def __init__(self, ctx: Any, counters: Counter[str], answer: Callable[[bytes], bytes]) -> None:
        """Initialise with the object's context, where to count, and what answers a call."""
        self._ctx = ctx
        self._counters = counters
        self._answer = answer
        #: By attachment; and the latest one of each engine actor, none where there is none.
        self._streams: dict[str, Stream] = {}
        self._latest: dict[str, Stream | None] = {}

    def find(self, peer: str) -> Stream | None:
        """Return the stream over which ``peer`` is called; none: by RPC."""
        if peer not in self._latest:
            self._latest[peer] = self._look_up(peer)
        stream = self._latest[peer]
        return None if stream is None or stream.is_over else stream

    def accept(self, request: Any) -> Any:
        """Answer a request: with a stream, if it asks for one as an engine actor does, else with 404."""
        headers = request.headers
        is_ours = request.url == STREAM_URL and headers.get(STREAM_HEADER) == STREAM_FORMAT
        peer = headers.get(STREAM_SENDER)
        if not is_ours or headers.get("upgrade") != "websocket" or not isinstance(peer, str):
            return js.Response.new("", status=404)
        client, server = js.WebSocketPair.new().object_values()
        tag = _TAG + peer
        # Its opener has one at most. Of an opener that ended before it had its stream the runtime tells nobody.
        for stale in list(self._ctx.getWebSockets(tag)):
            self.end(stale)
        self._ctx.acceptWebSocket(server, to_js([tag]))
        server.serializeAttachment(f"{tag} {secrets.token_urlsafe(9)}")
        self._latest[peer] = self._stream(server)
        echoed = js.Object.fromEntries(
            to_js([[STREAM_HEADER, STREAM_FORMAT]])
        )  # a WebSocket of another kind has it not
        return js.Response.new(None, status=101, webSocket=client, headers=echoed)

    def receive(self, ws: Any, message: Any) -> None:
        """Handle a message; one of a WebSocket that is no stream is left alone."""
        key = ws.deserializeAttachment()
        stream = (self._streams.get(key) if isinstance(key, str) else None) or self._stream(ws)
        if stream is None:
            return
        try:
            stream.receive(b"" if isinstance(message, str) else bytes(message.to_bytes()))
        except MalformedFrame:
            self._close(ws, UNREADABLE)
            self.end(ws, UNREADABLE)

    def end(self, ws: Any, code: int | None = None) -> None:
        """Handle the end of a stream, closed with a code, and answer its close: plain workerd leaves that to us."""
        stream = self._stream(ws)
        if stream is None:
            return
        stream.end(code)
        key = ws.deserializeAttachment()
        del self._streams[key]
        peer = key.removeprefix(_TAG).partition(" ")[0]
        if self._latest.get(peer) is stream:
            self._latest[peer] = None
        self._close(ws, 1000)

    def _look_up(self, peer: str) -> Stream | None:
        """Find the stream that an earlier life has accepted, if it is still open."""
        found = list(self._ctx.getWebSockets(_TAG + peer))
        return next((self._stream(ws) for ws in reversed(found) if ws.readyState == ws.OPEN), None)

    def _stream(self, ws: Any) -> Stream | None:
        """Return the stream of a WebSocket; none if it is not one of ours."""
        key = ws.deserializeAttachment()
        if not isinstance(key, str) or not key.startswith(_TAG):
            return None
        stream = self._streams.get(key)
        if stream is None:
            stream = self._streams[key] = Stream(
                ws.send, self._answer, self._counters, lambda: self._close(ws, 1000), is_awake=False
            )
        return stream

    @staticmethod
    def _close(ws: Any, code: int) -> None:
        try:
            ws.close(code, "")
        except JsException:
            return
