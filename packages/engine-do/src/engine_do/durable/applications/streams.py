"""The streams of an engine actor: opened where calls come so often that RPC is dearer, closed when they are quiet.

`shared_wire.link.stream_bounds` decides both. An open stream keeps this object awake; the socket actor sleeps meanwhile.
"""

import logging
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import js
from pyodide.ffi import JsException, create_proxy, to_js

from shared_wire.durable import Stream, Timer, log_fault, now_ms, raw, start_eagerly
from shared_wire.errors import MalformedFrame
from shared_wire.link.stream_bounds import StreamBounds
from shared_wire.link.stream_messages import UNREADABLE
from shared_wire.log_lines import summarize
from shared_wire.names import STREAM_FORMAT, STREAM_HEADER, STREAM_SENDER, STREAM_URL

__all__ = ["OpenedStreams"]

_logger = logging.getLogger("engine_do")

#: The code with which a stream is closed that nobody needs any more.
_DONE: Final = 1000


class OpenedStreams:
    """The streams to socket actors: `shared_wire.durable.Streams`. In memory: a new life begins with RPC."""

    def __init__(
        self,
        ctx: Any,
        namespace: Any,
        *,
        name: str,
        counters: Counter[str],
        answer: Callable[[bytes], bytes],
        broken: Callable[[str], None],
        is_on: bool,
    ) -> None:
        """Initialise with the object's context, the peers' binding, who we are, where to count, and what answers calls.

        ``broken`` is called with the peer whose stream has ended although it was not closed here. Without ``is_on`` none is opened.
        """
        self._ctx = ctx
        self._namespace = raw(namespace)
        self._name = name
        self._counters = counters
        self._answer = answer
        self._broken = broken
        self._is_on = is_on
        self._streams: dict[str, _Opened] = {}
        self._bounds: dict[str, StreamBounds] = {}
        self._opening: set[str] = set()

    def find(self, peer: str, at_ms: int | None = None) -> Stream | None:
        """Return the stream over which the next call to ``peer`` is made; none: by RPC. ``at_ms``: the time, where it is known."""
        opened = self._streams.get(peer)
        if opened is None or opened.stream.is_over:
            self.note_rpc(peer)
            return None
        opened.bounds.note_message(now_ms() if at_ms is None else at_ms)
        return opened.stream

    def note_rpc(self, peer: str) -> None:
        """Note an RPC to or from ``peer``; where it is one too many, a stream is opened for those to come."""
        if not self._is_on:
            return
        bounds = self._bounds.get(peer)
        if bounds is None:
            bounds = self._bounds[peer] = StreamBounds()
        if bounds.must_open(now_ms()) and peer not in self._opening and peer not in self._streams:
            self._opening.add(peer)
            start_eagerly(self._ctx, self._open(peer, bounds))

    async def _open(self, peer: str, bounds: StreamBounds) -> None:
        try:
            ws = await self._ask(peer)
            if ws is None:
                self._counters["streams_refused"] += 1
                bounds.note_refused(now_ms())
                return
            bounds.note_opened(now_ms())
            self._counters["streams_opened"] += 1
            self._streams[peer] = _Opened(ws, bounds, self._answer, self._counters, partial(self._end, peer))
        finally:
            self._opening.discard(peer)

    async def _ask(self, peer: str) -> Any | None:
        """Ask a peer for a stream; returns its WebSocket, or none: it cannot be reached, or its release knows no streams.

        A class with a `fetch` of its own may accept any WebSocket; that of a stream is what the answer's header says.
        """
        pairs = [["upgrade", "websocket"], [STREAM_HEADER, STREAM_FORMAT], [STREAM_SENDER, self._name]]
        options = js.Object.fromEntries(to_js([["headers", js.Object.fromEntries(to_js(pairs))]]))
        try:
            answer = await self._namespace.getByName(peer).fetch(js.Request.new(STREAM_URL, options))
        except JsException as error:
            _logger.warning("= no stream to %s: %s", peer, summarize(error))
            return None
        ws = answer.webSocket
        if not hasattr(ws, "accept"):
            return None
        if answer.headers.get(STREAM_HEADER) != STREAM_FORMAT:
            _logger.warning("= no stream to %s: what it has accepted is a WebSocket of its own", peer)
            ws.accept()
            ws.close(_DONE, "")
            return None
        return ws

    def _end(self, peer: str, opened: "_Opened", how: str) -> None:
        """Note how a stream has ended; nothing, where that is known."""
        if self._streams.get(peer) is not opened:
            return
        del self._streams[peer]
        if how == "silent":
            _logger.warning("= the stream to %s does not answer", peer)
            opened.bounds.note_refused(now_ms())
        elif how == "unreadable":
            _logger.warning("= the stream to %s has messages of another release", peer)
            opened.bounds.note_refused(now_ms())
            self._broken(peer)
        elif how == "broken":
            _logger.warning("= the stream to %s broke", peer)
            self._broken(peer)


class _Opened:
    """A stream, its WebSocket, and the timer that closes it."""

    def __init__(
        self,
        ws: Any,
        bounds: StreamBounds,
        answer: Callable[[bytes], bytes],
        counters: Counter[str],
        end: "Callable[[_Opened, str], None]",
    ) -> None:
        self.bounds = bounds
        self.stream = Stream(ws.send, self._noting(answer), counters, self._give_up, is_awake=True)
        self._ws = ws
        self._end = end
        self._proxies = {"message": create_proxy(self._hear)}
        self._proxies |= {kind: create_proxy(self._lost) for kind in ("close", "error")}
        ws.binaryType = "arraybuffer"  # else bytes come as a `Blob`
        for kind, proxy in self._proxies.items():
            ws.addEventListener(kind, proxy)
        ws.accept()
        self._timer = Timer(bounds.left_ms(now_ms()) / 1000, self._ring)

    def _noting(self, answer: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
        """A call of the peer is a use of the stream, too."""

        def noted(frame: bytes) -> bytes:
            self.bounds.note_message(now_ms())
            return answer(frame)

        return noted

    def _hear(self, event: Any) -> None:
        try:
            self.stream.receive(bytes(event.data.to_bytes()))
        except MalformedFrame:
            self._close("unreadable", UNREADABLE)
        except Exception as error:
            log_fault("handling a message of a stream", error)
            self._give_up()

    def _ring(self) -> None:
        left_ms = self.bounds.left_ms(now_ms())
        if left_ms > 0 or self.stream.is_busy:
            self._timer = Timer(max(left_ms, 1) / 1000, self._ring)
        else:
            self._close("quiet")

    def _give_up(self) -> None:
        self._close("silent")

    def _lost(self, event: Any) -> None:
        """Handle the end of the WebSocket, which was not closed here."""
        code = getattr(event, "code", None)  # an error has none
        self._finish("unreadable" if code == UNREADABLE else "broken", code)

    def _finish(self, how: str, code: int | None) -> None:
        self._timer.cancel()
        self._destroy()
        self.stream.end(code)
        self._end(self, how)

    def _close(self, how: str, code: int = _DONE) -> None:
        """Close it. Nothing more is heard of it: whether the peer answers the close or not is all the same."""
        self._finish(how, code)
        try:
            self._ws.close(code, how)
        except JsException:
            return  # it has ended already

    def _destroy(self) -> None:
        for kind, proxy in self._proxies.items():
            self._ws.removeEventListener(kind, proxy)
            proxy.destroy()
        self._proxies = {}
